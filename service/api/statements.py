"""Statements of account of one customer, as data, as a table and as PDF; and how much of its credit it uses."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import downloads, moment
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.delivery import documents
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import credit, statement_files, statement_words, statements
from tenants.insight.statements import Account, Statement

face = Blueprint("api_statements", __name__, url_prefix="/api/v1")


class Asked(Schema):
    """From which day, as of which day, and with what was known when."""

    first_on = Day(load_default=None, metadata={"description": "Ninety days back, unless another day"})
    as_of = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    known_at = Instant(load_default=None, metadata={"description": "Tell only what was known at this instant"})


class AskedFile(Asked):
    """The same, in a language."""

    language = fields.String(
        load_default="",
        validate=validate.OneOf(("", *statement_words.LANGUAGES)),
        metadata={"description": "The customer's own, unless another; a table is for programs unless one is named"},
    )


class Movement(Schema):
    """One line of the account."""

    on_day = Day(required=True)
    kind = fields.String(required=True)
    reference = fields.String(required=True)
    due_on = Day(required=True, allow_none=True)
    amount = MoneyField("minor", required=True)
    balance = MoneyField("balance_minor", required=True)


class OpenItem(Schema):
    """What is open, part by part."""

    invoice_id = Ref("inv", attribute="id", required=True)
    number = fields.String(required=True)
    issued_on = Day(required=True)
    due_on = Day(required=True)
    days_late = fields.Integer(attribute="late", required=True)
    open = MoneyField("open_minor", required=True)


class AccountShown(Schema):
    """The account in one currency."""

    currency = fields.String(required=True)
    opening = MoneyField("opening_minor", required=True)
    closing = MoneyField("closing_minor", required=True)
    unapplied = MoneyField("unapplied_minor", required=True)
    movements = fields.List(fields.Nested(Movement), required=True)
    open_items = fields.List(fields.Nested(OpenItem), required=True)


class StatementShown(Schema):
    """A statement of account."""

    debtor_id = Ref("deb", required=True)
    first_on = Day(required=True)
    as_of = Day(required=True)
    known_at = Instant(required=True, allow_none=True)
    accounts = fields.List(fields.Nested(AccountShown), required=True)


class CreditPart(Schema):
    """The exposure in one currency, and the rates by which it counts."""

    open = MoneyField("open_minor", required=True)
    unapplied = MoneyField("unapplied_minor", required=True)
    rates = fields.List(fields.String(), required=True)


class CreditShown(Schema):
    """How much of its credit a customer uses; without a figure it says why."""

    debtor_id = Ref("deb", required=True)
    as_of = Day(attribute="day", required=True)
    limit = MoneyField("limit_minor", required=True, allow_none=True)
    exposure = MoneyField("exposure_minor", required=True, allow_none=True)
    free = MoneyField("free_minor", required=True, allow_none=True)
    use = fields.Float(required=True, allow_none=True, metadata={"description": "Share of the limit"})
    tight = fields.Boolean(attribute="is_tight", required=True)
    reason = fields.String(required=True)
    parts = fields.List(fields.Nested(CreditPart), required=True)


class CreditList(Schema):
    """Customers whose credit is nearly or wholly used, the most used first."""

    items = fields.List(fields.Nested(CreditShown), required=True)


BASE = "/tenants/<client:client>/debtors/<ref('deb'):debtor_id>"


@endpoint(face, f"{BASE}/statement", needs="ledger.read", query=Asked, returns=StatementShown)
def show_statement(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """What a customer owed, what happened since, and what is open."""
    said = told(debtor_id, query)
    return {
        "debtor_id": debtor_id,
        "first_on": said.first_on,
        "as_of": said.day,
        "known_at": said.known_at,
        "accounts": [_account(account) for account in said.accounts],
    }


@endpoint(face, f"{BASE}/statement.pdf", needs="ledger.read", query=AskedFile, produces=documents.PDF)
def print_statement(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> Response:
    """The statement as a document, in the customer's language."""
    said = told(debtor_id, query)
    return as_file(statement_files.pdf(said, creditor=clients.profile(), language=query["language"]), said)


@endpoint(face, f"{BASE}/statement.csv", needs="ledger.read", query=AskedFile, produces="text/csv")
def export_statement(client: VisibleClient, debtor_id: UUID, query: dict[str, Any]) -> Response:
    """The statement as a table."""
    said = told(debtor_id, query)
    return as_file(statement_files.table(said, language=query["language"]), said)


@endpoint(face, f"{BASE}/credit", needs="ledger.read", returns=CreditShown)
def show_credit(client: VisibleClient, debtor_id: UUID) -> dict[str, Any]:
    """How much of its credit a customer uses."""
    return _credit(credit.of(debtor_id, today=moment.here().today))


@endpoint(face, "/tenants/<client:client>/credit", needs="insight.read", returns=CreditList)
def list_tight_credit(client: VisibleClient) -> dict[str, Any]:
    """The customers who use more than nine tenths of their credit, and those for whom it cannot be told."""
    return {"items": [_credit(each) for each in credit.tight(today=moment.here().today)]}


def told(debtor_id: UUID, query: dict[str, Any]) -> Statement:
    """The statement that was asked for."""
    today = moment.here().today
    return statements.of(
        debtor_id,
        day=query["as_of"] or today,
        first_on=query["first_on"],
        known_at=query["known_at"],
        today=today,
    )


def as_file(body: bytes | str, said: Statement) -> Response:
    """A PDF or a table to be kept."""
    is_table = isinstance(body, str)
    name = f"statement-{said.day.isoformat()}.{'csv' if is_table else 'pdf'}"
    return downloads.attachment(body, name=name, media_type=downloads.CSV if is_table else documents.PDF)


def _account(account: Account) -> dict[str, Any]:
    def lines(rows: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
        return [{name: getattr(row, name) for name in names} | {"currency": account.currency} for row in rows]

    return {
        "currency": account.currency,
        "opening_minor": account.opening_minor,
        "closing_minor": account.closing_minor,
        "unapplied_minor": account.aging.unapplied_minor,
        "movements": lines(account.movements, ("on_day", "kind", "reference", "due_on", "minor", "balance_minor")),
        "open_items": lines(account.open_items, ("id", "number", "issued_on", "due_on", "late", "open_minor")),
    }


def _credit(found: credit.Credit) -> dict[str, Any]:
    named = ("debtor_id", "day", "currency", "limit_minor", "exposure_minor", "free_minor", "use", "is_tight", "reason")
    parts = [
        {
            "currency": part.currency,
            "open_minor": part.open_minor,
            "unapplied_minor": part.unapplied_minor,
            "rates": [f"{rate.base}/{rate.quote} {rate.rate} on {rate.on_day}, {rate.source}" for rate in part.rates],
        }
        for part in found.parts
    ]
    return {name: getattr(found, name) for name in named} | {"parts": parts}
