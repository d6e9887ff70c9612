"""What a person does about one invoice's money and due dates, each with a word why; and a customer's statement."""

from calendar import monthrange
from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.api import statements as files
from service.endpoint import endpoint
from service.pages import frame
from service.pages.invoices import end_of
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import statement_files
from tenants.ledger import allocation, due_dates, invoices
from tenants.ledger.due_dates import NothingToAgree
from tenants.values.money import Money

face = Blueprint("money", __name__)
WHY = validate.Length(1, 500)


class NewDueDate(Schema):
    """Another due date for all that is open, or for the first of equal parts."""

    due_on = fields.String(required=True, validate=validate.Length(10, 10))
    parts = fields.Integer(load_default=1, validate=validate.Range(1, 24))
    reason = fields.String(required=True, validate=WHY)


class Why(Schema):
    """A word why."""

    reason = fields.String(required=True, validate=WHY)


class Part(Schema):
    """How much of an invoice, and why."""

    amount = fields.String(required=True, validate=validate.Length(1, 30))
    reason = fields.String(required=True, validate=WHY)


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/due-date",
    needs="ledger.write",
    method="POST",
    accepts=NewDueDate,
)
def agree_due_date(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Agree another due date, or equal parts a month apart of which the first is due then."""
    here, card = moment.here(), invoices.card(invoice_id)
    first_on = end_of(body["due_on"])
    if first_on is None or not card.open_minor:
        raise NothingToAgree("Nothing of this invoice is open.")
    shares = Money(card.open_minor, card.currency).allocate([1] * body["parts"])
    days = [_months_on(first_on, at) for at in range(body["parts"])]
    parts = [(day, share.minor) for day, share in zip(days, shares, strict=True)]
    due_dates.agree(invoice_id, parts=parts, effective_on=here.today, now=here.now, reason=body["reason"].strip())
    return _back(client, invoice_id)


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/due-date/take-back",
    needs="ledger.write",
    method="POST",
    accepts=Why,
)
def take_back_due_date(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Let the contract count again."""
    here = moment.here()
    due_dates.take_back(invoice_id, effective_on=here.today, now=here.now, reason=body["reason"].strip())
    return _back(client, invoice_id)


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/write-off",
    needs="ledger.write",
    method="POST",
    accepts=Part,
)
def write_off(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Give up a part of the invoice."""
    return _forgo(allocation.write_off, client, invoice_id, body)


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/discount",
    needs="ledger.write",
    method="POST",
    accepts=Part,
)
def discount(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Let the customer keep a part of the invoice for having paid early."""
    return _forgo(allocation.discount, client, invoice_id, body)


@endpoint(
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/statement.pdf",
    needs="ledger.read",
    query=files.AskedFile,
)
def statement_pdf(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> Response:
    """The customer's statement of account as a document."""
    said = files.told(debtor_id, query)
    return files.as_file(statement_files.pdf(said, creditor=clients.profile(), language=query["language"]), said)


@endpoint(
    face, "/c/<client:client>/customers/<ref('deb'):debtor_id>/statement.csv", needs="ledger.read", query=files.Asked
)
def statement_csv(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> Response:
    """The same as a table."""
    said = files.told(debtor_id, query)
    return files.as_file(statement_files.table(said), said)


def _forgo(post: Callable[..., UUID], client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    here, card = moment.here(), invoices.card(invoice_id)
    post(
        invoice_id,
        minor=Money.parse(body["amount"], card.currency).minor,
        effective_on=here.today,
        now=here.now,
        reason=body["reason"].strip(),
        wall=here.wall,
    )
    return _back(client, invoice_id)


def _months_on(day: date, months: int) -> date:
    """The same day so many months later, or the last one of that month."""
    years, month = divmod(day.month - 1 + months, 12)
    last = monthrange(day.year + years, month + 1)[1]
    return date(day.year + years, month + 1, min(day.day, last))


def _back(client: VisibleClient, invoice_id: UUID) -> Response:
    return frame.after_change(url_for("invoices.invoice_page", client=client.slug, invoice_id=invoice_id))
