"""Decides what goes back to a customer: money that nothing needs, and payments that the bank takes back.

What goes back takes from its payment or credit note like an allocation, and counts for no invoice. A returned payment
is first taken off every invoice that it paid, so that these are open again; then nothing of it is left.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.events import history
from tenants.ledger import allocation, locking
from tenants.ledger.allocation import AlreadyReversed, BadAllocation, OverAllocated, UnknownAllocation
from tenants.ledger.locking import Source
from tenants.values import ids

REFUND, RETURNED = "refund", "returned"


@dataclass(frozen=True, slots=True)
class Back:
    """Something that went back, or a correction of it."""

    id: UUID
    kind: str
    amount_minor: int
    currency: str
    effective_on: date
    known_at: datetime
    reason: str
    reverses_id: UUID | None


ADD = """
INSERT INTO allocation (tenant_id, id, debtor_id, kind, payment_id, credit_note_id, reverses_id, currency,
  amount_minor, effective_on, known_at, reason)
VALUES (:tenant, :id, :debtor_id, :kind, :payment_id, :credit_note_id, :reverses_id, :currency, :minor, :effective_on,
  :now, :reason)
"""
STANDING = """
SELECT a.id, a.effective_on FROM allocation a WHERE a.tenant_id = :tenant AND a.payment_id = :payment_id
  AND a.reverses_id IS NULL AND a.invoice_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM allocation r WHERE r.tenant_id = :tenant AND r.reverses_id = a.id)
ORDER BY a.id
"""
OF_SOURCE = """
SELECT id, kind, amount_minor, currency, effective_on, known_at, reason, reverses_id FROM allocation
WHERE tenant_id = :tenant AND invoice_id IS NULL AND (payment_id = :source_id OR credit_note_id = :source_id)
ORDER BY effective_on, id
"""


def refund(source_id: UUID, *, minor: int, effective_on: date, now: datetime, reason: str) -> UUID:
    """Give back a part of a payment or credit note that is not applied.

    Raises UnknownSource, BadAllocation, OverAllocated when not so much is left, PeriodClosed.
    """
    if minor <= 0:
        raise BadAllocation("A refund is more than nothing.", pointer="/amount")
    source = _source(source_id, effective_on=effective_on, now=now)
    if minor > source.free_minor:
        raise OverAllocated(f"Only {source.free_minor} minor units are left to give back.", pointer="/amount")
    return _post(source, REFUND, minor, effective_on=effective_on, now=now, reason=reason)


def return_payment(payment_id: UUID, *, effective_on: date, now: datetime, reason: str) -> UUID:
    """The bank took a payment back: what it paid is open again from the day on, and nothing of it is left.

    Raises UnknownSource, BadAllocation for a day before something was applied, OverAllocated when a part of it was
    refunded, PeriodClosed.
    """
    source = _source(payment_id, effective_on=effective_on, now=now)
    standing = store.run(STANDING, payment_id=payment_id).all()
    gone = sum(each.amount_minor for each in of_source(payment_id))
    if source.kind != "payment" or gone:
        raise OverAllocated("A part of this went back already, or it is no payment.", pointer="/payment_id")
    if any(each.effective_on > effective_on for each in standing):
        raise BadAllocation("It was applied on a later day than it is to go back.", pointer="/effective_on")
    for each in standing:
        allocation.reverse(each.id, effective_on=effective_on, now=now, reason=reason)
    return _post(source, RETURNED, source.amount_minor, effective_on=effective_on, now=now, reason=reason)


def take_back(refund_id: UUID, *, effective_on: date, now: datetime, reason: str) -> UUID:
    """A refund came back: it is unapplied again. Raises UnknownAllocation, AlreadyReversed, BadAllocation."""
    was = store.run(allocation.FIND, allocation_id=refund_id).one_or_none()
    if was is None or was.kind != REFUND:
        raise UnknownAllocation("There is no such refund.")
    source = _source(was.payment_id or was.credit_note_id, effective_on=effective_on, now=now)
    if was.reverses_id or store.run(allocation.REVERSED, allocation_id=refund_id).first():
        raise AlreadyReversed("This refund was taken back before.")
    if effective_on < was.effective_on:
        raise BadAllocation("A refund cannot end before it began.", pointer="/effective_on")
    return _post(
        source, REFUND, -was.amount_minor, effective_on=effective_on, now=now, reason=reason, reverses_id=was.id
    )


def of_source(source_id: UUID) -> Sequence[Back]:
    """What went back of a payment or credit note, in the order in which it counts."""
    return [Back(*row) for row in store.run(OF_SOURCE, source_id=source_id)]


def _source(source_id: UUID, *, effective_on: date, now: datetime) -> Source:
    allocation.refuse_day(effective_on, now=now)
    source = locking.source(source_id, effective_on=effective_on)
    if effective_on < source.since_on:
        raise BadAllocation("Money cannot go back before it came in.", pointer="/effective_on")
    return source


def _post(
    source: Source,
    kind: str,
    minor: int,
    *,
    effective_on: date,
    now: datetime,
    reason: str,
    reverses_id: UUID | None = None,
) -> UUID:
    made = ids.new()
    store.run(
        ADD,
        id=made,
        debtor_id=source.debtor_id,
        kind=kind,
        payment_id=source.id if source.kind == "payment" else None,
        credit_note_id=source.id if source.kind == "credit_note" else None,
        reverses_id=reverses_id,
        currency=source.currency,
        minor=minor,
        effective_on=effective_on,
        now=now,
        reason=reason,
    )
    locking.take(source, minor=minor)
    history.note(
        f"{source.kind}.{'given_back' if kind == REFUND else 'returned'}" if reverses_id is None else "refund.reversed",
        about=(source.kind, source.id),
        at=now,
        became={"amount_minor": minor, "currency": source.currency, "effective_on": effective_on},
        reason=reason,
    )
    return made
