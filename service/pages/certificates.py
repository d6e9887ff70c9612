"""The certificate of delivery of one invoice, to be handed to somebody who says that it never came."""

from uuid import UUID

from flask import Blueprint
from werkzeug.wrappers import Response

from service import downloads
from service.endpoint import endpoint, tools
from service.pages import labels
from tenants.delivery import certificate, documents, facts, ladder
from tenants.delivery.certificate import Subject
from tenants.delivery.documents import UnknownInvoice
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("certificates", __name__)


@endpoint(face, "/c/<client:client>/invoices/<ref('inv'):invoice_id>/certificate.pdf", needs="delivery.read")
def certificate_page(client: VisibleClient, invoice_id: UUID) -> Response:
    """One page: every sign on the way of the invoice, and what is not known."""
    found, way = facts.invoice(invoice_id), ladder.of_invoice(invoice_id)
    if found is None or way is None:
        raise UnknownInvoice("There is no such invoice.")
    about = Subject(*found, creditor=clients.profile(), document_sha256=documents.shown(invoice_id))
    now = clients.clock().now(tools().clock.now())
    paper = certificate.pdf(way, about=about, rungs=labels.RUNGS, unknown=labels.UNKNOWN, now=now)
    return downloads.attachment(paper, name="certificate-of-delivery.pdf", media_type=documents.PDF)
