"""E-invoices: what a customer wants, the structured form of an invoice, and answers that come back from the network."""

from typing import Any
from uuid import UUID

from flask import Blueprint, request
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import downloads, moment
from service.endpoint import endpoint
from service.fields import Ref
from tenants.collections import adoption, einvoice_answers
from tenants.delivery import facts
from tenants.delivery.einvoices import cii, making, ubl, wishes
from tenants.delivery.einvoices.bill import Bill, NotStructured
from tenants.delivery.einvoices.wishes import Wish
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.ledger import credit_notes, debtors, invoices
from tenants.values.counts import counted
from tenants.values.money import Money

face = Blueprint("api_einvoices", __name__, url_prefix="/api/v1")
XML = "application/xml"
WRITERS = {"ubl": ubl.write, "cii": cii.write}
OF_DEBTOR = "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>/e-invoice"
OF_CREDIT_NOTE = "/tenants/<client:client>/credit-notes/<ref('crn'):credit_note_id>/e-invoice"
OF_INVOICE = "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/e-invoice"


class Wanted(Schema):
    """How a customer wants its invoices: `pdf` alone, `hybrid` with the data inside, `ubl` with the data beside it."""

    format = fields.String(required=True, validate=validate.OneOf(("pdf", *wishes.FORMATS)))
    endpoint = fields.String(load_default="", validate=validate.Length(max=56))
    buyer_reference = fields.String(load_default="", validate=validate.Length(max=100))


class Syntax(Schema):
    """Which of the two syntaxes of EN 16931."""

    syntax = fields.String(load_default="ubl", validate=validate.OneOf(tuple(WRITERS)))


class Answered(Schema):
    """What an answer from the network proved."""

    invoice_id = Ref("inv", required=True)
    source = fields.String(required=True)
    code = fields.String(required=True)
    said = fields.String(required=True)
    level = fields.Integer(required=True)
    reasons = fields.List(fields.String(), required=True)


@endpoint(face, OF_DEBTOR, needs="ledger.read", returns=Wanted)
def show_einvoice_wish(client: VisibleClient, debtor_id: UUID) -> dict[str, Any]:
    """How a customer wants its invoices."""
    debtors.card(debtor_id)
    wish = wishes.of(debtor_id)
    if wish is None:
        return {"format": "pdf", "endpoint": "", "buyer_reference": ""}
    return {"format": wish.format, "endpoint": wish.endpoint, "buyer_reference": wish.buyer_reference}


@endpoint(
    face,
    OF_DEBTOR,
    needs="ledger.write",
    method="PUT",
    accepts=Wanted,
    returns=Wanted,
    changes=show_einvoice_wish,
)
def change_einvoice_wish(client: VisibleClient, debtor_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """Keep how a customer wants its invoices from now on."""
    debtors.card(debtor_id)
    wish = None if body["format"] == "pdf" else Wish(body["format"], body["endpoint"], body["buyer_reference"])
    now = moment.here().now
    wishes.change(debtor_id, wish=wish, now=now)
    adoption.end_answered(now=now)
    return body


@endpoint(face, OF_INVOICE, needs="ledger.read", query=Syntax, produces=XML)
def download_einvoice(client: VisibleClient, invoice_id: UUID, query: dict[str, str]) -> Response:
    """The invoice as UBL or CII. Refused, with what is missing, where it cannot be said in EN 16931."""
    invoices.card(invoice_id)
    return _written(_bill(invoice_id), syntax=query["syntax"])


@endpoint(face, OF_CREDIT_NOTE, needs="ledger.read", query=Syntax, produces=XML)
def download_credit_note(client: VisibleClient, credit_note_id: UUID, query: dict[str, str]) -> Response:
    """The credit note as UBL or CII, with the invoice that it corrects; refused where it is applied to several."""
    card = credit_notes.card(credit_note_id)
    credited = credit_notes.credited(credit_note_id)
    if len(credited) != 1:
        raise NotStructured(f"Credit note {card.number} is applied to {counted(len(credited), 'invoice')}, not to one.")
    bill = making.credit_of(
        _bill(credited[0]),
        number=card.number,
        issued_on=card.issued_on,
        amount=Money(card.amount_minor, card.currency),
        reason=card.reason,
    )
    return _written(bill, syntax=query["syntax"])


def _bill(invoice_id: UUID) -> Bill:
    found = facts.invoice(invoice_id)
    assert found is not None
    item, reader = found
    wish = wishes.of(reader.debtor_id) or Wish("ubl")
    return making.of_invoice(
        item,
        creditor=clients.profile(),
        reader=reader,
        endpoint=wish.endpoint,
        buyer_reference=wish.buyer_reference,
    )


def _written(bill: Bill, *, syntax: str) -> Response:
    return downloads.attachment(WRITERS[syntax](bill), name=f"{syntax}.xml", media_type=XML)


@endpoint(
    face,
    f"{OF_INVOICE}/responses",
    needs="delivery.write",
    method="POST",
    consumes=XML,
    returns=Answered,
    status=201,
)
def take_einvoice_response(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """Take an Invoice Response or a message level answer as the network gave it: evidence, and work where it asks."""
    card, here = invoices.card(invoice_id), moment.here()
    found = einvoice_answers.take(
        request.get_data(),
        invoice_id=invoice_id,
        number=card.number,
        now=here.now,
        today=here.today,
        real=here.wall,
    )
    return {
        "invoice_id": invoice_id,
        "source": found.source,
        "code": found.code,
        "said": found.said,
        "level": found.level,
        "reasons": list(found.reasons),
    }
