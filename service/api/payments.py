"""Payments: what came in, and the invoices that it pays."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import allocations, paging
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, payments, registers

face = Blueprint("api_payments", __name__, url_prefix="/api/v1")


class NewPayment(Schema):
    """A payment that came in; its reference is unique in its source."""

    debtor_id = Ref("deb", required=True)
    reference = fields.String(required=True, validate=validate.Length(1, 140))
    amount = MoneyField(required=True)
    received_on = Day(required=True)
    source = fields.String(load_default="api", validate=validate.Length(max=80))


class Payment(Schema):
    """One payment."""

    id = Ref("pay", required=True)
    debtor_id = Ref("deb", required=True)
    reference = fields.String(required=True)
    source = fields.String(required=True)
    amount = MoneyField("amount_minor", required=True)
    unapplied = MoneyField("unapplied_minor", required=True)
    received_on = Day(required=True)


@endpoint(
    face,
    "/tenants/<client:client>/payments",
    needs="ledger.read",
    query=allocations.Sources,
    returns=paging.page_of(Payment),
)
def list_payments(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Payments, the newest first."""
    found = registers.payments(
        debtor_id=query["debtor_id"],
        unapplied=query["unapplied"],
        after=paging.start("payments", query, date.fromisoformat, UUID),
        limit=query["limit"],
    )
    return paging.answer("payments", query, found.rows, found.next)


@endpoint(
    face,
    "/tenants/<client:client>/payments",
    needs="ledger.write",
    method="POST",
    accepts=NewPayment,
    returns=Payment,
    status=201,
    once=True,
    batch=True,
)
def receive_payment(client: VisibleClient, body: dict[str, Any]) -> payments.Card:
    """Keep a payment, applied to nothing yet."""
    amount = body.pop("amount")
    debtors.card(body["debtor_id"])
    received = payments.receive(
        body.pop("debtor_id"), currency=amount.currency, amount_minor=amount.minor, now=moment.here().now, **body
    )
    return payments.card(received)


@endpoint(face, "/tenants/<client:client>/payments/<ref('pay'):payment_id>", needs="ledger.read", returns=Payment)
def show_payment(client: VisibleClient, payment_id: UUID) -> payments.Card:
    """One payment."""
    return payments.card(payment_id)


@endpoint(
    face,
    "/tenants/<client:client>/payments/<ref('pay'):payment_id>/allocations",
    needs="ledger.write",
    method="POST",
    accepts=allocations.Parts,
    returns=allocations.Applied,
    status=201,
    once=True,
)
def apply_payment(client: VisibleClient, payment_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Apply a payment to invoices."""
    made = allocations.apply(payment_id, body, currency=payments.card(payment_id).currency)
    left = payments.card(payment_id)
    return {"allocation_ids": made, "unapplied_minor": left.unapplied_minor, "currency": left.currency}
