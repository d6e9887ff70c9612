"""When an invoice is due: by contract, in instalments, and as it was agreed with the customer since."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api.amounts import in_currency
from service.endpoint import endpoint
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.ledger import discounts, due_dates, instalments, invoices

face = Blueprint("api_due_dates", __name__, url_prefix="/api/v1")


class Part(Schema):
    """One part of an invoice by its due date."""

    due_on = Day(required=True)
    amount = MoneyField(required=True)


class Discount(Schema):
    """What may be kept by paying until a day."""

    until_on = Day(required=True)
    amount = MoneyField("amount_minor", required=True)


class Share(Schema):
    """One part, and what is open of it; payments pay the oldest part first."""

    due_on = Day(required=True)
    amount = MoneyField("amount_minor", required=True)
    open = MoneyField("open_minor", required=True)


class DueDates(Schema):
    """When an invoice is due."""

    invoice_id = Ref("inv", required=True)
    due_on = Day(required=True, metadata={"description": "When the oldest open part is due, as agreed"})
    original_due_on = Day(required=True, metadata={"description": "When all of it was due by contract"})
    agreed = fields.Boolean(required=True, metadata={"description": "Whether anything but one due date counts"})
    parts = fields.List(fields.Nested(Share), required=True)
    discounts = fields.List(fields.Nested(Discount), required=True)


class Agreement(Schema):
    """The parts in which what is open shall be due; one part is a new due date."""

    parts = fields.List(fields.Nested(Part), required=True, validate=validate.Length(1, 120))
    effective_on = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    reason = fields.String(required=True, validate=validate.Length(1, 500))


class Return(Schema):
    """Why the contract counts again."""

    effective_on = Day(load_default=None)
    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/due-dates",
    needs="ledger.read",
    returns=DueDates,
)
def show_due_dates(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """By when an invoice must be paid, part by part."""
    return _shown(invoice_id)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/due-dates",
    needs="ledger.write",
    method="POST",
    accepts=Agreement,
    returns=DueDates,
    status=201,
    once=True,
)
def agree_due_dates(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Agree other due dates for what is open; aging and reminders follow them, the contract stays beside them."""
    here, currency = moment.here(), invoices.card(invoice_id).currency
    parts = [
        (part["due_on"], in_currency(part["amount"], currency, pointer=f"/parts/{at}/amount"))
        for at, part in enumerate(body["parts"])
    ]
    day: date = body["effective_on"] or here.today
    due_dates.agree(invoice_id, parts=parts, effective_on=day, now=here.now, reason=body["reason"])
    return _shown(invoice_id)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/due-dates/take-back",
    needs="ledger.write",
    method="POST",
    accepts=Return,
    returns=DueDates,
    once=True,
)
def take_back_due_dates(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Let the contract count again: an agreement was not kept, or was a mistake."""
    here = moment.here()
    day: date = body["effective_on"] or here.today
    due_dates.take_back(invoice_id, effective_on=day, now=here.now, reason=body["reason"])
    return _shown(invoice_id)


def _shown(invoice_id: UUID) -> dict[str, Any]:
    card = invoices.card(invoice_id)
    shares = instalments.shares(card.schedule_id, applied=card.amount_minor - card.open_minor)
    whole = instalments.Share(card.due_on, card.amount_minor, card.open_minor)
    return {
        "invoice_id": card.id,
        "due_on": card.due_on,
        "original_due_on": card.original_due_on or card.due_on,
        "agreed": bool(shares),
        "parts": [
            {
                "due_on": each.due_on,
                "amount_minor": each.amount_minor,
                "open_minor": each.open_minor,
                "currency": card.currency,
            }
            for each in shares or [whole]
        ],
        "discounts": [
            {"until_on": each.until_on, "amount_minor": each.amount_minor, "currency": card.currency}
            for each in discounts.of_invoice(card.id)
        ],
    }
