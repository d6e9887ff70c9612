"""The customer's own statement of account, behind the link of a mail.

A page shows the invoices of its mail; a link is always written to a named contact of one customer, who may have the
account of that customer as well. Whoever fetches it leaves a trace, as with every document.
"""

from flask import Blueprint
from werkzeug.wrappers import Response

from service import downloads, moment
from service.endpoint import PORTAL, endpoint
from tenants.delivery import documents
from tenants.delivery.links import LinkGrant
from tenants.directory import clients
from tenants.insight import statement_files, statements

face = Blueprint("portal_statement", __name__)


@endpoint(face, "/p/<token>/statement.pdf", needs=PORTAL, leaves="download")
def portal_statement(grant: LinkGrant) -> Response:
    """What was owed, what happened since, and what is open, in the reader's language."""
    today = moment.here().today
    said = statements.of(grant.debtor_id, day=today, today=today)
    paper = statement_files.pdf(said, creditor=clients.profile())
    return downloads.attachment(paper, name=f"statement-{today.isoformat()}.pdf", media_type=documents.PDF)
