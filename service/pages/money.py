"""What a person does about one invoice's money and due dates, each with a word why; and a customer's statement."""

from calendar import monthrange
from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.api import forgoing as forgoing_api
from service.api import statements as files
from service.endpoint import endpoint
from service.pages import frame
from service.pages.invoices import end_of
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import statement_files
from tenants.ledger import due_dates, forgoing, invoices
from tenants.ledger.due_dates import NothingToAgree
from tenants.values.money import Money

face = Blueprint("money", __name__)
WHY = validate.Length(1, 500)
LIMITED = forgoing_api.ROLES


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


class Decision(Schema):
    """Yes or no, with a word."""

    answer = fields.String(required=True, validate=validate.OneOf(("yes", "no")))
    words = fields.String(load_default="", validate=validate.Length(max=500))


NewLimits = Schema.from_dict(
    {role: fields.String(load_default="", validate=validate.Length(max=30)) for role in LIMITED}, name="NewLimits"
)


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
    """Give up a part of the invoice; above the limit of whoever asks, it waits for a second person."""
    return _forgo(forgoing.WRITE_OFF, client, invoice_id, body)


@endpoint(
    face,
    "/c/<client:client>/invoices/<ref('inv'):invoice_id>/discount",
    needs="ledger.write",
    method="POST",
    accepts=Part,
)
def discount(client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    """Let the customer keep a part of the invoice for having paid early."""
    return _forgo(forgoing.DISCOUNT, client, invoice_id, body)


@endpoint(
    face,
    "/c/<client:client>/books/requests/<ref('fgr'):request_id>",
    needs="rules.answer",
    method="POST",
    accepts=Decision,
)
def decide(client: VisibleClient, request_id: UUID, body: dict[str, Any]) -> Response:
    """Agree or refuse what a colleague wants to give up."""
    here = moment.here()
    yes, words = body["answer"] == "yes", body["words"].strip()
    forgoing.answer(request_id, yes=yes, words=words, now=here.now, today=here.today, wall=here.wall)
    return frame.after_change(url_for("books.books_page", client=client.slug))


@endpoint(face, "/c/<client:client>/books/limits", needs="settings.write", method="POST", accepts=NewLimits)
def set_limits(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Set what each role may give up alone; all empty: no limits."""
    currency = client.base_currency
    said = {role: body[role].strip() for role in LIMITED}
    wanted = {role: Money.parse(text, currency).minor for role, text in said.items() if text}
    forgoing.set_limits(wanted, now=moment.here().now)
    return frame.after_change(url_for("books.books_page", client=client.slug))


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
    face,
    "/c/<client:client>/customers/<ref('deb'):debtor_id>/statement.csv",
    needs="ledger.read",
    query=files.AskedFile,
)
def statement_csv(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> Response:
    """The same as a table."""
    said = files.told(debtor_id, query)
    return files.as_file(statement_files.table(said, language=query["language"]), said)


def _forgo(kind: str, client: VisibleClient, invoice_id: UUID, body: dict[str, Any]) -> Response:
    here, card = moment.here(), invoices.card(invoice_id)
    forgoing.forgo(
        invoice_id,
        kind=kind,
        minor=Money.parse(body["amount"], card.currency).minor,
        roles=client.roles,
        effective_on=here.today,
        now=here.now,
        today=here.today,
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
