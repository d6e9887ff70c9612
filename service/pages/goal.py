"""The client's goal of e-invoices: where it stands, whether the pace is enough, and who would close the gap."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.fields import Day
from service.pages import delivery_tabs, frame
from tenants.collections import adoption
from tenants.delivery.einvoices import goal
from tenants.directory.access import VisibleClient

face = Blueprint("goal", __name__)
PAGE = "/c/<client:client>/delivery/e-invoices"


class NewGoal(Schema):
    """What share of what, in percent, and by when."""

    metric = fields.String(required=True, validate=validate.OneOf(goal.METRICS))
    target = fields.Integer(required=True, validate=validate.Range(1, 100))
    due_on = Day(required=True)


class Nothing(Schema):
    """A button without a field."""


@endpoint(face, PAGE, needs="insight.read")
def goal_page(client: VisibleClient) -> str:
    """How far the client is on its way."""
    today = moment.here().today
    return delivery_tabs.show(
        "einvoice_goal.html",
        client,
        tab="goal",
        progress=goal.progress(today=today),
        standing={metric: goal.standing(metric, today=today) for metric in goal.METRICS},
    )


@endpoint(face, PAGE, needs="settings.write", method="POST", accepts=NewGoal)
def set_goal(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Set the goal."""
    here = moment.here()
    goal.set_goal(body["metric"], target=body["target"] * 10, due_on=body["due_on"], today=here.today, now=here.now)
    return frame.after_change(url_for("goal.goal_page", client=client.slug))


@endpoint(face, f"{PAGE}/tasks", needs="collections.write", method="POST", accepts=Nothing)
def ask(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Raise a task for each customer that would close the gap."""
    here = moment.here()
    adoption.ask(today=here.today, now=here.now)
    return frame.after_change(url_for("goal.goal_page", client=client.slug))
