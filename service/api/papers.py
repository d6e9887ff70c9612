"""Papers: the document of record that an invoice came on, and the lines of bank statements."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields
from werkzeug.wrappers import Response

from service import downloads
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Day, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.intake import bank_lines, originals

face = Blueprint("api_papers", __name__, url_prefix="/api/v1")
ANY_FILE = "application/octet-stream"
NEWEST = (date.max, UUID(int=2**128 - 1))


class BankLineQuery(paging.PageQuery):
    """Which lines."""

    unmatched = fields.Boolean(load_default=False, metadata={"description": "Only credits without a payment"})


class BankLine(Schema):
    """One line of a bank statement; a negative amount left the account."""

    id = Ref("bnk", required=True)
    account = fields.String(required=True)
    amount = MoneyField("amount_minor", required=True)
    booked_on = Day(required=True)
    valued_on = Day(required=True)
    party = fields.String(required=True)
    words = fields.String(required=True)
    reference = fields.String(required=True)
    payment_id = Ref("pay", required=True, allow_none=True)


@endpoint(
    face,
    "/tenants/<client:client>/invoices/<ref('inv'):invoice_id>/original",
    needs="import.read",
    produces=ANY_FILE,
)
def download_original(client: VisibleClient, invoice_id: UUID) -> Response:
    """The electronic paper that an invoice came on, byte for byte."""
    kept = originals.of(invoice_id, files=tools().files)
    response = downloads.attachment(kept.content, name=kept.name, media_type=kept.media_type)
    response.set_etag(kept.sha256)
    return response


@endpoint(
    face,
    "/tenants/<client:client>/bank-lines",
    needs="import.read",
    query=BankLineQuery,
    returns=paging.page_of(BankLine),
)
def list_bank_lines(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Lines of bank statements, the newest first."""
    before, before_id = paging.start("bank-lines", query, date.fromisoformat, UUID) or NEWEST
    found = bank_lines.page(before=before, before_id=before_id, unmatched=query["unmatched"], limit=query["limit"] + 1)
    return paging.cut("bank-lines", query, found, lambda line: (line.booked_on, line.id))
