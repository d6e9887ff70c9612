"""Mail that came in: what a customer wrote, what it is about, and its files, each handed out to be saved."""

from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import downloads, moment
from service.endpoint import endpoint, tools
from service.pages import delivery_tabs, frame
from tenants.delivery import mailbag, sorting
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, invoices

face = Blueprint("incoming", __name__)
MAIL = "/c/<client:client>/mail/<ref('mai'):inbox_id>"


class Nothing(Schema):
    """A button without a field."""


class About(Schema):
    """Which invoice a mail is about."""

    number = fields.String(required=True, validate=validate.Length(1, 60))


@endpoint(face, MAIL, needs="contacts.read")
def incoming_page(client: VisibleClient, inbox_id: UUID) -> str:
    """One mail in plain words, with its files."""
    found = mailbag.opened(inbox_id, documents_in=tools().documents)
    debtor_id, invoice_id = found.row["debtor_id"], found.row["invoice_id"]
    return delivery_tabs.show(
        "incoming.html",
        client,
        tab="messages",
        mail=found,
        debtor=debtors.card(debtor_id) if debtor_id else None,
        invoice=invoices.card(invoice_id) if invoice_id else None,
    )


@endpoint(
    face,
    f"{MAIL}/files/<ref('mfl'):file_id>",
    needs="collections.write",
    method="POST",
    accepts=Nothing,
    produces="application/octet-stream",
)
def take_file(client: VisibleClient, inbox_id: UUID, file_id: UUID, body: dict[str, str]) -> Response:
    """Hand a file out; who took it stands in the history."""
    taken = mailbag.take(file_id, inbox_id=inbox_id, documents_in=tools().documents, now=moment.here().now)
    return downloads.attachment(taken.body, name=taken.name, media_type=taken.media_type)


@endpoint(face, f"{MAIL}/about", needs="collections.write", method="POST", accepts=About)
def sort(client: VisibleClient, inbox_id: UUID, body: dict[str, str]) -> Response:
    """A person says which invoice the mail is about."""
    here = moment.here()
    sorting.sort(inbox_id, number=body["number"], now=here.now, real=here.wall)
    return frame.after_change(url_for("incoming.incoming_page", client=client.slug, inbox_id=inbox_id))
