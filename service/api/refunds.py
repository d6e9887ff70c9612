"""Money that goes back, and what a client forgoes: refunds, returned payments, write-offs, discounts."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import allocations
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from service.moment import Moment
from tenants.directory.access import VisibleClient
from tenants.ledger import credit_notes, forgoing, invoices, payments, refunds

face = Blueprint("api_refunds", __name__, url_prefix="/api/v1")
WHY = validate.Length(1, 500)


class Amount(Schema):
    """How much, from which day on, and why."""

    amount = MoneyField(required=True)
    effective_on = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    reason = fields.String(required=True, validate=WHY)


class Why(Schema):
    """From which day on, and why."""

    effective_on = Day(load_default=None)
    reason = fields.String(required=True, validate=WHY)


class Back(Schema):
    """Something that went back; below nothing where that was taken back."""

    id = Ref("all", required=True)
    kind = fields.String(required=True, validate=validate.OneOf((refunds.REFUND, refunds.RETURNED)))
    amount = MoneyField("amount_minor", required=True)
    effective_on = Day(required=True)
    known_at = Instant(required=True)
    reason = fields.String(required=True)
    reverses_id = Ref("all", required=True, allow_none=True)


class BackList(Schema):
    """What went back of one payment or credit note."""

    items = fields.List(fields.Nested(Back), required=True)


class Forgone(Schema):
    """What was posted and what is left open; or the request that waits for a second person."""

    id = Ref("all", required=True, allow_none=True)
    request_id = Ref("fgr", required=True, allow_none=True)
    open = MoneyField("open_minor", required=True)


@endpoint(
    face, "/tenants/<client:client>/payments/<ref('pay'):payment_id>/refunds", needs="ledger.read", returns=BackList
)
def list_refunds(client: VisibleClient, payment_id: UUID) -> dict[str, Any]:
    """What went back of a payment."""
    payments.card(payment_id)
    return {"items": refunds.of_source(payment_id)}


@endpoint(
    face,
    "/tenants/<client:client>/payments/<ref('pay'):payment_id>/refunds",
    needs="ledger.write",
    method="POST",
    accepts=Amount,
    returns=Back,
    status=201,
    once=True,
)
def refund_payment(client: VisibleClient, payment_id: UUID, body: dict[str, Any]) -> refunds.Back:
    """Give back a part of a payment that is applied to nothing."""
    return _refund(payment_id, payments.card(payment_id).currency, body)


@endpoint(
    face,
    "/tenants/<client:client>/credit-notes/<ref('crn'):credit_note_id>/refunds",
    needs="ledger.write",
    method="POST",
    accepts=Amount,
    returns=Back,
    status=201,
    once=True,
)
def refund_credit_note(client: VisibleClient, credit_note_id: UUID, body: dict[str, Any]) -> refunds.Back:
    """Pay out a part of a credit note that is applied to nothing."""
    return _refund(credit_note_id, credit_notes.card(credit_note_id).currency, body)


@endpoint(
    face,
    "/tenants/<client:client>/payments/<ref('pay'):payment_id>/return",
    needs="ledger.write",
    method="POST",
    accepts=Why,
    returns=Back,
    status=201,
    once=True,
)
def return_payment(client: VisibleClient, payment_id: UUID, body: dict[str, Any]) -> refunds.Back:
    """The bank took a payment back: the invoices that it paid are open again."""
    here = moment.here()
    payments.card(payment_id)
    made = refunds.return_payment(payment_id, effective_on=_day(body, here), now=here.now, reason=body["reason"])
    return _one(payment_id, made)


@endpoint(
    face,
    "/tenants/<client:client>/refunds/<ref('all'):refund_id>/take-back",
    needs="ledger.write",
    method="POST",
    accepts=Why,
    returns=allocations.Reversed,
    status=201,
    once=True,
)
def take_back_refund(client: VisibleClient, refund_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """A refund came back: it can be applied again."""
    here = moment.here()
    made = refunds.take_back(refund_id, effective_on=_day(body, here), now=here.now, reason=body["reason"])
    return {"id": made, "reverses_id": refund_id}


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/write-offs",
    needs="ledger.write",
    method="POST",
    accepts=Amount,
    returns=Forgone,
    status=201,
    once=True,
)
def write_off_invoice(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Give up a part of an invoice; above the caller's limit it waits for a second person. It can be reversed."""
    return _forgo(forgoing.WRITE_OFF, client, invoice_id, body)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/discounts",
    needs="ledger.write",
    method="POST",
    accepts=Amount,
    returns=Forgone,
    status=201,
    once=True,
)
def discount_invoice(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Let a customer keep a part of an invoice for having paid early."""
    return _forgo(forgoing.DISCOUNT, client, invoice_id, body)


def _refund(source_id: UUID, currency: str, body: dict[str, Any]) -> refunds.Back:
    here, minor = moment.here(), in_currency(body["amount"], currency, pointer="/amount")
    made = refunds.refund(source_id, minor=minor, effective_on=_day(body, here), now=here.now, reason=body["reason"])
    return _one(source_id, made)


def _forgo(kind: str, client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    here, currency = moment.here(), invoices.card(invoice_id).currency
    made = forgoing.forgo(
        invoice_id,
        kind=kind,
        minor=in_currency(body["amount"], currency, pointer="/amount"),
        roles=client.roles,
        effective_on=_day(body, here),
        now=here.now,
        today=here.today,
        reason=body["reason"],
        wall=here.wall,
    )
    asked = made.id if isinstance(made, forgoing.Request) else None
    return {
        "id": None if asked else made,
        "request_id": asked,
        "open_minor": invoices.card(invoice_id).open_minor,
        "currency": currency,
    }


def _one(source_id: UUID, made: UUID) -> refunds.Back:
    return next(each for each in refunds.of_source(source_id) if each.id == made)


def _day(body: dict[str, Any], here: Moment) -> date:
    day: date = body["effective_on"] or here.today
    return day
