"""By which rates currencies meet on a day, and how late interest is counted: tables, uploads, and the computation."""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from flask import Blueprint, request, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame
from service.pages.invoices import end_of
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, invoices, late_interest, late_terms, rates
from tenants.ledger.late_terms import BadTerm, NoBaseRate
from tenants.ledger.rates import BadRates

face = Blueprint("money_terms", __name__)
BOOKS = "/c/<client:client>/books"
LARGEST = 8 << 20
REGIMES = {
    late_interest.UK: "UK: Late Payment of Commercial Debts Act",
    late_interest.EU: "EU: Directive 2011/7",
    late_interest.US: "US: federal prompt pay",
    late_interest.CONTRACT: "By contract",
}


class Day(Schema):
    """On which day, if not today."""

    as_of = fields.String(load_default="", validate=validate.Length(max=10))


class NewTerm(Schema):
    """How late interest is counted for a country from a day on."""

    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2})?\Z"))
    regime = fields.String(required=True, validate=validate.OneOf(late_interest.REGIMES))
    base = fields.String(load_default="", validate=validate.Length(max=40))
    percent = fields.String(required=True, validate=validate.Length(1, 20))
    day = fields.String(required=True, validate=validate.Length(10, 10))
    source = fields.String(required=True, validate=validate.Length(1, 200))


class NewBaseRate(Schema):
    """What a base rate is from a day on."""

    base = fields.String(required=True, validate=validate.Length(1, 40))
    percent = fields.String(required=True, validate=validate.Length(1, 20))
    day = fields.String(required=True, validate=validate.Length(10, 10))
    source = fields.String(required=True, validate=validate.Length(1, 200))


@endpoint(face, f"{BOOKS}/rates", needs="ledger.read", query=Day)
def rates_page(client: VisibleClient, query: dict[str, str]) -> str:
    """The rates that count on a day, each with its day and its source."""
    stamp = frame.stamp()
    day = min(end_of(query["as_of"]) or stamp.today, stamp.today)
    return frame.show("rates.html", section="books", stamp=stamp, day=day, rates=rates.of_day(day))


@endpoint(face, f"{BOOKS}/rates/file", needs="ledger.write", method="POST")
def load_rates(client: VisibleClient) -> Response:
    """Keep the rates of a file of the European Central Bank; known ones are left alone."""
    sent = request.files.get("file")
    body = b"" if sent is None else sent.stream.read(LARGEST + 1)
    if not body or len(body) > LARGEST:
        raise BadRates("No file came with the form, or one of more than 8 MB.", pointer="/file")
    rates.keep(rates.read_ecb(body), source=rates.ECB, now=moment.here().now)
    return frame.after_change(url_for("money_terms.rates_page", client=client.slug))


@endpoint(face, f"{BOOKS}/late-interest", needs="ledger.read")
def late_interest_page(client: VisibleClient) -> str:
    """The terms and base rates that were entered; without a term no late interest is ever shown."""
    return frame.show(
        "late_interest.html",
        section="books",
        stamp=frame.stamp(),
        terms=late_terms.terms(),
        base_rates=late_terms.base_rates(),
        regimes=REGIMES,
    )


@endpoint(face, f"{BOOKS}/late-interest/terms", needs="settings.write", method="POST", accepts=NewTerm)
def set_term(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Enter a term."""
    late_terms.set_term(
        body["country"],
        regime=body["regime"],
        base=body["base"].strip(),
        percent=_percent(body["percent"]),
        from_on=_day(body["day"]),
        source=body["source"].strip(),
        now=moment.here().now,
    )
    return frame.after_change(url_for("money_terms.late_interest_page", client=client.slug))


@endpoint(face, f"{BOOKS}/late-interest/rates", needs="settings.write", method="POST", accepts=NewBaseRate)
def set_base_rate(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Enter what a base rate is from a day on."""
    late_terms.set_base_rate(
        body["base"].strip(),
        from_on=_day(body["day"]),
        percent=_percent(body["percent"]),
        source=body["source"].strip(),
        now=moment.here().now,
    )
    return frame.after_change(url_for("money_terms.late_interest_page", client=client.slug))


@endpoint(face, "/c/<client:client>/invoices/<ref('inv'):invoice_id>/late-interest", needs="ledger.read", query=Day)
def charge_page(client: VisibleClient, invoice_id: UUID, query: dict[str, str]) -> str:
    """What late interest comes to for one invoice: principal, rate, days and sum. Nothing is posted by it."""
    stamp, card = frame.stamp(), invoices.card(invoice_id)
    day, found, unknown = end_of(query["as_of"]) or stamp.today, None, ""
    try:
        found = late_terms.of_invoice(card, debtor=debtors.card(card.debtor_id), until_on=day)
    except NoBaseRate as fault:
        unknown = fault.detail
    return frame.show(
        "late_charge.html",
        section="invoices",
        stamp=stamp,
        card=card,
        day=day,
        term=found[0] if found else None,
        charges=found[1] if found else (),
        unknown=unknown,
        regimes=REGIMES,
    )


def _percent(text: str) -> Decimal:
    try:
        value = Decimal(text.strip().replace(",", "."))
    except InvalidOperation:
        raise BadTerm("This is no rate.", pointer="/percent") from None
    if not value.is_finite():
        raise BadTerm("This is no rate.", pointer="/percent")
    return value


def _day(text: str) -> date:
    day = end_of(text)
    if day is None:
        raise BadTerm("This is not a day.", pointer="/day")
    return day
