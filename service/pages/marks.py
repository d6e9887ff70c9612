"""What rules left on an invoice or a customer, taken away by a person: a tag, or the stage it is at."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame
from tenants.directory.access import VisibleClient
from tenants.ledger import debtors, invoices
from tenants.rules import marks

face = Blueprint("marks", __name__)


class Mark(Schema):
    """Which tag; empty: the stage."""

    tag = fields.String(load_default="", validate=validate.Length(max=200))


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/marks/remove",
    needs="collections.write",
    method="POST",
    accepts=Mark,
)
def of_invoice(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Take a tag off an invoice, or take it out of its stage."""
    invoices.card(invoice_id)
    _remove(invoice_id, about="invoice", tag=body["tag"])
    return frame.after_change(url_for("invoices.invoice_page", client=client.slug, invoice_id=invoice_id))


@endpoint(
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/marks/remove",
    needs="collections.write",
    method="POST",
    accepts=Mark,
)
def of_customer(client: VisibleClient, debtor_id: UUID, body: dict[str, Any]) -> Response:
    """Take a tag off a customer, or take it out of its stage."""
    debtors.card(debtor_id)
    _remove(debtor_id, about="debtor", tag=body["tag"])
    return frame.after_change(url_for("customers.customer_page", client=client.slug, debtor_id=debtor_id))


def _remove(subject_id: UUID, *, about: str, tag: str) -> None:
    now = moment.here().now
    if tag:
        marks.untag(subject_id, about=about, key=tag, now=now)
    else:
        marks.start_over(subject_id, about=about, now=now)
