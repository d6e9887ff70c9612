"""How an invoice reached its reader: its document, its messages, and the ladder of what is proved."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from service import downloads, moment, problems
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.delivery import documents, ladder, outbox, unsettled
from tenants.directory.access import VisibleClient
from tenants.ledger import invoices

face = Blueprint("api_delivery", __name__, url_prefix="/api/v1")
STATES = ("queued", "sending", "sent", "delayed", "unconfirmed") + (
    "delivered",
    "bounced",
    "failed",
    "held",
    "cancelled",
)


class Messages(paging.PageQuery):
    """Which messages."""

    state = fields.String(load_default=None, validate=validate.OneOf(STATES))


class Message(Schema):
    """One message to one recipient."""

    id = Ref("msg", required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    contact_id = Ref("con", required=True)
    invoice_ids = fields.List(Ref("inv"), required=True)
    kind = fields.String(required=True)
    channel = fields.String(required=True)
    recipient = fields.String(required=True)
    language = fields.String(required=True)
    template = fields.String(required=True)
    rule_key = fields.String(required=True)
    signed_by = fields.String(required=True, metadata={"description": "Who signs it; empty: whom the letterhead names"})
    subject = fields.String(required=True)
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    held_reason = fields.String(required=True)
    evidence_level = fields.Integer(required=True, validate=validate.Range(0, 7))
    queued_at = Instant(required=True)
    sent_at = Instant(required=True, allow_none=True)
    delivered_at = Instant(required=True, allow_none=True)
    bounced_at = Instant(required=True, allow_none=True)


class SendAgain(Schema):
    """Why it is sent again."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


class Rung(Schema):
    """One thing that happened on the way."""

    what = fields.String(required=True)
    at = Instant(required=True)
    source = fields.String(required=True)
    strength = fields.String(required=True, validate=validate.OneOf(("proved", "likely", "weak")))
    level = fields.Integer(required=True, validate=validate.Range(0, 7))
    who = fields.String(required=True)
    detail = fields.String(required=True)
    said = fields.String(required=True, metadata={"description": "The mail server's or provider's own words"})
    message_id = Ref("msg", required=True, allow_none=True)


class Ladder(Schema):
    """The whole way of one invoice, and what is not known about it."""

    invoice_id = Ref("inv", required=True)
    level = fields.Integer(required=True, validate=validate.Range(0, 7))
    rungs = fields.List(fields.Nested(Rung), required=True)
    not_known = fields.List(fields.String(), attribute="unknown", data_key="unknown", required=True)


class DocumentMade(Schema):
    """A document that was printed, or found printed already."""

    invoice_id = Ref("inv", required=True)
    media_type = fields.String(required=True)
    sha256 = fields.String(required=True)
    bytes = fields.Integer(required=True)


@endpoint(
    face, "/tenants/<client:client>/messages", needs="delivery.read", query=Messages, returns=paging.page_of(Message)
)
def list_messages(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Messages, the newest first."""
    return _messages(query, None, state=query["state"])


@endpoint(
    face,
    "/tenants/<client:client>/messages/<ref('msg'):message_id>",
    needs="delivery.read",
    returns=Message,
)
def show_message(client: VisibleClient, message_id: UUID) -> Any:
    """One message."""
    return outbox.one(message_id)


@endpoint(
    face,
    "/tenants/<client:client>/messages/<ref('msg'):message_id>/send-again",
    needs="delivery.write",
    method="POST",
    accepts=SendAgain,
    returns=Message,
    once=True,
)
def send_message_again(client: VisibleClient, message_id: UUID, body: dict[str, str]) -> Any:
    """Send a message that is held because nobody knows whether it left; the conduct gate looks at it once more."""
    here = moment.here()
    outbox.one(message_id)
    unsettled.send_again(message_id, now=here.now, real=here.wall, why=body["reason"].strip())
    return outbox.one(message_id)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/messages",
    needs="delivery.read",
    query=paging.PageQuery,
    returns=paging.page_of(Message),
)
def list_messages_of_invoice(client: VisibleClient, invoice_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """What was written about an invoice, the newest first."""
    invoices.card(invoice_id)
    return _messages(query, invoice_id)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/ladder",
    needs="delivery.read",
    returns=Ladder,
)
def show_ladder(client: VisibleClient, invoice_id: UUID) -> ladder.Ladder:
    """What is proved, likely and unknown about the way of an invoice to its reader."""
    found = ladder.of_invoice(invoice_id)
    if found is None:
        raise invoices.UnknownInvoice("There is no such invoice.")
    return found


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/document",
    needs="delivery.read",
    produces=documents.PDF,
)
def download_document(client: VisibleClient, invoice_id: UUID) -> Response:
    """The newest document of an invoice, as it was or will be sent; looking leaves no evidence."""
    card = invoices.card(invoice_id)
    kept = documents.newest(invoice_id)
    if kept is None:
        raise problems.NotFound(
            "This invoice was not printed yet.", remedy="It is printed when it is sent; or print it with a POST here."
        )
    body, name = tools().documents.get(kept["store_key"]), _file_name(card.number)
    response = downloads.attachment(body, name=name, media_type=kept["media_type"])
    response.set_etag(kept["sha256"])
    return response


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/document",
    needs="delivery.write",
    method="POST",
    returns=DocumentMade,
    status=201,
    once=True,
)
def print_document(client: VisibleClient, invoice_id: UUID) -> dict[str, Any]:
    """Print the document of an invoice, without sending it."""
    toolbox = tools()
    made = documents.make_invoice(
        invoice_id, documents_in=toolbox.documents, settings=toolbox.settings, now=moment.here().now
    )
    return {
        "invoice_id": invoice_id,
        "media_type": made.media_type,
        "sha256": made.sha256,
        "bytes": len(made.body),
    }


def _messages(query: dict[str, Any], invoice_id: UUID | None, **filters: Any) -> dict[str, Any]:
    name = f"messages:{invoice_id or ''}"
    after = paging.start(name, query, datetime.fromisoformat, UUID)
    found = outbox.listed(invoice_id=invoice_id, after=after, limit=query["limit"] + 1, **filters)
    return paging.cut(name, query, found, lambda row: (row["queued_at"], row["id"]))


def _file_name(number: str) -> str:
    safe = "".join(sign if sign.isascii() and (sign.isalnum() or sign in "-_.") else "-" for sign in number)
    return f"invoice-{safe[:80]}.pdf"
