"""Decides what was given back: a credit note lowers what a debtor owes once it is applied to invoices."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.ledger import periods
from tenants.store import Model, TenantOwned
from tenants.values import ids, money
from tenants.values.faults import Kind, Refusal

PREFIX = "crn"


class CreditNoteKnown(Refusal):
    """Another credit note has this number."""

    kind = Kind.CONFLICT
    code = "credit_note_known"
    remedy = "Look at the credit note that is there."


class BadCreditNote(Refusal):
    """What was said about the credit note cannot be right."""

    code = "bad_credit_note"
    remedy = "Correct the named part."


class UnknownCreditNote(Refusal):
    """No such credit note, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_credit_note"
    remedy = "Look at the list of credit notes again."


class CreditNote(TenantOwned, Model):
    """A credit that a client gave to a debtor."""

    __tablename__ = "credit_note"
    __table_args__ = (
        UniqueConstraint("tenant_id", "number"),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        Index("ix_credit_note_unapplied", "tenant_id", "issued_on", postgresql_where=text("unapplied_minor > 0")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    number: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    unapplied_minor: Mapped[int] = mapped_column(BigInteger)
    issued_on: Mapped[date]
    reason: Mapped[str]
    import_id: Mapped[UUID | None]
    known_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Card:
    """One credit note as pages show it."""

    id: UUID
    debtor_id: UUID
    number: str
    currency: str
    amount_minor: int
    unapplied_minor: int
    issued_on: date
    reason: str


ISSUE = """
INSERT INTO credit_note
  (tenant_id, id, debtor_id, number, currency, amount_minor, unapplied_minor, issued_on, reason, known_at)
VALUES (:tenant, :id, :debtor_id, :number, :currency, :amount_minor, :amount_minor, :issued_on, :reason, :now)
ON CONFLICT (tenant_id, number) DO NOTHING RETURNING id
"""
CREDITED = """
SELECT invoice_id FROM allocation
WHERE tenant_id = :tenant AND credit_note_id = :credit_note_id AND invoice_id IS NOT NULL
GROUP BY invoice_id HAVING sum(amount_minor) > 0 ORDER BY invoice_id
"""
CARD = """
SELECT id, debtor_id, number, currency, amount_minor, unapplied_minor, issued_on, reason FROM credit_note
WHERE tenant_id = :tenant AND id = :credit_note_id
"""


def issue(
    number: str,
    *,
    debtor_id: UUID,
    currency: str,
    amount_minor: int,
    issued_on: date,
    now: datetime,
    reason: str = "",
) -> UUID:
    """Issue a credit note, applied to nothing yet.

    Raises CreditNoteKnown for a number in use, BadCreditNote, PeriodClosed.
    """
    money.digits(currency)
    if amount_minor <= 0:
        raise BadCreditNote("A credit note is worth more than nothing.", pointer="/amount")
    periods.refuse_closed(issued_on, pointer="/issued_on")
    issued: UUID | None = store.run(
        ISSUE,
        id=ids.new(),
        debtor_id=debtor_id,
        number=number,
        currency=currency,
        amount_minor=amount_minor,
        issued_on=issued_on,
        reason=reason,
        now=now,
    ).scalar_one_or_none()
    if issued is None:
        raise CreditNoteKnown(f"There is a credit note with the number {number} already.", pointer="/number")
    return issued


def card(credit_note_id: UUID) -> Card:
    """One credit note. Raises UnknownCreditNote."""
    found = store.run(CARD, credit_note_id=credit_note_id).one_or_none()
    if found is None:
        raise UnknownCreditNote("There is no such credit note.")
    return Card(*found)


def credited(credit_note_id: UUID) -> list[UUID]:
    """The invoices to which a credit note is applied now."""
    return list(store.run(CREDITED, credit_note_id=credit_note_id).scalars())
