"""Cash: money that came in and waits for a person, with what is proposed for it and why; worked by keyboard."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors, moment
from service.endpoint import endpoint
from service.pages import dividing, frame
from service.pages.dividing import Division, Form
from tenants.cash import bands, deciding, deductions, queue
from tenants.cash.deciding import REASONS, BadSplit
from tenants.cash.queue import Line
from tenants.directory.access import VisibleClient

face = Blueprint("cash", __name__)
PAGE = 50
FOUND = 8
LINE = "/c/<client:client>/cash/<ref('cmt'):match_id>"


class Shown(Schema):
    """Which lines, and where the page starts."""

    state = fields.String(load_default="waiting", validate=validate.OneOf(("waiting", "parked", "done")))
    after = fields.String(load_default=None)


class Note(Schema):
    """Why."""

    note = fields.String(load_default="", validate=validate.Length(max=500))


@endpoint(face, "/c/<client:client>/cash", needs="ledger.read", query=Shown)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """What waits, what was put by, or what was booked."""
    stamp, state = frame.stamp(), query["state"]
    lines = _lines(state, cursors.read(f"cash-{state}", query["after"]))
    last = lines[PAGE - 1] if len(lines) > PAGE else None
    at = (last.decided_at if state == "done" else last.booked_on) if last else None
    measured = sorted(bands.measured(now=stamp.now).values(), key=lambda each: -(each.right + each.wrong))
    return frame.show(
        "cash.html",
        section="cash",
        stamp=stamp,
        state=state,
        lines=lines[:PAGE],
        counts=queue.counts(),
        on_account=queue.on_account(),
        alone=bands.overall(measured),
        measured=measured,
        kept=deductions.still_open(limit=FOUND),
        reasons=REASONS,
        further_after=cursors.write(f"cash-{state}", [at.isoformat(), str(last.id)] if last and at else None),
    )


@endpoint(face, LINE, needs="ledger.read")
def line_page(client: VisibleClient, match_id: UUID) -> str:
    """One line with its proposal, and the open invoices of the customer; a piece of the list, or a page."""
    line = queue.one(match_id)
    return _line_page(line, dividing.proposed(line))


@endpoint(face, f"{LINE}/accept", needs="ledger.write", method="POST")
def accept(client: VisibleClient, match_id: UUID) -> Response | str:
    """Do what is proposed."""
    here = moment.here()
    deciding.accept(match_id, now=here.now, wall=here.wall)
    return _moved(client, "Booked.", url_for("cash.undo", client=client.slug, match_id=match_id))


@endpoint(face, f"{LINE}/shares", needs="ledger.write", method="POST", writes=False, accepts=Division)
def shares(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> str:
    """The form again as it was typed, with a customer more or less, or others to choose from; nothing is kept."""
    line = queue.one(match_id)
    return _line_page(line, dividing.typed(line, body))


@endpoint(face, f"{LINE}/sums", needs="ledger.write", method="POST", writes=False, accepts=Division)
def sums(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> str:
    """What the typed amounts come to, for each customer and over; nothing is kept."""
    form = dividing.typed(queue.one(match_id), body | {"find": ""})
    return frame.fragment("parts/cash_sums.html", form=form, line=form.line)


@endpoint(face, f"{LINE}/split", needs="ledger.write", method="POST", accepts=Division)
def split(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response:
    """Say otherwise: customers and amounts of the form; what is left over stays on account. A fault brings it back."""
    line, here = queue.one(match_id), moment.here()
    form = dividing.typed(line, body | {"find": ""})
    if not form.slots:
        return make_response(_line_page(line, form), 422)
    try:
        deciding.split(match_id, shares=form.shares(), now=here.now, wall=here.wall)
    except BadSplit:
        return make_response(_line_page(line, form), 422)
    return frame.after_change(url_for("cash.list_page", client=client.slug, state="done"))


@endpoint(face, f"{LINE}/park", needs="ledger.write", method="POST", accepts=Note)
def park(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response | str:
    """Put a line by."""
    deciding.park(match_id, now=moment.here().now, note=body["note"])
    return _moved(client, "Set aside.", url_for("cash.take_up", client=client.slug, match_id=match_id))


@endpoint(face, f"{LINE}/take-up", needs="ledger.write", method="POST")
def take_up(client: VisibleClient, match_id: UUID) -> Response:
    """Take a line that was put by back into the queue."""
    deciding.take_up(match_id, now=moment.here().now)
    return _again(client)


@endpoint(face, f"{LINE}/undo", needs="ledger.write", method="POST", accepts=Note)
def undo(client: VisibleClient, match_id: UUID, body: dict[str, Any]) -> Response:
    """Take back what was booked for a line."""
    here = moment.here()
    deciding.undo(match_id, now=here.now, today=here.today, reason=body["note"])
    return _again(client)


def _lines(state: str, place: list[Any] | None) -> list[Line]:
    if state == "done":
        before = (datetime.fromisoformat(place[0]), UUID(place[1])) if place else (moment.here().now, frame.LAST_ID)
        return list(queue.done(before=before, limit=PAGE + 1))
    after = (date.fromisoformat(place[0]), UUID(place[1])) if place else (date.min, UUID(int=0))
    return list(queue.waiting(state, after=after, limit=PAGE + 1))


def _line_page(line: Line, form: Form) -> str:
    context = {"line": line, "form": form, "beside": queue.beside(line), "reasons": REASONS}
    if frame.wants_fragment():
        return frame.fragment("parts/cash_line.html", **context)
    return frame.show("cash_line.html", section="cash", stamp=frame.stamp(), **context)


def _moved(client: VisibleClient, said: str, back: str) -> Response | str:
    if frame.wants_fragment():
        return frame.fragment("parts/cash_moved.html", said=said, back=back)
    return frame.after_change(url_for("cash.list_page", client=client.slug))


def _again(client: VisibleClient) -> Response:
    if frame.wants_fragment():
        return Response(status=204, headers={"HX-Refresh": "true"})
    return frame.after_change(url_for("cash.list_page", client=client.slug))
