"""When payment is expected: of one invoice with its reasons, and of all by week."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.insight import forecast
from tenants.ledger import invoices
from tenants.values.money import Money

face = Blueprint("api_forecast", __name__, url_prefix="/api/v1")


class Week(Schema):
    """The cash that one week is expected to bring in one currency."""

    first_on = Day(required=True)
    expected = MoneyField("minor", required=True)
    low = MoneyField("low_minor", required=True)
    high = MoneyField("high_minor", required=True)
    count = fields.Integer(required=True)


class Error(Schema):
    """How far off the first forecasts of the invoices were that were paid in the last 90 days."""

    count = fields.Integer(required=True)
    mean_days = fields.Float(required=True, allow_none=True)
    within_5_days = fields.Integer(required=True)
    within_range = fields.Integer(required=True)


class Weeks(Schema):
    """Expected cash by week and currency; four weeks in five it lies within the range."""

    items = fields.List(fields.Nested(Week), required=True)
    error = fields.Nested(Error, required=True)


class AskedRows(paging.PageQuery):
    """Which week, in which currency."""

    week = Day(required=True, metadata={"description": "The Monday of the week"})
    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))


class ExpectedRow(Schema):
    """What one invoice adds to a week."""

    invoice_id = Ref("inv", required=True)
    number = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    due_on = Day(required=True)
    expected_on = Day(required=True)
    open = MoneyField(required=True)
    amount = MoneyField(required=True)


class ExpectedRows(paging.page_of(ExpectedRow)):  # type: ignore[misc]
    """Some invoices, and what all of them add up to."""

    total = MoneyField(required=True)
    count = fields.Integer(required=True)


class Expectation(Schema):
    """When one invoice is expected to be paid, and from what that follows; null while nobody has looked."""

    invoice_id = Ref("inv", required=True)
    made_on = Day(required=True, allow_none=True)
    expected_on = Day(required=True, allow_none=True)
    earliest_on = Day(required=True, allow_none=True)
    latest_on = Day(required=True, allow_none=True)
    basis = fields.String(
        required=True,
        metadata={
            "description": "customer, group, all, promise, dispute (counts as nothing); due while little is known"
        },
    )
    seen = fields.Integer(required=True, metadata={"description": "Payments of this customer that it rests on"})
    own_days = fields.Float(required=True, allow_none=True)
    group_days = fields.Float(required=True, allow_none=True)
    all_days = fields.Float(required=True, allow_none=True)


@endpoint(face, "/tenants/<client:client>/forecast", needs="insight.read", returns=Weeks)
def show_forecast(client: VisibleClient) -> dict[str, Any]:
    """The cash that the coming weeks are expected to bring, and how far off earlier forecasts were."""
    known = forecast.error(moment.here().today)
    error = {
        "count": known.count,
        "mean_days": known.days,
        "within_5_days": known.within_5,
        "within_range": known.in_range,
    }
    return {"items": forecast.weeks(), "error": error}


@endpoint(
    face,
    "/tenants/<client:client>/forecast/invoices",
    needs="insight.read",
    query=AskedRows,
    returns=ExpectedRows,
)
def list_expected(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """The invoices that a week's cash is made of."""
    currency = query["currency"]
    page = forecast.behind(
        query["week"],
        currency=currency,
        after=paging.start("forecast", query, date.fromisoformat, UUID),
        limit=query["limit"],
    )
    rows = [
        {
            "invoice_id": row.invoice_id,
            "number": row.number,
            "debtor_id": row.debtor_id,
            "debtor_name": row.debtor_name,
            "due_on": row.due_on,
            "expected_on": row.expected_on,
            "open": Money(row.open_minor, currency),
            "amount": Money(row.minor, currency),
        }
        for row in page.rows
    ]
    total = {"total": Money(page.minor, currency), "count": page.count}
    return paging.answer("forecast", query, rows, page.next) | total


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/forecast",
    needs="insight.read",
    returns=Expectation,
)
def show_expectation(client: VisibleClient, invoice_id: UUID) -> Any:
    """When one invoice is expected to be paid."""
    invoices.card(invoice_id)
    nothing = dict.fromkeys(
        ("made_on", "expected_on", "earliest_on", "latest_on", "own_days", "group_days", "all_days")
    )
    return forecast.of_invoice(invoice_id) or nothing | {"invoice_id": invoice_id, "basis": "", "seen": 0}
