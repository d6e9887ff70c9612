"""What a customer sees behind the link in a mail, for our own people: it leaves no evidence and its buttons are off."""

from uuid import UUID

from flask import Blueprint

from service.endpoint import endpoint
from service.portal import invoice as portal
from tenants.delivery import facts
from tenants.delivery.documents import UnknownInvoice
from tenants.directory.access import VisibleClient

face = Blueprint("portal_preview", __name__)


@endpoint(face, "/c/<client:client>/invoices/<ref('inv'):invoice_id>/as-customer", needs="delivery.read")
def preview_page(client: VisibleClient, invoice_id: UUID) -> str:
    """The portal page of one invoice."""
    found = facts.invoice(invoice_id)
    if found is None:
        raise UnknownInvoice("There is no such invoice.")
    item, reader = found
    return portal.page((item,), reader=reader, preview=True)
