"""Late interest, shown as a computation: the terms that a client entered, and what they come to for one invoice."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, invoices, late_interest, late_terms

face = Blueprint("api_late_charges", __name__, url_prefix="/api/v1")


class NewTerm(Schema):
    """How late interest is counted for a country from a day on."""

    country = fields.String(
        load_default="",
        validate=validate.Regexp(r"\A([A-Z]{2})?\Z"),
        metadata={"description": "Empty for every country without a term of its own"},
    )
    regime = fields.String(required=True, validate=validate.OneOf(late_interest.REGIMES))
    base = fields.String(load_default="", validate=validate.Length(max=40))
    percent = fields.Decimal(
        required=True,
        as_string=True,
        allow_nan=False,
        metadata={"description": "Points above the base rate, or the rate of a contract"},
    )
    from_on = Day(required=True)
    source = fields.String(required=True, validate=validate.Length(1, 200))


class TermShown(NewTerm):
    """One term."""

    id = Ref("ltm", required=True)


class Terms(Schema):
    """The terms that were entered, by country."""

    items = fields.List(fields.Nested(TermShown), required=True)


class NewBaseRate(Schema):
    """What a base rate is from a day on."""

    base = fields.String(required=True, validate=validate.Length(1, 40))
    from_on = Day(required=True)
    percent = fields.Decimal(required=True, as_string=True, allow_nan=False)
    source = fields.String(required=True, validate=validate.Length(1, 200))


class Slice(Schema):
    """Some days at one rate."""

    first_on = Day(required=True)
    last_on = Day(required=True)
    days = fields.Integer(required=True)
    percent = fields.Float(required=True)


class Charge(Schema):
    """What one late part comes to."""

    principal = MoneyField("principal_minor", required=True)
    from_on = Day(required=True)
    until_on = Day(required=True)
    slices = fields.List(fields.Nested(Slice), required=True)
    interest = MoneyField("interest_minor", required=True)
    fixed = MoneyField("fixed_minor", required=True)
    total = MoneyField("total_minor", required=True)


class Charges(Schema):
    """What could be charged for an invoice; nothing is posted by it."""

    term = fields.Nested(TermShown, required=True, allow_none=True)
    items = fields.List(fields.Nested(Charge), required=True)


class Until(Schema):
    """Up to which day."""

    until_on = Day(load_default=None, metadata={"description": "The client's today, unless another day"})


@endpoint(face, "/tenants/<client:client>/late-terms", needs="ledger.read", returns=Terms)
def list_late_terms(client: VisibleClient) -> dict[str, Any]:
    """The terms of late interest."""
    return {"items": late_terms.terms()}


@endpoint(
    face,
    "/tenants/<client:client>/late-terms",
    needs="settings.write",
    method="POST",
    accepts=NewTerm,
    returns=Terms,
    status=201,
)
def set_late_term(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Enter a term; without one no late interest is ever shown."""
    late_terms.set_term(body.pop("country"), now=moment.here().now, **body)
    return {"items": late_terms.terms()}


@endpoint(
    face,
    "/tenants/<client:client>/base-rates",
    needs="settings.write",
    method="POST",
    accepts=NewBaseRate,
    returns=NewBaseRate,
    status=201,
)
def set_base_rate(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Enter what a base rate is from a day on."""
    late_terms.set_base_rate(
        body["base"],
        from_on=body["from_on"],
        percent=Decimal(body["percent"]),
        source=body["source"],
        now=moment.here().now,
    )
    return body


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/late-charges",
    needs="ledger.read",
    query=Until,
    returns=Charges,
)
def show_late_charges(client: VisibleClient, invoice_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """What late interest comes to for what is open and late of an invoice: principal, rate, days and sum."""
    card = invoices.card(invoice_id)
    found = late_terms.of_invoice(
        card, debtor=debtors.card(card.debtor_id), until_on=query["until_on"] or moment.here().today
    )
    if found is None:
        return {"term": None, "items": []}
    term, charges = found
    named = ("principal_minor", "from_on", "until_on", "slices", "interest_minor", "fixed_minor", "total_minor")
    return {
        "term": term,
        "items": [{name: getattr(each, name) for name in named} | {"currency": card.currency} for each in charges],
    }
