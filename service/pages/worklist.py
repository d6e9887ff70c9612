"""My day: what to do next over all assigned clients, with the reason of each row; done, asleep and undone from here."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.auth import single_sign_on
from service.endpoint import SIGNED_IN, endpoint, tools
from service.pages import frame
from tenants.collections import correspondence, holds, tasks, worklist
from tenants.collections.worklist import Section
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.ledger import contacts
from tenants.values.calendars import BusinessCalendar

face = Blueprint("worklist", __name__)
TITLES = {
    Section.ANSWER: "Answer now",
    Section.TODAY: "Today",
    Section.WAITING: "Waiting",
    Section.DONE: "Done in the last day",
}
PAGE = 50
SLEEPS = {"1": "until tomorrow", "3": "for 3 business days", "7": "for a week"}


class Shown(Schema):
    """Which section is open, where its page starts, and what was just done."""

    section = fields.Enum(Section, by_value=True, load_default=None)
    after = fields.String(load_default="")
    mine = fields.Boolean(load_default=False)


class Snooze(Schema):
    """Until when a task sleeps: a number of business days, or a day."""

    days = fields.Integer(load_default=1, validate=validate.Range(1, 90))
    until = fields.Date(load_default=None)


class Done(Schema):
    """How a task ended, in the words of whoever did it."""

    outcome = fields.String(load_default="", validate=validate.Length(max=500))


@endpoint(face, "/", needs=SIGNED_IN)
def home() -> Response:
    """The first page of whoever signs in: the list for specialists, the dashboard for a client's people."""
    caller = frame.signed_in()
    if caller.clients_with("portfolio.read"):
        return frame.after_change(url_for("worklist.my_day"))
    readable = caller.clients_with("insight.read")
    if readable:
        return frame.after_change(url_for("dashboard.dashboard_page", client=readable[0].slug))
    return frame.after_change(url_for("worklist.no_clients"))


@endpoint(face, "/no-clients", needs=SIGNED_IN)
def no_clients() -> str:
    """For people to whom no client is assigned, or whose company insists on its own sign-in."""
    return frame.show("no_clients.html", section="", companies=single_sign_on.insisting(frame.signed_in().email))


@endpoint(face, "/my-day", needs="portfolio.read", portfolio=True, query=Shown)
def my_day(query: dict[str, Any]) -> str:
    """The list: what waits for an answer and what is for today, or one section alone."""
    now, caller = tools().clock.now(), frame.signed_in()
    chosen = [query["section"]] if query["section"] else [Section.ANSWER, Section.TODAY]
    mine = caller.person_id if query["mine"] else None
    place = cursors.read("my-day", query["after"])
    after = (int(place[0]), UUID(place[1])) if place else None
    parts = []
    for section in chosen:
        page = worklist.page(section, now=now, assignee_id=mine, after=after, limit=PAGE)
        further = cursors.write("my-day", [page.after[0], str(page.after[1])] if page.after else None)
        parts.append({"key": section.value, "title": TITLES[section], "rows": page.rows, "after": further})
    return frame.show(
        "worklist.html",
        section="my_day",
        parts=parts,
        counts={key.value: count for key, count in worklist.counts().items()},
        chosen=query["section"].value if query["section"] else "",
        mine=query["mine"],
        zones={each.tenant_id: each.time_zone for each in caller.clients},
        now=now,
    )


@endpoint(face, "/c/<client:client>/tasks/<ref('tsk'):task_id>", needs="collections.read")
def task_page(client: VisibleClient, task_id: UUID) -> str:
    """One task with what is needed to do it; as a piece of the list when htmx asks."""
    row = worklist.one(task_id, now=tools().clock.now())
    today = clients.clock().today(tools().clock.now())
    held = holds.live(today=today, debtor_id=row.debtor_id) if row.debtor_id else []
    reach = []
    if row.debtor_id and frame.signed_in().may("contacts.read", client):
        reach = [each for each in contacts.of_debtor(row.debtor_id) if each.active]
    context = {"row": row, "held": held, "contacts": reach, "sleeps": SLEEPS, "today": today}
    context["mails"] = correspondence.mails(task_id)
    if frame.wants_fragment():
        return frame.fragment("parts/task.html", **context)
    return frame.show("task.html", section="my_day", **context)


@endpoint(
    face, "/c/<client:client>/tasks/<ref('tsk'):task_id>/done", needs="collections.write", method="POST", accepts=Done
)
def task_done(client: VisibleClient, task_id: UUID, body: dict[str, Any]) -> Response | str:
    """Done: it leaves the list, and can be taken back for ten minutes."""
    tasks.complete(task_id, now=_now(), outcome=body["outcome"])
    return _moved(client, task_id, "Done.")


@endpoint(
    face,
    "/c/<client:client>/tasks/<ref('tsk'):task_id>/snooze",
    needs="collections.write",
    method="POST",
    accepts=Snooze,
)
def task_snooze(client: VisibleClient, task_id: UUID, body: dict[str, Any]) -> Response | str:
    """Asleep until a later business day of the client."""
    profile = clients.profile()
    today = profile.clock.today(tools().clock.now())
    calendar = BusinessCalendar.for_country(profile.country)
    until: date = body["until"] or calendar.on_or_after(today + timedelta(days=7))
    if body["until"] is None and body["days"] != 7:
        until = calendar.add(today, body["days"])
    tasks.snooze(task_id, until=until, now=_now(), today=today)
    return _moved(client, task_id, f"Asleep until {until.day} {until:%b %Y}.")


@endpoint(face, "/c/<client:client>/tasks/<ref('tsk'):task_id>/undo", needs="collections.write", method="POST")
def task_undo(client: VisibleClient, task_id: UUID) -> Response:
    """Take back what was just done."""
    tasks.undo(task_id, now=_now())
    response = frame.after_change(url_for("worklist.my_day"))
    if frame.wants_fragment():
        response = Response(status=204, headers={"HX-Refresh": "true"})
    return response


def _now() -> datetime:
    """The client's own time, which its records carry."""
    return clients.clock().now(tools().clock.now())


def _moved(client: VisibleClient, task_id: UUID, said: str) -> Response | str:
    if frame.wants_fragment():
        return frame.fragment("parts/moved.html", said=said, task_id=task_id)
    return frame.after_change(url_for("worklist.my_day"))
