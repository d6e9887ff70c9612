"""Invoices: the list, one of them with its lines and postings, issuing and taking back."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.api.amounts import in_currency
from service.api.due_dates import Discount, Part
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import allocation, debtors, discounts, invoices, lines, registers, standing
from tenants.ledger.discounts import Offer
from tenants.ledger.lines import Line

face = Blueprint("api_invoices", __name__, url_prefix="/api/v1")
KINDS = (invoices.INVOICE, invoices.DEBIT_NOTE)
DELIVERY = ("none", "queued", "sent", "delayed", "delivered", "bounced", "failed")


class Invoices(paging.PageQuery):
    """Which invoices, in which order."""

    standing = fields.String(load_default="all", validate=validate.OneOf(list(standing.CONDITIONS)))
    order = fields.String(load_default="-issued_on", validate=validate.OneOf(list(registers.ORDERS)))
    debtor_id = Ref("deb", load_default=None)
    currency = fields.String(load_default=None, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))
    delivery = fields.String(load_default=None, validate=validate.OneOf(DELIVERY))
    number = fields.String(load_default=None, validate=validate.Length(max=64))
    due_from = Day(load_default=None)
    due_to = Day(load_default=None)


class Invoice(Schema):
    """One invoice, with what is known about its delivery."""

    id = Ref("inv", required=True)
    number = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    debtor_number = fields.String(required=True)
    standing = fields.String(required=True, validate=validate.OneOf(standing.WORDS))
    amount = MoneyField("amount_minor", required=True)
    tax = MoneyField("tax_minor", required=True)
    open = MoneyField("open_minor", required=True)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    purchase_order = fields.String(required=True)
    settled_on = Day(required=True, allow_none=True)
    voided_on = Day(required=True, allow_none=True)
    delivery = fields.String(required=True, validate=validate.OneOf(DELIVERY))
    delivered_at = Instant(required=True, allow_none=True)
    bounced_at = Instant(required=True, allow_none=True)
    first_seen_at = Instant(required=True, allow_none=True)
    evidence_level = fields.Integer(required=True, validate=validate.Range(0, 7))
    reminder_count = fields.Integer(required=True)
    last_contact_at = Instant(required=True, allow_none=True)


class NewLine(Schema):
    """One line of an invoice."""

    description = fields.String(required=True, validate=validate.Length(1, 500))
    quantity = fields.Decimal(load_default=Decimal(1), as_string=True, allow_nan=False)
    unit_price = MoneyField(required=True)
    net = MoneyField(required=True)
    tax = MoneyField(load_default=None)
    tax_rate = fields.Decimal(load_default=Decimal(0), as_string=True, allow_nan=False)


class NewInvoice(Schema):
    """An invoice to issue; its lines, if there are any, add up to the amount."""

    number = fields.String(required=True, validate=validate.Length(1, 64))
    debtor_id = Ref("deb", required=True)
    amount = MoneyField(required=True)
    tax = MoneyField(load_default=None)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    kind = fields.String(
        load_default=invoices.INVOICE, validate=validate.OneOf((invoices.INVOICE, invoices.DEBIT_NOTE))
    )
    instalments = fields.List(
        fields.Nested(Part),
        load_default=list,
        validate=validate.Length(max=120),
        metadata={"description": "Parts by due date that add up to the amount, the last of them due on `due_on`"},
    )
    discounts = fields.List(
        fields.Nested(Discount),
        load_default=list,
        validate=validate.Length(max=discounts.MOST),
        metadata={"description": "What may be kept by paying early; the later the day, the less"},
    )
    purchase_order = fields.String(load_default="", validate=validate.Length(max=100))
    lines = fields.List(fields.Nested(NewLine), load_default=list, validate=validate.Length(max=500))


class InvoiceLine(Schema):
    """One line as it was issued."""

    description = fields.String(required=True)
    quantity = fields.Decimal(required=True, as_string=True)
    unit_price = MoneyField("unit_price_minor", required=True)
    net = MoneyField("net_minor", required=True)
    tax = MoneyField("tax_minor", required=True)
    tax_rate = fields.Decimal(required=True, as_string=True)


class InvoiceLines(Schema):
    """The lines of an invoice in order."""

    items = fields.List(fields.Nested(InvoiceLine), required=True)


class Posting(Schema):
    """One amount that was applied to an invoice, or taken back from it."""

    id = Ref("all", required=True)
    kind = fields.String(required=True)
    source = fields.String(required=True, metadata={"description": "Reference of the payment, number of the credit"})
    amount = MoneyField("amount_minor", required=True)
    effective_on = Day(required=True)
    known_at = Instant(required=True)
    reason = fields.String(required=True)
    reverses_id = Ref("all", required=True, allow_none=True)


class Postings(Schema):
    """What was applied to an invoice, in the order in which it counts."""

    items = fields.List(fields.Nested(Posting), required=True)


class Withdrawal(Schema):
    """Why and from which day on an invoice is void."""

    on = Day(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(
    face, "/tenants/<client:client>/invoices", needs="ledger.read", query=Invoices, returns=paging.page_of(Invoice)
)
def list_invoices(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Invoices, filtered and ordered."""
    after = paging.start("invoices", query, date.fromisoformat, UUID)
    wanted = {name: query[name] for name in (*registers.FILTERS, "order", "limit")}
    found = registers.invoices(query["standing"], today=moment.here().today, after=after, **wanted)
    return paging.answer("invoices", query, found.rows, found.next)


@endpoint(
    face,
    "/tenants/<client:client>/invoices",
    needs="ledger.write",
    method="POST",
    accepts=NewInvoice,
    returns=Invoice,
    status=201,
    once=True,
    batch=True,
)
def issue_invoice(client: VisibleClient, body: dict[str, Any]) -> invoices.Card:
    """Issue an invoice; it is sent to its debtor's contacts as soon as its day has come."""
    here, amount = moment.here(), body["amount"]
    debtors.card(body["debtor_id"])
    offers = [
        Offer(each["until_on"], in_currency(each["amount"], amount.currency, pointer=f"/discounts/{at}/amount"))
        for at, each in enumerate(body["discounts"])
    ]
    discounts.refuse_bad(offers, amount_minor=amount.minor, issued_on=body["issued_on"], due_on=body["due_on"])
    issued = invoices.issue(
        body["number"],
        debtor_id=body["debtor_id"],
        currency=amount.currency,
        amount_minor=amount.minor,
        tax_minor=in_currency(body["tax"], amount.currency, pointer="/tax"),
        issued_on=body["issued_on"],
        due_on=body["due_on"],
        purchase_order=body["purchase_order"],
        contents=[_line(each, amount.currency, at) for at, each in enumerate(body["lines"])],
        kind=body["kind"],
        parts=[
            (each["due_on"], in_currency(each["amount"], amount.currency, pointer=f"/instalments/{at}/amount"))
            for at, each in enumerate(body["instalments"])
        ],
        now=here.now,
        wall=here.wall,
    )
    discounts.offer(issued, offers, now=here.now)
    return invoices.card(issued, today=here.today)


@endpoint(face, "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>", needs="ledger.read", returns=Invoice)
def show_invoice(client: VisibleClient, invoice_id: UUID) -> invoices.Card:
    """One invoice."""
    return invoices.card(invoice_id, today=moment.here().today)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/lines",
    needs="ledger.read",
    returns=InvoiceLines,
)
def list_lines(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """What an invoice asks money for."""
    currency = invoices.card(invoice_id).currency
    found = lines.of_invoice(invoice_id)
    named = ("description", "quantity", "unit_price_minor", "net_minor", "tax_minor", "tax_rate")
    return {"items": [{"currency": currency} | {name: getattr(line, name) for name in named} for line in found]}


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/postings",
    needs="ledger.read",
    returns=Postings,
)
def list_postings(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """Everything that was applied to an invoice."""
    invoices.card(invoice_id)
    return {"items": allocation.of_invoice(invoice_id)}


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/void",
    needs="ledger.write",
    method="POST",
    accepts=Withdrawal,
    returns=Invoice,
    once=True,
)
def void_invoice(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> invoices.Card:
    """Take back an invoice to which no money was applied."""
    invoices.void(invoice_id, on=body["on"], now=moment.here().now, reason=body["reason"])
    return invoices.card(invoice_id, today=moment.here().today)


def _line(given: dict[str, Any], currency: str, at: int) -> Line:
    return Line(
        description=given["description"],
        quantity=given["quantity"],
        unit_price_minor=in_currency(given["unit_price"], currency, pointer=f"/lines/{at}/unit_price"),
        net_minor=in_currency(given["net"], currency, pointer=f"/lines/{at}/net"),
        tax_minor=in_currency(given["tax"], currency, pointer=f"/lines/{at}/tax"),
        tax_rate=given["tax_rate"],
    )
