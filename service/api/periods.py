"""Closed periods, and the rates by which one currency is told in another."""

from decimal import Decimal
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Actor, Day, Instant, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import periods, rates
from tenants.ledger.rates import Rate

face = Blueprint("api_periods", __name__, url_prefix="/api/v1")
CODE = validate.Regexp(r"\A[A-Z]{3}\Z")


class Control(Schema):
    """What the books said in one currency on the last closed day."""

    open = MoneyField("open_minor", required=True)
    unapplied = MoneyField("unapplied_minor", required=True)


class Closing(Schema):
    """One closing, or one opening again."""

    id = Ref(periods.PREFIX, required=True)
    through_on = Day(required=True, allow_none=True)
    known_at = Instant(required=True)
    actor = Actor(required=True)
    reason = fields.String(required=True)
    control = fields.List(fields.Nested(Control), required=True)


class Periods(Schema):
    """Through which day the books are closed, and how it came so."""

    closed_through = Day(required=True, allow_none=True)
    items = fields.List(fields.Nested(Closing), required=True)


class Close(Schema):
    """The last day of what is to be closed."""

    through_on = Day(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class Reopen(Schema):
    """The first day that is to be open again, and why."""

    from_on = Day(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class RateShown(Schema):
    """What one unit of the base costs in the quote."""

    base = fields.String(required=True, validate=CODE)
    quote = fields.String(required=True, validate=CODE)
    on_day = Day(required=True)
    rate = fields.Decimal(required=True, as_string=True, allow_nan=False)
    source = fields.String(required=True)


class RateQuery(Schema):
    """As of which day."""

    as_of = Day(load_default=None, metadata={"description": "The client's today, unless another day"})


class RateList(Schema):
    """The rates that count on a day."""

    items = fields.List(fields.Nested(RateShown), required=True)


class NewRate(Schema):
    """One rate to keep."""

    base = fields.String(required=True, validate=CODE)
    quote = fields.String(required=True, validate=CODE)
    on_day = Day(required=True)
    rate = fields.Decimal(required=True, as_string=True, allow_nan=False)


class NewRates(Schema):
    """Rates of one source, one by one or as the file of the European Central Bank."""

    rates = fields.List(fields.Nested(NewRate), load_default=list, validate=validate.Length(max=1000))
    source = fields.String(load_default="", validate=validate.Length(max=80))
    ecb_file = fields.String(
        load_default="",
        validate=validate.Length(max=4_000_000),
        metadata={"description": "The text of eurofxref.csv or eurofxref-hist.csv, as it is"},
    )


class Kept(Schema):
    """How many of them were new."""

    kept = fields.Integer(required=True)


@endpoint(face, "/tenants/<client:client>/periods", needs="ledger.read", returns=Periods)
def list_periods(client: VisibleClient) -> dict[str, Any]:
    """Through which day the books are closed."""
    return _shown()


@endpoint(
    face,
    "/tenants/<client:client>/periods",
    needs="settings.write",
    method="POST",
    accepts=Close,
    returns=Periods,
    status=201,
    once=True,
)
def close_period(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Close the books through a day: whatever is learned later counts on an open day."""
    periods.close(body["through_on"], now=moment.here().now, reason=body["reason"])
    return _shown()


@endpoint(
    face,
    "/tenants/<client:client>/periods/reopen",
    needs="settings.write",
    method="POST",
    accepts=Reopen,
    returns=Periods,
    status=201,
    once=True,
)
def reopen_period(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Open the books again from a day on."""
    periods.reopen(body["from_on"], now=moment.here().now, reason=body["reason"])
    return _shown()


@endpoint(face, "/tenants/<client:client>/rates", needs="ledger.read", query=RateQuery, returns=RateList)
def list_rates(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """The rates of exchange that count on a day, each with its source."""
    return {"items": rates.of_day(query["as_of"] or moment.here().today)}


@endpoint(face, "/tenants/<client:client>/rates", needs="ledger.write", method="POST", accepts=NewRates, returns=Kept)
def keep_rates(client: VisibleClient, body: dict[str, Any]) -> dict[str, int]:
    """Keep rates; those that are known and the same are left alone."""
    now, kept = moment.here().now, 0
    if body["ecb_file"]:
        kept += rates.keep(rates.read_ecb(body["ecb_file"].encode()), source=rates.ECB, now=now)
    if body["rates"]:
        said = [Rate(each["base"], each["quote"], each["on_day"], Decimal(each["rate"]), "") for each in body["rates"]]
        kept += rates.keep(said, source=body["source"] or "entered by hand", now=now)
    return {"kept": kept}


def _shown() -> dict[str, Any]:
    found = periods.closings()
    return {
        "closed_through": periods.closed_through(),
        "items": [
            {name: getattr(each, name) for name in ("id", "through_on", "known_at", "actor", "reason")}
            | {"control": periods.controls(each.id)}
            for each in found
        ],
    }
