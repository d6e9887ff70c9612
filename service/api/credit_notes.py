"""Credit notes: what was given back, and the invoices that it lowers."""

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
from tenants.ledger import credit_notes, debtors, registers

face = Blueprint("api_credit_notes", __name__, url_prefix="/api/v1")


class NewCreditNote(Schema):
    """A credit to give."""

    number = fields.String(required=True, validate=validate.Length(1, 64))
    debtor_id = Ref("deb", required=True)
    amount = MoneyField(required=True)
    issued_on = Day(required=True)
    reason = fields.String(load_default="", validate=validate.Length(max=500))


class CreditNote(Schema):
    """One credit note."""

    id = Ref("crn", required=True)
    number = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    amount = MoneyField("amount_minor", required=True)
    unapplied = MoneyField("unapplied_minor", required=True)
    issued_on = Day(required=True)
    reason = fields.String(required=True)


@endpoint(
    face,
    "/tenants/<client:client>/credit-notes",
    needs="ledger.read",
    query=allocations.Sources,
    returns=paging.page_of(CreditNote),
)
def list_credit_notes(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Credit notes, the newest first."""
    found = registers.credit_notes(
        debtor_id=query["debtor_id"],
        unapplied=query["unapplied"],
        after=paging.start("credit-notes", query, date.fromisoformat, UUID),
        limit=query["limit"],
    )
    return paging.answer("credit-notes", query, found.rows, found.next)


@endpoint(
    face,
    "/tenants/<client:client>/credit-notes",
    needs="ledger.write",
    method="POST",
    accepts=NewCreditNote,
    returns=CreditNote,
    status=201,
    once=True,
    batch=True,
)
def issue_credit_note(client: VisibleClient, body: dict[str, Any]) -> credit_notes.Card:
    """Issue a credit note, applied to nothing yet."""
    amount = body.pop("amount")
    debtors.card(body["debtor_id"])
    issued = credit_notes.issue(
        body.pop("number"), currency=amount.currency, amount_minor=amount.minor, now=moment.here().now, **body
    )
    return credit_notes.card(issued)


@endpoint(
    face,
    "/tenants/<client:client>/credit-notes/<ref('crn'):credit_note_id>",
    needs="ledger.read",
    returns=CreditNote,
)
def show_credit_note(client: VisibleClient, credit_note_id: UUID) -> credit_notes.Card:
    """One credit note."""
    return credit_notes.card(credit_note_id)


@endpoint(
    face,
    "/tenants/<client:client>/credit-notes/<ref('crn'):credit_note_id>/allocations",
    needs="ledger.write",
    method="POST",
    accepts=allocations.Parts,
    returns=allocations.Applied,
    status=201,
    once=True,
)
def apply_credit_note(client: VisibleClient, credit_note_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Apply a credit note to invoices."""
    made = allocations.apply(credit_note_id, body, currency=credit_notes.card(credit_note_id).currency)
    left = credit_notes.card(credit_note_id)
    return {"allocation_ids": made, "unapplied_minor": left.unapplied_minor, "currency": left.currency}
