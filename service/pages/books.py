"""The books as a whole: through which day they are closed, by which rates currencies meet, whose credit is used up."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame
from service.pages.invoices import end_of
from service.pages.money import LIMITED
from service.pages.people import ROLES
from tenants.directory.access import VisibleClient
from tenants.insight import credit
from tenants.ledger import debtors, forgoing, periods, rates
from tenants.ledger.periods import BadPeriod
from tenants.ledger.rates import BadRates, Rate
from tenants.values.money import Money

face = Blueprint("books", __name__)
CODE = validate.Regexp(r"\A[A-Z]{3}\Z")
SHOWN = 12


class Closing(Schema):
    """Through which day."""

    day = fields.String(required=True, validate=validate.Length(10, 10))
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class Reopening(Schema):
    """From which day on, and why."""

    day = fields.String(required=True, validate=validate.Length(10, 10))
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class NewRate(Schema):
    """One rate with its source."""

    base = fields.String(required=True, validate=CODE)
    quote = fields.String(required=True, validate=CODE)
    day = fields.String(required=True, validate=validate.Length(10, 10))
    rate = fields.String(required=True, validate=validate.Length(1, 30))
    source = fields.String(required=True, validate=validate.Length(1, 80))


@endpoint(face, "/c/<client:client>/books", needs="ledger.read")
def books_page(client: VisibleClient) -> str:
    """Closed periods, rates, and credit that is nearly used up."""
    stamp, limits = frame.stamp(), forgoing.limits()
    tight = credit.tight(today=stamp.today)[:SHOWN]
    return frame.show(
        "books.html",
        section="books",
        stamp=stamp,
        closed=periods.closed_through(),
        closings=[(each, periods.controls(each.id)) for each in periods.closings(limit=SHOWN)],
        rates=rates.of_day(stamp.today),
        limits=limits,
        limit_texts={role: Money(minor, client.base_currency).as_text() for role, minor in limits.items()},
        limited=LIMITED,
        roles=ROLES,
        requests=forgoing.waiting(),
        tight=[(each, debtors.card(each.debtor_id)) for each in tight],
    )


@endpoint(face, "/c/<client:client>/books/close", needs="settings.write", method="POST", accepts=Closing)
def close(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Close the books through a day."""
    periods.close(_day(body["day"]), now=moment.here().now, reason=body["reason"].strip())
    return _back(client)


@endpoint(face, "/c/<client:client>/books/reopen", needs="settings.write", method="POST", accepts=Reopening)
def reopen(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Open the books again from a day on."""
    periods.reopen(_day(body["day"]), now=moment.here().now, reason=body["reason"].strip())
    return _back(client)


@endpoint(face, "/c/<client:client>/books/rates", needs="ledger.write", method="POST", accepts=NewRate)
def add_rate(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep one rate."""
    try:
        value = Decimal(body["rate"])
    except InvalidOperation:
        raise BadRates("This is no rate.", pointer="/rate") from None
    if not value.is_finite():
        raise BadRates("This is no rate.", pointer="/rate")
    rate = Rate(body["base"], body["quote"], _day(body["day"]), value, "")
    rates.keep([rate], source=body["source"].strip(), now=moment.here().now)
    return _back(client)


def _day(text: str) -> date:
    day = end_of(text)
    if day is None:
        raise BadPeriod("This is not a day.", pointer="/day")
    return day


def _back(client: VisibleClient) -> Response:
    return frame.after_change(url_for("books.books_page", client=client.slug))
