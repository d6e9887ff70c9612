"""How well each person collects on the days on which customers were theirs."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from service.api.figures import Asked, spanned
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.insight import collectors
from tenants.insight.collectors import Collector, Stretch
from tenants.insight.narrowing import Narrow

face = Blueprint("api_collectors", __name__, url_prefix="/api/v1")


class StretchShown(Schema):
    """One customer's days that were one person's."""

    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    first_on = Day(required=True)
    last_on = Day(required=True)
    opening = MoneyField("opening_minor", required=True)
    sales = MoneyField("sales_minor", required=True)
    closing = MoneyField("closing_minor", required=True)
    not_due = MoneyField("not_due_minor", required=True)


class CollectorShown(Schema):
    """One person in one currency: CEI with its parts, what they hold on the last day, and the rows behind it."""

    owner_id = Ref("per", required=True, allow_none=True)
    name = fields.String(required=True)
    currency = fields.String(required=True)
    opening = MoneyField("opening_minor", required=True)
    sales = MoneyField("sales_minor", required=True)
    closing = MoneyField("closing_minor", required=True)
    not_due = MoneyField("not_due_minor", required=True)
    effectiveness = fields.Float(required=True, allow_none=True)
    reason = fields.String(required=True, metadata={"description": "Why there is no effectiveness"})
    customers = fields.Integer(required=True, metadata={"description": "With something open on the last day"})
    held = MoneyField("held_minor", required=True)
    percent_current = fields.Float(required=True, allow_none=True)
    percent_old = fields.Float(required=True, allow_none=True, metadata={"description": "More than 90 days late"})
    stretches = fields.List(fields.Nested(StretchShown), required=True)


class Collectors(Schema):
    """Everybody who looked after a customer in the period."""

    as_of = Day(required=True)
    first_on = Day(required=True)
    known_at = Instant(required=True, allow_none=True)
    items = fields.List(fields.Nested(CollectorShown), required=True)


@endpoint(face, "/tenants/<client:client>/collectors", needs="team.read", query=Asked, returns=Collectors)
def list_collectors(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """The effectiveness of each person over their own days; a customer who was given on counts for both."""
    period = spanned(query)
    found = collectors.of(period, narrow=Narrow(query["group"], query["country"]))
    if query["owner_id"] is not None:
        found = [each for each in found if each.owner_id == query["owner_id"]]
    told = {"as_of": period.day, "first_on": period.first_on, "known_at": period.known_at}
    return told | {"items": [_shown(each) for each in found]}


def _shown(each: Collector) -> dict[str, Any]:
    named = ("owner_id", "name", "currency", "opening_minor", "sales_minor", "closing_minor", "not_due_minor")
    shares = {
        "effectiveness": each.effectiveness,
        "percent_current": each.percent_current,
        "percent_old": each.percent_old,
    }
    return (
        {name: getattr(each, name) for name in (*named, "customers", "held_minor")}
        | {name: None if share.value is None else float(share.value) for name, share in shares.items()}
        | {"reason": each.effectiveness.reason, "stretches": [_row(row) for row in collectors.stretches(each)]}
    )


def _row(row: Stretch) -> dict[str, Any]:
    names = ("debtor_id", "debtor_name", "first_on", "last_on", "currency")
    amounts = ("opening_minor", "sales_minor", "closing_minor", "not_due_minor")
    return {name: getattr(row, name) for name in (*names, *amounts)}
