"""Decides what is owed: an invoice has one number, an amount that never changes, and a date by which it is due.

What is still open is the amount less everything applied to it; it is kept on the row and can be computed again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history, recording
from tenants.ledger import balances, instalments, lines, periods, standing
from tenants.ledger.balances import Move
from tenants.ledger.lines import Line
from tenants.store import Model, TenantOwned
from tenants.values import bones, ids, money
from tenants.values.faults import Kind, Refusal

PREFIX = "inv"
INVOICE, DEBIT_NOTE = "invoice", "debit_note"
STILL_OPEN = "open_minor > 0 AND voided_on IS NULL"


class InvoiceKnown(Refusal):
    """Another invoice has this number."""

    kind = Kind.CONFLICT
    code = "invoice_known"
    remedy = "Look at the invoice that is there."


class UnknownInvoice(Refusal):
    """No such invoice, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_invoice"
    remedy = "Look at the list of invoices again."


class BadInvoice(Refusal):
    """What was said about the invoice cannot be right."""

    code = "bad_invoice"
    remedy = "Correct the named part."


class InvoiceHasPostings(Refusal):
    """Money was applied to the invoice."""

    kind = Kind.CONFLICT
    code = "invoice_has_postings"
    remedy = "Reverse what was applied first, or issue a credit note."


class Invoice(TenantOwned, Model):
    """One invoice, with what others summarise on it about delivery and contact."""

    __tablename__ = "invoice"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        Index("ix_invoice_debtor", "tenant_id", "debtor_id", "due_on", "id"),
        Index(
            "ix_invoice_open",
            "tenant_id",
            "due_on",
            "id",
            postgresql_where=text("open_minor > 0 AND voided_on IS NULL"),
        ),
        Index(
            "ix_invoice_settled",
            "tenant_id",
            "debtor_id",
            "settled_on",
            "due_on",
            postgresql_where=text("settled_on IS NOT NULL AND voided_on IS NULL"),
        ),
        Index("ix_invoice_issued", "tenant_id", "issued_on", "id"),
        Index("ix_invoice_bones", "tenant_id", "bones", postgresql_where=text(STILL_OPEN)),
        Index("ix_invoice_open_amount", "tenant_id", "currency", "open_minor", postgresql_where=text(STILL_OPEN)),
        Index("ix_invoice_voided", "tenant_id", "voided_on", postgresql_where=text("voided_on IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    number: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    issued_on: Mapped[date]
    due_on: Mapped[date]
    kind: Mapped[str]
    original_due_on: Mapped[date | None]
    schedule_id: Mapped[UUID | None]
    purchase_order: Mapped[str]
    open_minor: Mapped[int] = mapped_column(BigInteger)
    settled_on: Mapped[date | None]
    voided_on: Mapped[date | None]
    voided_at: Mapped[datetime | None]
    known_at: Mapped[datetime]
    import_id: Mapped[UUID | None]
    delivery: Mapped[str]
    delivered_at: Mapped[datetime | None]
    bounced_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime | None]
    evidence_level: Mapped[int] = mapped_column(SmallInteger)
    reminder_count: Mapped[int] = mapped_column(SmallInteger)
    last_reminder_at: Mapped[datetime | None]
    last_contact_at: Mapped[datetime | None]
    last_reply_at: Mapped[datetime | None]
    bones: Mapped[str]
    """What the number keeps when its prefix and its zeros are lost; cash application finds it by that."""


@dataclass(frozen=True, slots=True)
class Card:
    """One invoice as pages show it."""

    id: UUID
    debtor_id: UUID
    debtor_name: str
    debtor_number: str
    number: str
    currency: str
    amount_minor: int
    tax_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    purchase_order: str
    settled_on: date | None
    voided_on: date | None
    delivery: str
    delivered_at: datetime | None
    bounced_at: datetime | None
    first_seen_at: datetime | None
    evidence_level: int
    reminder_count: int
    last_contact_at: datetime | None
    standing: str
    kind: str
    original_due_on: date | None
    """The day by contract, where another one counts now."""
    schedule_id: UUID | None


ISSUE = """
INSERT INTO invoice (tenant_id, id, debtor_id, number, kind, currency, amount_minor, tax_minor, issued_on, due_on,
  purchase_order, open_minor, settled_on, known_at, bones)
VALUES (:tenant, :id, :debtor_id, :number, :kind, :currency, :amount_minor, :tax_minor, :issued_on, :due_on,
  :purchase_order, :amount_minor, CASE WHEN :amount_minor = 0 THEN CAST(:issued_on AS date) END, :now, :bones)
ON CONFLICT (tenant_id, number) DO NOTHING RETURNING id
"""
VOID = """
UPDATE invoice SET voided_on = :on, voided_at = :now
WHERE tenant_id = :tenant AND id = :invoice_id AND voided_on IS NULL AND open_minor = amount_minor AND issued_on <= :on
RETURNING currency, due_on, open_minor, schedule_id
"""
SCHEDULED = """
UPDATE invoice SET schedule_id = :schedule, original_due_on = due_on, due_on = :first_on
WHERE tenant_id = :tenant AND id = :invoice_id
"""
CARD = f"""
SELECT i.id, i.debtor_id, d.name, d.number, i.number, i.currency, i.amount_minor, i.tax_minor, i.open_minor,
  i.issued_on, i.due_on, i.purchase_order, i.settled_on, i.voided_on, i.delivery, i.delivered_at, i.bounced_at,
  i.first_seen_at, i.evidence_level, i.reminder_count, i.last_contact_at, {standing.WORD} AS standing,
  i.kind, i.original_due_on, i.schedule_id
FROM invoice i JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.{{column}} = :value
"""


def issue(
    number: str,
    *,
    debtor_id: UUID,
    currency: str,
    amount_minor: int,
    issued_on: date,
    due_on: date,
    now: datetime,
    tax_minor: int = 0,
    purchase_order: str = "",
    contents: Sequence[Line] = (),
    wall: datetime | None = None,
    kind: str = INVOICE,
    parts: Sequence[tuple[date, int]] = (),
) -> UUID:
    """Issue an invoice or debit note and tell those who deliver it; `wall` is the real time where the clock is moved.

    `parts` are instalments by due date, the last of them due on `due_on`. Raises BadInvoice, BadSchedule, LinesDiffer
    or UnknownCurrency for words that cannot be right, InvoiceKnown for a number in use, PeriodClosed.
    """
    money.digits(currency)
    _refuse_bad(amount_minor, tax_minor=tax_minor, issued_on=issued_on, due_on=due_on, parts=parts)
    divided = instalments.divide(parts, amount_minor=amount_minor) if parts else ()
    issued: UUID | None = store.run(
        ISSUE,
        id=ids.new(),
        debtor_id=debtor_id,
        number=number,
        kind=kind,
        currency=currency,
        amount_minor=amount_minor,
        tax_minor=tax_minor,
        issued_on=issued_on,
        due_on=due_on,
        purchase_order=purchase_order,
        now=now,
        bones=bones.bones(number),
    ).scalar_one_or_none()
    if issued is None:
        raise InvoiceKnown(f"There is an invoice with the number {number} already.", pointer="/number")
    if contents:
        lines.add(issued, debtor_id=debtor_id, lines=contents, amount_minor=amount_minor)
    _owe(issued, debtor_id, currency, amount_minor, divided, issued_on=issued_on, due_on=due_on, now=now)
    recording.record("invoice.issued", key=f"invoice:{issued}", now=wall or now, invoice_ids=[issued])
    return issued


def _owe(
    issued: UUID,
    debtor_id: UUID,
    currency: str,
    amount_minor: int,
    divided: Sequence[instalments.Part],
    *,
    issued_on: date,
    due_on: date,
    now: datetime,
) -> None:
    """Put what is asked for into today's balances: by instalment where there are any."""
    if divided:
        schedule = instalments.add(issued, debtor_id=debtor_id, parts=divided, effective_on=issued_on, now=now)
        store.run(SCHEDULED, invoice_id=issued, schedule=schedule, first_on=divided[0].due_on)
        balances.move(instalments.moves(currency, divided, was=amount_minor, becomes=0))
    elif amount_minor:
        balances.move([Move(currency, due_on, amount_minor, 1)])


def _refuse_bad(
    amount_minor: int, *, tax_minor: int, issued_on: date, due_on: date, parts: Sequence[tuple[date, int]]
) -> None:
    if amount_minor < 0 or not 0 <= tax_minor <= amount_minor:
        raise BadInvoice("An invoice asks for nothing or more, its tax included.", pointer="/amount")
    if due_on < issued_on or (parts and not issued_on <= parts[0][0] <= parts[-1][0] == due_on):
        raise BadInvoice("An invoice is due from its issue on, the last part by its due date.", pointer="/due_on")
    periods.refuse_closed(issued_on, pointer="/issued_on")


def void(invoice_id: UUID, *, on: date, now: datetime, reason: str) -> None:
    """Take an invoice back from a day on.

    Raises UnknownInvoice, PeriodClosed, or InvoiceHasPostings when it can only be credited.
    """
    periods.refuse_closed(on, pointer="/on")
    row = store.run(VOID, invoice_id=invoice_id, on=on, now=now).one_or_none()
    if row is None:
        found = card(invoice_id)
        if found.voided_on is None and found.open_minor == found.amount_minor:
            raise BadInvoice("An invoice cannot be void before it is issued.", pointer="/on")
        raise InvoiceHasPostings("Money was applied to this invoice, or it is void already.")
    if row.schedule_id:
        parts = instalments.of_schedules([row.schedule_id])[row.schedule_id]
        balances.move(instalments.moves(row.currency, parts, was=0, becomes=row.open_minor))
    elif row.open_minor:
        balances.move([Move(row.currency, row.due_on, -row.open_minor, -1)])
    history.note("invoice.voided", about=("invoice", invoice_id), at=now, became={"voided_on": on}, reason=reason)


def card(invoice_id: UUID, *, today: date | None = None) -> Card:
    """One invoice, as it stands on a day. Raises UnknownInvoice when there is none that this scope may see."""
    return _card("id", invoice_id, today)


def numbered(number: str) -> Card:
    """The invoice with this number. Raises UnknownInvoice."""
    return _card("number", number)


def _card(column: str, value: UUID | str, today: date | None = None) -> Card:
    found = store.run(CARD.format(column=column), value=value, today=today).one_or_none()
    if found is None:
        raise UnknownInvoice("There is no such invoice.")
    return Card(*found)
