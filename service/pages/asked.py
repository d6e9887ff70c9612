"""What the pages of figures are asked: day, basis, whose customers, which currency; one schema for page, list and file.

A list that is opened from a tile gets the very words of the page, so that both mean the same.
"""

from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from marshmallow import Schema, ValidationError, fields, validate

from service.fields import Day
from tenants.directory import clients
from tenants.insight import aging
from tenants.insight.narrowing import DIMENSIONS, WITHOUT, Narrow

CURRENCY = validate.Regexp(r"\A([A-Z]{3})?\Z")
NAMES = ("as_of", "known", "basis", "group", "country", "owner", "currency")


class Owner(fields.String):
    """Who owns the customers: the person's id as the filter shows it, or a hyphen for nobody."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> str:
        if value in ("", WITHOUT):
            return str(value)
        try:
            return str(UUID(str(value)))
        except ValueError:
            raise ValidationError("This is nobody who owns customers.") from None


class Filters(Schema):
    """The day, with what was known when, from which date lateness counts, and whose customers."""

    as_of = Day(load_default=None)
    known = fields.String(load_default="", validate=validate.OneOf(["", "then"]))
    basis = fields.String(load_default=aging.DUE, validate=validate.OneOf(list(aging.COUNTED_FROM)))
    group = fields.String(load_default="", validate=validate.Length(max=80))
    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2}|-)?\Z"))
    owner = Owner(load_default="")
    currency = fields.String(load_default="", validate=CURRENCY)


class Shown(Filters):
    """What the dashboard shows."""

    by = fields.String(load_default="", validate=validate.OneOf(["", *DIMENSIONS]))


class Listed(Filters):
    """The rows behind a number, page by page."""

    after = fields.String(load_default="")


def narrow(query: dict[str, Any]) -> Narrow:
    """Whose customers are meant."""
    owner = query["owner"]
    return Narrow(query["group"], query["country"], owner if owner in ("", WITHOUT) else UUID(owner))


def day(query: dict[str, Any], today: date) -> date:
    """The day that is asked for; no day that has not come."""
    return min(query["as_of"] or today, today)


def known_at(query: dict[str, Any], day: date, today: date) -> datetime | None:
    """The instant up to which things were known: when the day was over, if that is asked for; None means now."""
    stated: datetime | None = query.get("known_at")
    if stated is not None or query["known"] != "then" or day >= today:
        return stated
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=clients.clock().zone)


def words(query: dict[str, Any], *, on: date | None = None, **over: Any) -> dict[str, Any]:
    """The question as it stands in an address: what is empty or usual is left out."""
    told = {name: query.get(name) for name in NAMES if name != "as_of"}
    if on is not None:
        told["as_of"] = on.isoformat()
    told |= over
    return {name: value for name, value in told.items() if value and (name, value) != ("basis", aging.DUE)}


class Week(Listed):
    """The invoices of one coming week."""

    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))
    week = Day(required=True)
