"""Decides when which part of an invoice is due: by its one due date, in instalments, or as was agreed later.

A schedule divides the whole amount into parts by due date, and holds from a day on; the newest one that holds counts.
What is applied to the invoice pays the oldest part first, so what is open of a part follows from what is open of the
invoice. A schedule is never edited: another agreement is another schedule, and the day of the contract stays beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate, pairwise
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.ledger.balances import OPEN_PARTS, OPEN_WHOLES, Move
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Refusal

TERMS, AGREED = "terms", "agreed"


class BadSchedule(Refusal):
    """The parts do not divide the amount."""

    code = "bad_schedule"
    remedy = "Give parts that add up to the amount, each due later than the one before."


class DueSchedule(TenantOwned, Model):
    """That from a day on an invoice is due in the parts of this schedule."""

    __tablename__ = "due_schedule"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_due_schedule_invoice", "tenant_id", "invoice_id", "effective_on"),
        Index("ix_due_schedule_effective", "tenant_id", "effective_on"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID]
    debtor_id: Mapped[UUID]
    kind: Mapped[str]
    effective_on: Mapped[date]
    known_at: Mapped[datetime]
    reason: Mapped[str]


class Instalment(TenantOwned, Model):
    """One part of a schedule; `up_to_minor` is the sum of the parts up to and with this one."""

    __tablename__ = "instalment"
    __table_args__ = (
        UniqueConstraint("tenant_id", "schedule_id", "due_on"),
        ForeignKeyConstraint(["tenant_id", "schedule_id"], ["due_schedule.tenant_id", "due_schedule.id"]),
    )

    schedule_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    debtor_id: Mapped[UUID]
    due_on: Mapped[date]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    up_to_minor: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an invoice by its due date."""

    due_on: date
    amount_minor: int
    up_to_minor: int

    def open_minor(self, applied: int) -> int:
        """What is open of it when so much is applied to the invoice."""
        return min(self.amount_minor, max(self.up_to_minor - applied, 0))


@dataclass(frozen=True, slots=True)
class Share:
    """A part of an invoice as pages show it."""

    due_on: date
    amount_minor: int
    open_minor: int


ADD = """
INSERT INTO due_schedule (tenant_id, id, invoice_id, debtor_id, kind, effective_on, known_at, reason)
VALUES (:tenant, :id, :invoice_id, :debtor_id, :kind, :effective_on, :now, :reason)
"""
ADD_PART = """
INSERT INTO instalment (tenant_id, schedule_id, position, debtor_id, due_on, amount_minor, up_to_minor)
VALUES (:tenant, :schedule_id, :position, :debtor_id, :due_on, :amount_minor, :up_to_minor)
"""
PARTS = """
SELECT schedule_id, due_on, amount_minor, up_to_minor FROM instalment
WHERE tenant_id = :tenant AND schedule_id = ANY(:schedules) ORDER BY schedule_id, position
"""
# The due date on the invoice is that of its oldest open part; of a settled one, that of its last.
POINT = """
UPDATE invoice i SET due_on = t.due_on FROM (
  SELECT i.id,
    coalesce(min(n.due_on) FILTER (WHERE n.up_to_minor > i.amount_minor - i.open_minor), max(n.due_on)) AS due_on
  FROM invoice i JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = i.schedule_id
  WHERE i.tenant_id = :tenant AND i.id = ANY(:invoice_ids) GROUP BY i.id) t
WHERE i.tenant_id = :tenant AND i.id = t.id AND i.due_on <> t.due_on
"""
ANY = "SELECT EXISTS (SELECT FROM due_schedule WHERE tenant_id = :tenant)"


def divide(parts: Sequence[tuple[date, int]], *, amount_minor: int) -> tuple[Part, ...]:
    """The parts of an amount. Raises BadSchedule."""
    sums = list(accumulate(minor for _, minor in parts))
    if not parts or any(minor <= 0 for _, minor in parts) or sums[-1] != amount_minor:
        raise BadSchedule(f"The parts do not add up to {amount_minor} minor units.", pointer="/instalments")
    if any(late <= early for (early, _), (late, _) in pairwise(parts)):
        raise BadSchedule("The parts are not due one after the other.", pointer="/instalments")
    return tuple(Part(due_on, minor, up_to) for (due_on, minor), up_to in zip(parts, sums, strict=True))


def add(
    invoice_id: UUID,
    *,
    debtor_id: UUID,
    parts: Sequence[Part],
    effective_on: date,
    now: datetime,
    kind: str = TERMS,
    reason: str = "",
) -> UUID:
    """Keep a schedule; the caller points the invoice to it and moves the balances."""
    schedule = ids.new()
    common = {"debtor_id": debtor_id}
    store.run(
        ADD, id=schedule, invoice_id=invoice_id, kind=kind, effective_on=effective_on, now=now, reason=reason, **common
    )
    store.run_many(
        ADD_PART,
        [
            {
                "schedule_id": schedule,
                "position": position,
                "due_on": part.due_on,
                "amount_minor": part.amount_minor,
                "up_to_minor": part.up_to_minor,
                **common,
            }
            for position, part in enumerate(parts, 1)
        ],
    )
    return schedule


def of_schedules(schedules: Iterable[UUID | None]) -> Mapping[UUID, tuple[Part, ...]]:
    """The parts of schedules in order of their due dates."""
    wanted = [each for each in schedules if each is not None]
    found: dict[UUID, tuple[Part, ...]] = {}
    for schedule, *part in store.run(PARTS, schedules=wanted) if wanted else ():
        found[schedule] = (*found.get(schedule, ()), Part(*part))
    return found


def shares(schedule: UUID | None, *, applied: int) -> Sequence[Share]:
    """The parts of an invoice with what is open of each; none for an invoice with one due date."""
    parts = of_schedules([schedule]).get(schedule, ()) if schedule else ()
    return [Share(part.due_on, part.amount_minor, part.open_minor(applied)) for part in parts]


def moves(currency: str, parts: Sequence[Part], *, was: int, becomes: int) -> list[Move]:
    """How balances change when what is applied goes from one sum to another; nothing applied opens all parts."""
    found = []
    for part in parts:
        before, after = part.open_minor(was), part.open_minor(becomes)
        if before != after:
            found.append(Move(currency, part.due_on, after - before, (after > 0) - (before > 0)))
    return found


def point(invoice_ids: Sequence[UUID]) -> None:
    """Set the due date of scheduled invoices to that of their oldest open part."""
    if invoice_ids:
        store.run(POINT, invoice_ids=list(invoice_ids))


def exist() -> bool:
    """Whether any invoice of the client has a schedule: without one, the plain way is the same and costs less."""
    return bool(store.run(ANY).scalar_one())


def open_now() -> str:
    """The SQL of what is open now by due date, in the cheapest form that is true."""
    return OPEN_PARTS if exist() else OPEN_WHOLES
