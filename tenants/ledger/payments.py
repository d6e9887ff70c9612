"""Decides what came in: a payment is kept once per source and reference, and is unapplied until somebody applies it."""

from collections.abc import Sequence
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

PREFIX = "pay"


class PaymentKnown(Refusal):
    """This payment was kept before."""

    kind = Kind.CONFLICT
    code = "payment_known"
    remedy = "Nothing needs to be done: it is in the books."


class BadPayment(Refusal):
    """What was said about the payment cannot be right."""

    code = "bad_payment"
    remedy = "Correct the named part."


class UnknownPayment(Refusal):
    """No such payment, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_payment"
    remedy = "Look at the list of payments again."


class Payment(TenantOwned, Model):
    """Money that a debtor sent."""

    __tablename__ = "payment"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "reference"),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        Index("ix_payment_debtor", "tenant_id", "debtor_id", "received_on"),
        Index("ix_payment_unapplied", "tenant_id", "received_on", postgresql_where=text("unapplied_minor > 0")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    reference: Mapped[str]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    unapplied_minor: Mapped[int] = mapped_column(BigInteger)
    received_on: Mapped[date]
    source: Mapped[str]
    import_id: Mapped[UUID | None]
    known_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Card:
    """One payment as pages show it."""

    id: UUID
    debtor_id: UUID
    reference: str
    currency: str
    amount_minor: int
    unapplied_minor: int
    received_on: date
    source: str


@dataclass(frozen=True, slots=True)
class Part:
    """What of a payment counts for one invoice, or no longer does."""

    id: UUID
    invoice_id: UUID
    number: str
    amount_minor: int
    effective_on: date
    reason: str
    reverses_id: UUID | None


RECEIVE = """
INSERT INTO payment
  (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source, known_at)
VALUES (:tenant, :id, :debtor_id, :reference, :currency, :amount_minor, :amount_minor, :received_on, :source, :now)
ON CONFLICT (tenant_id, source, reference) DO NOTHING RETURNING id
"""
CARD = """
SELECT id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source FROM payment
WHERE tenant_id = :tenant AND id = :payment_id
"""
PARTS = """
SELECT a.id, a.invoice_id, i.number, a.amount_minor, a.effective_on, a.reason, a.reverses_id
FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant AND a.payment_id = :payment_id ORDER BY a.effective_on, a.id
"""


def receive(
    debtor_id: UUID,
    *,
    reference: str,
    currency: str,
    amount_minor: int,
    received_on: date,
    now: datetime,
    source: str = "",
) -> UUID:
    """Keep a payment, applied to nothing yet.

    Raises PaymentKnown when its source told of it before, BadPayment, PeriodClosed.
    """
    money.digits(currency)
    if amount_minor <= 0:
        raise BadPayment("A payment is more than nothing.", pointer="/amount")
    periods.refuse_closed(received_on, pointer="/received_on")
    received: UUID | None = store.run(
        RECEIVE,
        id=ids.new(),
        debtor_id=debtor_id,
        reference=reference,
        currency=currency,
        amount_minor=amount_minor,
        received_on=received_on,
        source=source,
        now=now,
    ).scalar_one_or_none()
    if received is None:
        raise PaymentKnown(f"The payment {reference} is in the books already.", pointer="/reference")
    return received


def card(payment_id: UUID) -> Card:
    """One payment. Raises UnknownPayment."""
    found = store.run(CARD, payment_id=payment_id).one_or_none()
    if found is None:
        raise UnknownPayment("There is no such payment.")
    return Card(*found)


def parts(payment_id: UUID) -> Sequence[Part]:
    """What a payment pays, in the order in which it counts."""
    return [Part(*row) for row in store.run(PARTS, payment_id=payment_id)]
