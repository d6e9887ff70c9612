"""Reminder ladders of one client: the steps in order, each with its sentence and what it would do now, tried and
published as one."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame, rules_tabs
from tenants.directory.access import VisibleClient
from tenants.rules import actions, ladders, portable, rule_book, senders
from tenants.rules.faults import RuleRefused, RuleUnknown
from tenants.rules.ladders import Ladder

face = Blueprint("ladders", __name__)
PAGE = "/c/<client:client>/ladders"
ROWS = 8
EMPTY = {"day": "", "template": "", "task": "", "by": senders.SPECIALIST}
KEY = validate.Regexp(r"^[a-z0-9][a-z0-9-]{1,38}$", error="Use small letters, digits and dashes.")


class Named(Schema):
    """Which ladder."""

    key = fields.String(load_default="standard", validate=KEY)


class Steps(Schema):
    """The form: a day, a message or a task in each row; rows without a day are left out."""

    key = fields.String(required=True, validate=KEY)
    at = fields.String(required=True, validate=validate.Length(max=5))
    groups = fields.String(load_default="", validate=validate.Length(max=400))
    except_groups = fields.String(load_default="", validate=validate.Length(max=400))
    languages = fields.String(load_default="", validate=validate.Length(max=60))
    day = fields.List(fields.String(validate=validate.Length(max=5)), required=True)
    template = fields.List(fields.String(validate=validate.Length(max=80)), required=True)
    task = fields.List(fields.String(validate=validate.Length(max=120)), required=True)
    by = fields.List(fields.String(validate=validate.Length(max=40)), load_default=list)


@endpoint(face, PAGE, needs="rules.read", query=Named)
def ladder_page(client: VisibleClient, query: dict[str, str]) -> str:
    """A ladder with its steps; without one, the ladder that we begin with."""
    try:
        row = ladders.find(query["key"])
    except RuleUnknown:
        row = None
    document = row["document"] if row else ladders.STANDARD | {"key": query["key"]}
    return _page(client, ladders.read(document), row=row)


@endpoint(face, PAGE, needs="rules.propose", method="POST", accepts=Steps)
def keep(client: VisibleClient, body: dict[str, Any]) -> Response | str:
    """Keep the ladder as a draft; with a fault the form comes back as it was."""
    document = _document(body)
    try:
        ladders.keep(document, now=moment.here().now)
    except RuleRefused as refused:
        return _page(client, None, row=None, document=document, faults=refused.faults)
    return frame.after_change(url_for("ladders.ladder_page", client=client.slug, key=body["key"]))


@endpoint(face, f"{PAGE}/try", needs="rules.propose", method="POST", accepts=Named)
def try_out(client: VisibleClient, body: dict[str, str]) -> Response:
    """Look at what each step would do now."""
    here = moment.here()
    ladders.try_out(body["key"], now=here.now, real=here.wall)
    return frame.after_change(url_for("ladders.ladder_page", client=client.slug, key=body["key"]))


@endpoint(face, f"{PAGE}/publish", needs="rules.publish", method="POST", accepts=Named)
def publish(client: VisibleClient, body: dict[str, str]) -> Response:
    """Publish every step."""
    here = moment.here()
    ladders.publish(body["key"], now=here.now, real=here.wall)
    return frame.after_change(url_for("ladders.ladder_page", client=client.slug, key=body["key"]))


def _page(
    client: VisibleClient, ladder: Ladder | None, *, row: Any, document: dict[str, Any] | None = None, faults: Any = ()
) -> str:
    shown = document or (ladder.document() if ladder else {})
    states = {each["key"]: each["state"] for each in rule_book.all_kept()}
    names = [rule["key"] for rule in ladder.rules()] if ladder else []
    said = ladders.sentences(ladder) if ladder else []
    steps = [EMPTY | each | {"by": each.get("as") or each.get("to") or senders.SPECIALIST} for each in shown["steps"]]
    return frame.show(
        "ladder.html",
        section="rules",
        stamp=frame.stamp(),
        tabs=rules_tabs.of(client),
        tab="ladders",
        document=shown,
        steps=steps + [EMPTY] * max(0, ROWS - len(steps)),
        senders=senders.SENDERS,
        said=[(name, states.get(name, ""), text) for name, text in zip(names, said, strict=True)],
        row=row,
        every=ladders.everything(),
        templates=actions.TEMPLATES,
        known_groups=portable.groups(),
        faults=faults,
    )


def _document(body: dict[str, Any]) -> dict[str, Any]:
    by = [*body["by"], *[senders.SPECIALIST] * len(body["day"])]
    rows = zip(body["day"], body["template"], body["task"], by, strict=False)
    return {
        "format": ladders.FORMAT,
        "key": body["key"],
        "at": body["at"],
        **{name: [each.strip() for each in body[name].split(",") if each.strip()] for name in ladders.WHOSE},
        "steps": [_step(*each) for each in rows if each[0].strip()],
    }


def _step(day: str, template: str, task: str, by: str) -> dict[str, Any]:
    number = int(day) if day.strip().lstrip("-").isdigit() else day
    if task.strip():
        return {"day": number, "task": task, "to": by}
    return {"day": number, "template": template, "as": by}
