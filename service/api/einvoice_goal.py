"""The client's goal of e-invoices: what share, by when, at what pace, and whom to ask for it."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment, problems
from service.endpoint import endpoint
from service.fields import Actor, Day, Ref
from tenants.collections import adoption
from tenants.delivery.einvoices import goal
from tenants.directory.access import VisibleClient

face = Blueprint("api_einvoice_goal", __name__, url_prefix="/api/v1")
GOAL = "/tenants/<client:client>/e-invoice-goal"


class NewGoal(Schema):
    """A share in thousandths of the invoices, or customers, of ninety days, and by when."""

    metric = fields.String(required=True, validate=validate.OneOf(goal.METRICS))
    target = fields.Integer(required=True, validate=validate.Range(1, 1000))
    due_on = Day(required=True)


class Week(Schema):
    """The share at the end of a week."""

    day_on = Day(required=True)
    share = fields.Integer(required=True)


class Candidate(Schema):
    """A customer that would help to close the gap."""

    debtor_id = Ref("deb", required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    country = fields.String(required=True)
    invoices = fields.Integer(required=True)
    adds = fields.Integer(required=True)


class Progress(Schema):
    """How the goal stands; shares and paces (a week) in thousandths."""

    metric = fields.String(required=True)
    baseline = fields.Integer(required=True)
    target = fields.Integer(required=True)
    begun_on = Day(required=True)
    due_on = Day(required=True)
    share = fields.Integer(required=True)
    structured = fields.Integer(required=True)
    of = fields.Integer(required=True)
    pace = fields.Float(required=True)
    needed = fields.Float(required=True)
    expected_on = Day(required=True, allow_none=True)
    reached = fields.Boolean(required=True)
    on_track = fields.Boolean(required=True)
    weekly = fields.List(fields.Nested(Week), required=True)
    candidates = fields.List(fields.Nested(Candidate), required=True)
    set_by = Actor(required=True)


class Nothing(Schema):
    """No body is needed."""


class Gone(Schema):
    """Whether there was a goal."""

    dropped = fields.Boolean(required=True)


class Asked(Schema):
    """How many tasks are new."""

    tasks = fields.Integer(required=True)


@endpoint(face, GOAL, needs="insight.read", returns=Progress)
def show_einvoice_goal(client: VisibleClient) -> dict[str, Any]:
    """How far the client is on its way."""
    return _shown()


@endpoint(face, GOAL, needs="settings.write", method="PUT", accepts=NewGoal, returns=Progress)
def set_einvoice_goal(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Set the goal; where the share is today is where it starts."""
    here = moment.here()
    goal.set_goal(body["metric"], target=body["target"], due_on=body["due_on"], today=here.today, now=here.now)
    return _shown()


@endpoint(face, GOAL, needs="settings.write", method="DELETE", returns=Gone)
def drop_einvoice_goal(client: VisibleClient) -> dict[str, bool]:
    """There is no goal any more."""
    if not goal.drop(now=moment.here().now):
        raise problems.NotFound("There is no goal.")
    return {"dropped": True}


@endpoint(
    face,
    f"{GOAL}/tasks",
    needs="collections.write",
    method="POST",
    accepts=Nothing,
    returns=Asked,
    status=201,
    once=True,
)
def ask_for_einvoices(client: VisibleClient, body: dict[str, Any]) -> dict[str, int]:
    """Raise a task for each customer that would close the gap: ask where its accounts payable take e-invoices."""
    here = moment.here()
    return {"tasks": len(adoption.ask(today=here.today, now=here.now))}


def _shown() -> dict[str, Any]:
    found = goal.progress(today=moment.here().today)
    if found is None:
        raise problems.NotFound("There is no goal.", remedy="Set one with a PUT here.")
    named = {name: getattr(found, name) for name in found.__slots__ if name not in ("now", "weekly")}
    return {
        **named,
        "share": found.now.share,
        "structured": found.now.structured,
        "of": found.now.of,
        "reached": found.reached,
        "on_track": found.on_track,
        "weekly": [{"day_on": day, "share": share} for day, share in found.weekly],
    }
