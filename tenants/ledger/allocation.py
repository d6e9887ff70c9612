"""Decides what is paid: what part of a payment, credit note, write-off or discount counts for an invoice from when on.

Nothing is ever over-allocated, today or on any past day: an invoice never has less than nothing open, and a payment
never gives more than it is worth. A correction is a new row that names what it reverses; no row is edited. Rows are
locked in one order, the source first and then the invoices by id, so that two people who apply cash at once never wait
for each other in a circle.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import clients
from tenants.events import recording
from tenants.ledger import balances, instalments, locking, periods
from tenants.ledger.balances import Move
from tenants.ledger.locking import Item, Source
from tenants.store import Model, TenantOwned
from tenants.values import calendars, ids
from tenants.values.faults import Kind, Refusal

PREFIX = "all"


class OverAllocated(Refusal):
    """More than there is would be applied, on that day or on a later one."""

    kind = Kind.CONFLICT
    code = "over_allocated"
    remedy = "Apply less, or from a later day."


class BadAllocation(Refusal):
    """What was said cannot be applied."""

    code = "bad_allocation"
    remedy = "Correct the named part."


class UnknownAllocation(Refusal):
    """No such allocation, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_allocation"
    remedy = "Look at the invoice's postings again."


class AlreadyReversed(Refusal):
    """The allocation was taken back before, or is itself a correction."""

    kind = Kind.CONFLICT
    code = "already_reversed"
    remedy = "Look at the invoice's postings again."


class Allocation(TenantOwned, Model):
    """One part of one source that counts for one invoice from a day on."""

    __tablename__ = "allocation"
    __table_args__ = (
        UniqueConstraint("tenant_id", "reverses_id"),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payment.tenant_id", "payment.id"]),
        ForeignKeyConstraint(["tenant_id", "credit_note_id"], ["credit_note.tenant_id", "credit_note.id"]),
        ForeignKeyConstraint(["tenant_id", "reverses_id"], ["allocation.tenant_id", "allocation.id"]),
        Index("ix_allocation_invoice", "tenant_id", "invoice_id", "effective_on"),
        Index("ix_allocation_effective", "tenant_id", "effective_on", "invoice_id"),
        Index("ix_allocation_payment", "tenant_id", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
        Index(
            "ix_allocation_credit_note",
            "tenant_id",
            "credit_note_id",
            postgresql_where=text("credit_note_id IS NOT NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    kind: Mapped[str]
    payment_id: Mapped[UUID | None]
    credit_note_id: Mapped[UUID | None]
    reverses_id: Mapped[UUID | None]
    currency: Mapped[str]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    effective_on: Mapped[date]
    known_at: Mapped[datetime]
    reason: Mapped[str]
    import_id: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class Posting:
    """One allocation as an invoice's page shows it."""

    id: UUID
    kind: str
    source: str
    amount_minor: int
    currency: str
    effective_on: date
    known_at: datetime
    reason: str
    reverses_id: UUID | None


ADD = """
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, credit_note_id, reverses_id, currency,
  amount_minor, effective_on, known_at, reason)
VALUES (:tenant, :id, :debtor_id, :invoice_id, :kind, :payment_id, :credit_note_id, :reverses_id, :currency,
  :amount_minor, :effective_on, :now, :reason)
"""
# Counted anew from the postings of these few invoices: the day of settlement is right in whatever order they came.
SETTLE = """
UPDATE invoice i
SET open_minor = i.amount_minor - t.applied, settled_on = CASE WHEN i.amount_minor = t.applied THEN t.last_on END
FROM (
  SELECT a.invoice_id, sum(a.amount_minor) AS applied, max(a.effective_on) AS last_on FROM allocation a
  WHERE a.tenant_id = :tenant AND a.invoice_id = ANY(:invoice_ids) GROUP BY a.invoice_id
) t
WHERE i.tenant_id = :tenant AND i.id = t.invoice_id
"""
FIND = """
SELECT id, invoice_id, kind, payment_id, credit_note_id, reverses_id, amount_minor, effective_on FROM allocation
WHERE tenant_id = :tenant AND id = :allocation_id
"""
REVERSED = "SELECT 1 FROM allocation WHERE tenant_id = :tenant AND reverses_id = :allocation_id"
OF_INVOICE = """
SELECT a.id, a.kind, coalesce(
    (SELECT p.reference FROM payment p WHERE p.tenant_id = :tenant AND p.id = a.payment_id),
    (SELECT c.number FROM credit_note c WHERE c.tenant_id = :tenant AND c.id = a.credit_note_id), ''),
  a.amount_minor, a.currency, a.effective_on, a.known_at, a.reason, a.reverses_id
FROM allocation a WHERE a.tenant_id = :tenant AND a.invoice_id = :invoice_id ORDER BY a.effective_on, a.id
"""


def apply(
    source_id: UUID,
    *,
    parts: Sequence[tuple[UUID, int]],
    effective_on: date,
    now: datetime,
    wall: datetime | None = None,
) -> tuple[UUID, ...]:
    """Apply a payment or a credit note to invoices, each with its part in minor units; return the new allocations.

    Raises UnknownSource or UnknownInvoice, BadAllocation for parts that do not fit together, OverAllocated when there
    is not so much left. `wall` is the real time where the client's clock is moved.
    """
    wanted: Counter[UUID] = Counter()
    for invoice_id, minor in parts:
        if minor <= 0:
            raise BadAllocation("A part is more than nothing.", pointer="/parts")
        wanted[invoice_id] += minor
    source = locking.source(source_id, effective_on=effective_on)
    if sum(wanted.values()) > source.free_minor:
        raise OverAllocated(f"Only {source.free_minor} minor units are left to apply.", pointer="/parts")
    if effective_on < source.since_on:
        raise BadAllocation("Money cannot count before it came in.", pointer="/effective_on")
    added = _add(source, wanted, effective_on=effective_on, now=now, wall=wall, reason="")
    locking.take(source, minor=sum(wanted.values()))
    return added


def write_off(
    invoice_id: UUID, *, minor: int, effective_on: date, now: datetime, reason: str, wall: datetime | None = None
) -> UUID:
    """Give up a part of an invoice, for a reason. Raises what `apply` raises."""
    return _forgo("write_off", invoice_id, minor, effective_on=effective_on, now=now, reason=reason, wall=wall)


def discount(
    invoice_id: UUID, *, minor: int, effective_on: date, now: datetime, reason: str = "", wall: datetime | None = None
) -> UUID:
    """Let a debtor keep a part of an invoice for having paid early. Raises what `apply` raises."""
    return _forgo("discount", invoice_id, minor, effective_on=effective_on, now=now, reason=reason, wall=wall)


def reverse(allocation_id: UUID, *, effective_on: date, now: datetime, reason: str) -> UUID:
    """Take an allocation back from a day on: its invoice is open again, its source is free again.

    Raises UnknownAllocation, AlreadyReversed, or BadAllocation for a day before the allocation's own.
    """
    was = store.run(FIND, allocation_id=allocation_id).one_or_none()
    if was is None or was.invoice_id is None:
        raise UnknownAllocation("There is no such allocation.")
    source = locking.Source.forgone(was.kind)
    if was.payment_id or was.credit_note_id:
        source = locking.source(was.payment_id or was.credit_note_id, effective_on=effective_on)
    refuse_day(effective_on, now=now)
    item = locking.items([was.invoice_id], effective_on=effective_on)[was.invoice_id]
    if was.reverses_id or store.run(REVERSED, allocation_id=allocation_id).first():
        raise AlreadyReversed("This allocation was taken back before.")
    if effective_on < was.effective_on:
        raise BadAllocation("An allocation cannot end before it began.", pointer="/effective_on")
    (added,) = _post(
        source, {item: -was.amount_minor}, effective_on=effective_on, now=now, reason=reason, reverses_id=was.id
    )
    locking.take(source, minor=-was.amount_minor)
    return added


def of_invoice(invoice_id: UUID) -> Sequence[Posting]:
    """Everything that was applied to an invoice, in the order in which it counts."""
    return [Posting(*row) for row in store.run(OF_INVOICE, invoice_id=invoice_id)]


def _forgo(
    kind: str, invoice_id: UUID, minor: int, *, effective_on: date, now: datetime, reason: str, wall: datetime | None
) -> UUID:
    if minor <= 0:
        raise BadAllocation("A part is more than nothing.", pointer="/minor")
    source = locking.Source.forgone(kind)
    (added,) = _add(source, {invoice_id: minor}, effective_on=effective_on, now=now, wall=wall, reason=reason)
    return added


def _add(
    source: Source,
    wanted: Mapping[UUID, int],
    *,
    effective_on: date,
    now: datetime,
    wall: datetime | None,
    reason: str,
) -> tuple[UUID, ...]:
    refuse_day(effective_on, now=now)
    parts = {item: wanted[item.id] for item in locking.items(list(wanted), effective_on=effective_on).values()}
    for item, minor in parts.items():
        _refuse_misfit(item, source, minor=minor, effective_on=effective_on)
    added = _post(source, parts, effective_on=effective_on, now=now, reason=reason)
    invoice_ids = [item.id for item in parts]
    recording.record("payment.applied", key=f"allocation:{added[0]}", now=wall or now, invoice_ids=invoice_ids)
    return added


def refuse_day(effective_on: date, *, now: datetime) -> None:
    """Raises BadAllocation for a day that has not come, PeriodClosed for one that is closed."""
    periods.refuse_closed(effective_on)
    if effective_on > calendars.local_day(now, zone=clients.clock().zone):
        raise BadAllocation("Nothing counts before its day has come.", pointer="/effective_on")


def _refuse_misfit(item: Item, source: Source, *, minor: int, effective_on: date) -> None:
    if item.voided_on is not None:
        raise BadAllocation(f"Invoice {item.number} is void.", pointer="/parts")
    if source.currency not in ("", item.currency):
        raise BadAllocation(f"Invoice {item.number} is in {item.currency}, not in {source.currency}.", pointer="/parts")
    if source.debtor_id not in (None, item.debtor_id):
        raise BadAllocation(f"Invoice {item.number} is another customer's.", pointer="/parts")
    if effective_on < item.issued_on:
        raise BadAllocation(f"Invoice {item.number} was not issued yet on that day.", pointer="/effective_on")
    if minor > item.free_minor:
        raise OverAllocated(f"Invoice {item.number} has only {item.free_minor} minor units open.", pointer="/parts")


def _post(
    source: Source,
    parts: Mapping[Item, int],
    *,
    effective_on: date,
    now: datetime,
    reason: str,
    reverses_id: UUID | None = None,
) -> tuple[UUID, ...]:
    rows = [
        {
            "id": ids.new(),
            "debtor_id": item.debtor_id,
            "invoice_id": item.id,
            "kind": source.kind,
            "payment_id": source.id if source.kind == "payment" else None,
            "credit_note_id": source.id if source.kind == "credit_note" else None,
            "reverses_id": reverses_id,
            "currency": item.currency,
            "amount_minor": minor,
            "effective_on": effective_on,
            "now": now,
            "reason": reason,
        }
        for item, minor in parts.items()
    ]
    store.run_many(ADD, rows)
    store.run(SETTLE, invoice_ids=[item.id for item in parts])
    instalments.point([item.id for item in parts if item.schedule_id])
    balances.move(moves(parts))
    return tuple(row["id"] for row in rows)  # type: ignore[misc]


def moves(parts: Mapping[Item, int]) -> list[Move]:
    """How the balances change when so much is applied to each invoice: its oldest instalment is paid first."""
    scheduled = instalments.of_schedules(item.schedule_id for item in parts)
    found = []
    for item, minor in parts.items():
        if item.schedule_id:
            was = item.amount_minor - item.open_minor
            found += instalments.moves(item.currency, scheduled[item.schedule_id], was=was, becomes=was + minor)
        else:
            leaving = (item.open_minor > minor) - (item.open_minor > 0)
            found.append(Move(item.currency, item.due_on, -minor, leaving))
    return found
