"""Decides what a letter may speak of: one creditor, one reader, and invoices of exactly that reader's company.

Everything is read once, inside the claiming transaction, so that rendering and sending need no database. An invoice
of another debtor in a message is our worst fault (one customer reading another's bill); it is refused here, whatever
led to it.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.delivery.einvoices.wishes import Wish
from tenants.directory.clients import Profile
from tenants.values.money import Money


class WrongRecipient(RuntimeError):
    """A message holds an invoice, or is addressed to a contact, of another debtor."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice."""

    description: str
    quantity: Decimal
    unit_price_minor: int
    net_minor: int
    tax_rate: Decimal
    tax_minor: int


@dataclass(frozen=True, slots=True)
class Item:
    """One invoice as a letter or a document shows it."""

    invoice_id: UUID
    number: str
    currency: str
    amount_minor: int
    tax_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    purchase_order: str
    lines: tuple[Line, ...] = ()
    contract_due_on: date | None = None
    """By when all of it was due when it was issued: what its document says, whatever was agreed since."""

    @property
    def amount(self) -> Money:
        """The whole invoice."""
        return Money(self.amount_minor, self.currency)

    @property
    def open(self) -> Money:
        """What is still owed."""
        return Money(self.open_minor, self.currency)


@dataclass(frozen=True, slots=True)
class Reader:
    """The company that owes and the person who reads."""

    debtor_id: UUID
    debtor_number: str
    debtor_name: str
    country: str
    contact_id: UUID | None
    contact_name: str
    language: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """All that is needed to write and send one message, with no database at hand."""

    tenant_id: UUID
    message_id: UUID
    attempt_id: UUID
    attempt_no: int
    kind: str
    template: str
    recipient: str
    creditor: Profile
    reader: Reader
    items: tuple[Item, ...]
    today: date
    now: datetime
    link_id: UUID
    link_expires_at: datetime
    pixel: bool
    wish: Wish | None = None
    """Whether the invoice travels as structured data too."""
    wording: str = ""
    """The client's own words; empty where ours speak."""
    sender: str = ""
    """The client's own address to send from; empty: the provider's."""
    carrier: str = "smtp"
    """By whom it leaves; the source of what is said about the hand-over."""
    tally: bool = False
    """Whether loads of an image are counted without knowing whose."""
    busy: int = 0
    """How often its server said not now, for reasons other than our own speed."""
    resumed: bool = False
    """An earlier worker wrote this intent and did not settle it: ask what it heard, send nothing."""


# One by one (OFFSET 0), because a planner that has not seen a new client would search for them.
OF_MESSAGE = """
SELECT i.* FROM message_item x LEFT JOIN LATERAL (
  SELECT id, number, currency, amount_minor, tax_minor, open_minor, due_on, issued_on, purchase_order,
    coalesce(original_due_on, due_on) AS contract_due_on FROM invoice
  WHERE tenant_id = :tenant AND debtor_id = :debtor_id AND id = x.invoice_id OFFSET 0) i ON true
WHERE x.tenant_id = :tenant AND x.message_id = :message_id ORDER BY i.due_on, i.number
"""
ITEMS = """
SELECT id, number, currency, amount_minor, tax_minor, open_minor, due_on, issued_on, purchase_order,
  coalesce(original_due_on, due_on) AS contract_due_on FROM invoice
WHERE tenant_id = :tenant AND debtor_id = :debtor_id AND id = ANY(:ids) ORDER BY due_on, number
"""
INVOICE = """
SELECT i.id, i.number, i.currency, i.amount_minor, i.tax_minor, i.open_minor, i.due_on, i.issued_on, i.purchase_order,
       coalesce(i.original_due_on, i.due_on) AS contract_due_on,
       i.debtor_id,
       d.number AS debtor_number, d.name AS debtor_name, d.country, d.language
FROM invoice i JOIN debtor d ON d.tenant_id = i.tenant_id AND d.id = i.debtor_id
WHERE i.tenant_id = :tenant AND d.tenant_id = :tenant AND i.id = :invoice_id
"""
LINES = """
SELECT invoice_id, description, quantity, unit_price_minor, net_minor, tax_rate, tax_minor FROM invoice_line
WHERE tenant_id = :tenant AND invoice_id = ANY(:ids) ORDER BY invoice_id, position
"""


def signed(creditor: Profile, *, name: str) -> Profile:
    """The client as one message shows it: with the person who signs it, or whom its letterhead names."""
    return replace(creditor, contact_name=name) if name else creditor


def items_of(message_id: UUID, *, debtor_id: UUID, with_lines: bool) -> tuple[Item, ...]:
    """The invoices of a message, oldest due date first. Raises WrongRecipient when one is another debtor's."""
    rows = store.run(OF_MESSAGE, message_id=message_id, debtor_id=debtor_id).all()
    if any(row.id is None for row in rows):
        raise WrongRecipient("a message names an invoice of another customer; it was not sent")
    return _with_lines(rows, wanted=with_lines)


def items(invoice_ids: Sequence[UUID], *, debtor_id: UUID, with_lines: bool = False) -> tuple[Item, ...]:
    """These invoices, as far as they are this debtor's, oldest due date first."""
    return _with_lines(store.run(ITEMS, debtor_id=debtor_id, ids=list(invoice_ids)).all(), wanted=with_lines)


def _with_lines(rows: Sequence[Row[Any]], *, wanted: bool) -> tuple[Item, ...]:
    lines = lines_of([row.id for row in rows]) if wanted else {}
    return tuple(_item(row, lines.get(row.id, ())) for row in rows)


def invoice(invoice_id: UUID) -> tuple[Item, Reader] | None:
    """One invoice with the company that owes it, or None when there is no such invoice in this scope."""
    row = store.run(INVOICE, invoice_id=invoice_id).one_or_none()
    if row is None:
        return None
    reader = Reader(row.debtor_id, row.debtor_number, row.debtor_name, row.country, None, "", row.language)
    return _item(row, lines_of([row.id]).get(row.id, ())), reader


def lines_of(invoice_ids: Sequence[UUID]) -> dict[UUID, tuple[Line, ...]]:
    """The lines of several invoices."""
    found: dict[UUID, list[Line]] = defaultdict(list)
    for invoice_id, *line in store.run(LINES, ids=list(invoice_ids)):
        found[invoice_id].append(Line(*line))
    return {key: tuple(lines) for key, lines in found.items()}


def _item(row: object, lines: tuple[Line, ...]) -> Item:
    read = {name: getattr(row, name) for name in Item.__slots__ if name not in ("invoice_id", "lines")}
    return Item(invoice_id=row.id, lines=lines, **read)  # type: ignore[attr-defined]
