"""Figures: aging with the rows behind each number, the funnel of receipts, and what was done."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, request
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.insight import activity, aging, customers, items, receipts, reporting
from tenants.insight.aging import Aging, Bucket, CurrencyAging
from tenants.insight.figures import Figure
from tenants.insight.narrowing import Narrow
from tenants.values import ids
from tenants.values.money import Money

face = Blueprint("api_insight", __name__, url_prefix="/api/v1")
CURRENCY = validate.Regexp(r"\A[A-Z]{3}\Z")
MONTH = timedelta(days=30)


class AsOf(Schema):
    """The day of a figure, and what it is counted from."""

    as_of = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    known_at = Instant(load_default=None, metadata={"description": "Count only what was known at this instant"})
    basis = fields.String(load_default=aging.DUE, validate=validate.OneOf(list(aging.COUNTED_FROM)))
    group = fields.String(load_default="", validate=validate.Length(max=80))
    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2}|-)?\Z"))
    owner_id = Ref("per", load_default=None, metadata={"description": "Only customers whom this person owns"})


class BucketShown(Schema):
    """What is open in one bucket, and where its rows are."""

    key = fields.String(required=True)
    open = MoneyField(required=True)
    count = fields.Integer(required=True)
    rows = fields.String(required=True, metadata={"description": "The address of the rows behind this number"})


class Ratio(Schema):
    """A share with both of its parts; a share of nothing has no value and says why."""

    percent = fields.Float(required=True, allow_none=True)
    numerator = fields.Integer(required=True)
    denominator = fields.Integer(required=True)
    reason = fields.String(required=True)


class CurrencyShown(Schema):
    """The aging in one currency."""

    currency = fields.String(required=True)
    buckets = fields.List(fields.Nested(BucketShown), required=True)
    overdue = fields.Nested(BucketShown, required=True)
    all = fields.Nested(BucketShown, required=True)
    unapplied = MoneyField(required=True)
    outstanding = MoneyField(required=True)
    percent_current = fields.Nested(Ratio, required=True)


class AgingShown(Schema):
    """What is open, by how late it is."""

    as_of = Day(required=True)
    known_at = Instant(required=True, allow_none=True)
    basis = fields.String(required=True)
    currencies = fields.List(fields.Nested(CurrencyShown), required=True)


class AgingItems(paging.PageQuery, AsOf):
    """Which rows behind which figure."""

    bucket = fields.String(required=True, validate=validate.Length(1, 20))
    currency = fields.String(required=True, validate=CURRENCY)
    debtor_id = Ref("deb", load_default=None)


class AgingItem(Schema):
    """One invoice that was open on the day."""

    id = Ref("inv", required=True)
    number = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    amount = MoneyField("amount_minor", required=True)
    open = MoneyField("open_minor", required=True)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    days_late = fields.Integer(attribute="late", required=True)


class AgingItemsPage(paging.page_of(AgingItem)):  # type: ignore[misc]
    """Some rows, and the figure that all of them add up to."""

    total = MoneyField(required=True)
    count = fields.Integer(required=True)


class Owing(paging.PageQuery):
    """Customers with something open in a currency."""

    currency = fields.String(required=True, validate=CURRENCY)


class Owed(Schema):
    """What one debtor owes today in one currency."""

    debtor_id = Ref("deb", required=True)
    number = fields.String(required=True)
    name = fields.String(required=True)
    open = MoneyField("open_minor", required=True)
    overdue = MoneyField("overdue_minor", required=True)
    count = fields.Integer(required=True)
    oldest_due_on = Day(required=True)


class Period(Schema):
    """From which day to which, both included."""

    first_on = Day(load_default=None)
    last_on = Day(load_default=None)

    @validates_schema
    def _in_order(self, data: dict[str, Any], **_: Any) -> None:
        if data["first_on"] and data["last_on"] and data["last_on"] < data["first_on"]:
            raise ValidationError("The period ends before it begins.", "last_on")


class Step(Schema):
    """How many invoices passed one step."""

    key = fields.String(required=True)
    count = fields.Integer(required=True)
    share_of = fields.String(attribute="of", required=True)
    share = fields.Nested(Ratio, required=True)


class Funnel(Schema):
    """How far the invoices of a period got."""

    first_on = Day(required=True)
    last_on = Day(required=True)
    steps = fields.List(fields.Nested(Step), required=True)


class Span(Schema):
    """From which instant up to which."""

    since = Instant(load_default=None)
    until = Instant(load_default=None)


class Deed(Schema):
    """One line of what was done."""

    key = fields.String(required=True)
    count = fields.Integer(required=True)
    amount = MoneyField("minor", required=True, allow_none=True)


class Deeds(Schema):
    """What was done for the client."""

    since = Instant(required=True)
    until = Instant(required=True)
    items = fields.List(fields.Nested(Deed), required=True)


@endpoint(face, "/tenants/<client:client>/aging", needs="insight.read", query=AsOf, returns=AgingShown)
def show_aging(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What is open and how late it is: today, on any past day, or as it was known then."""
    day: date = query["as_of"] or moment.here().today
    edges = reporting.choice().edges
    found = aging.on(day, known_at=query["known_at"], basis=query["basis"], edges=edges, narrow=_narrow(query))
    asked = {name: str(query[name]) for name in ("group", "country") if query[name]}
    if query["owner_id"] is not None:
        asked["owner_id"] = ids.show("per", query["owner_id"])
    lines = [_currency(found, line, asked) for line in found.currencies]
    return {"as_of": day, "known_at": found.known_at, "basis": found.basis, "currencies": lines}


@endpoint(face, "/tenants/<client:client>/aging/items", needs="insight.read", query=AgingItems, returns=AgingItemsPage)
def list_aging_items(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """The rows behind one number of the aging, the oldest first."""
    page = items.behind(
        query["bucket"],
        currency=query["currency"],
        day=query["as_of"] or moment.here().today,
        known_at=query["known_at"],
        basis=query["basis"],
        edges=reporting.choice().edges,
        narrow=replace(_narrow(query), debtor_id=query["debtor_id"]),
        after=paging.start("aging", query, date.fromisoformat, UUID),
        limit=query["limit"],
    )
    total = Money(page.total.minor, query["currency"])
    return {**paging.answer("aging", query, page.items, page.next), "total": total, "count": page.total.count}


@endpoint(
    face, "/tenants/<client:client>/aging/debtors", needs="insight.read", query=Owing, returns=paging.page_of(Owed)
)
def list_owing_debtors(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Who owes most: debtors by what is overdue today."""
    after = paging.start("owing", query, int, UUID)
    page = customers.owing(
        moment.here().today,
        currency=query["currency"],
        after=after,
        limit=query["limit"],
    )
    return paging.answer("owing", query, page.customers, page.next)


@endpoint(face, "/tenants/<client:client>/receipts/funnel", needs="insight.read", query=Period, returns=Funnel)
def show_funnel(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """How many of the invoices of a period were sent, arrived, were seen and were paid."""
    last_on: date = query["last_on"] or moment.here().today
    found = receipts.funnel(query["first_on"] or last_on - MONTH, last_on=last_on)
    steps = [{"key": step.key, "count": step.count, "of": step.of, "share": _ratio(step.share)} for step in found.steps]
    return {"first_on": found.first_on, "last_on": found.last_on, "steps": steps}


@endpoint(face, "/tenants/<client:client>/activity", needs="insight.read", query=Span, returns=Deeds)
def show_activity(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What was done for the client in a period, the last 30 days unless another."""
    until: datetime = query["until"] or moment.here().now
    since: datetime = query["since"] or until - MONTH
    return {"since": since, "until": until, "items": activity.done(since, until=until)}


def _narrow(query: dict[str, Any]) -> Narrow:
    """Whose customers are meant."""
    return Narrow(query["group"], query["country"], query["owner_id"] or "")


def _currency(found: Aging, line: CurrencyAging, asked: dict[str, str]) -> dict[str, Any]:
    def shown(bucket: Bucket) -> dict[str, Any]:
        return {
            "key": bucket.key,
            "open": Money(bucket.minor, line.currency),
            "count": bucket.count,
            "rows": _rows(found, bucket.key, line.currency, asked),
        }

    return {
        "currency": line.currency,
        "buckets": [shown(bucket) for bucket in (line.not_due, *line.late)],
        "overdue": shown(line.overdue),
        "all": shown(line.gross),
        "unapplied": Money(line.unapplied_minor, line.currency),
        "outstanding": Money(line.outstanding_minor, line.currency),
        "percent_current": _ratio(found.percent_current(line.currency)),
    }


def _rows(found: Aging, bucket: str, currency: str, asked: dict[str, str]) -> str:
    told = {"bucket": bucket, "currency": currency, "as_of": found.as_of.isoformat(), "basis": found.basis} | asked
    if found.known_at is not None:
        told["known_at"] = found.known_at.astimezone(UTC).isoformat()
    return f"{request.path}/items?{urlencode(told)}"


def _ratio(figure: Figure) -> dict[str, Any]:
    return {
        "percent": figure.percent,
        "numerator": figure.numerator or 0,
        "denominator": figure.denominator or 0,
        "reason": figure.reason,
    }
