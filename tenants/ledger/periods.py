"""Decides which days are closed: what counts on them stands, and whatever is learned later is posted on an open day.

To close is a posting of its own, with the sums of the books on that day; the self-check holds the books against them
ever after, so that what was reported for a closed month can be reported again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import clients
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import calendars, dates, ids
from tenants.values.dates import written
from tenants.values.faults import Kind, Refusal

PREFIX = "pcl"


class PeriodClosed(Refusal):
    """The day lies in a closed period."""

    kind = Kind.CONFLICT
    code = "period_closed"
    remedy = "Post it today."


class BadPeriod(Refusal):
    """The books cannot be closed or opened so."""

    code = "bad_period"
    remedy = "Name a day before today, later than that through which the books are closed."


class PeriodClose(TenantOwned, Model):
    """That the books were closed through a day, or opened again back to it."""

    __tablename__ = "period_close"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    through_on: Mapped[date]
    known_at: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str]


class PeriodControl(TenantOwned, Model):
    """What was open and what was unapplied in one currency at the end of a closed period."""

    __tablename__ = "period_control"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "close_id"], ["period_close.tenant_id", "period_close.id"]),)

    close_id: Mapped[UUID] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    open_minor: Mapped[int] = mapped_column(BigInteger)
    unapplied_minor: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Closing:
    """One line of the list of closings."""

    id: UUID
    through_on: date
    known_at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Control:
    """What the books said in one currency when they were closed."""

    currency: str
    open_minor: int
    unapplied_minor: int


NEWEST = """
SELECT id, through_on, known_at, actor, reason FROM period_close WHERE tenant_id = :tenant
ORDER BY known_at DESC, id DESC LIMIT :limit
"""
ADD = """
INSERT INTO period_close (tenant_id, id, through_on, known_at, actor, reason)
VALUES (:tenant, :id, :through_on, :now, :actor, :reason)
"""
STAND = """
SELECT currency, CAST(sum(open) AS bigint) AS open_minor, CAST(sum(loose) AS bigint) AS unapplied_minor FROM (
  SELECT currency, amount_minor AS open, 0 AS loose FROM invoice
  WHERE tenant_id = :tenant AND issued_on <= {day} AND (voided_on IS NULL OR voided_on > {day})
  UNION ALL
  SELECT currency, CASE WHEN invoice_id IS NULL THEN 0 ELSE -amount_minor END,
    CASE WHEN payment_id IS NULL AND credit_note_id IS NULL THEN 0 ELSE -amount_minor END
  FROM allocation WHERE tenant_id = :tenant AND effective_on <= {day}
  UNION ALL
  SELECT currency, 0, amount_minor FROM payment WHERE tenant_id = :tenant AND received_on <= {day}
  UNION ALL
  SELECT currency, 0, amount_minor FROM credit_note WHERE tenant_id = :tenant AND issued_on <= {day}
) s GROUP BY currency
"""
"""What was open and unapplied at the end of a day, with all that is known now."""
KEEP_CONTROL = f"""
INSERT INTO period_control (tenant_id, close_id, currency, open_minor, unapplied_minor)
SELECT :tenant, :close_id, t.currency, t.open_minor, t.unapplied_minor
FROM ({STAND.format(day="CAST(:through_on AS date)")}) t
ON CONFLICT (tenant_id, close_id, currency) DO NOTHING
"""
CONTROLS = """
SELECT currency, open_minor, unapplied_minor FROM period_control
WHERE tenant_id = :tenant AND close_id = :close_id ORDER BY currency
"""


def closed_through() -> date | None:
    """The last closed day; none while nothing is closed."""
    found = list(closings(limit=1))
    return found[0].through_on if found and found[0].through_on > date.min else None


def refuse_closed(day: date, *, pointer: str = "/effective_on") -> None:
    """Raises PeriodClosed when nothing may count on the day any more."""
    closed = closed_through()
    if closed is not None and day <= closed:
        raise PeriodClosed(
            f"The books are closed through {dates.written(closed)}: nothing more counts on {dates.written(day)}.",
            pointer=pointer,
        )


def close(through_on: date, *, now: datetime, reason: str = "") -> UUID:
    """Close the books through a day, and keep what they say on it. Raises BadPeriod."""
    closed = closed_through()
    if through_on >= calendars.local_day(now, zone=clients.clock().zone):
        raise BadPeriod("A day that is not over cannot be closed.", pointer="/through_on")
    if closed is not None and through_on <= closed:
        raise BadPeriod(f"The books are closed through {written(closed)} already.", pointer="/through_on")
    return _turn("period.closed", through_on, closed, now=now, reason=reason)


def reopen(from_on: date, *, now: datetime, reason: str) -> UUID:
    """Open the books again from a day on. Raises BadPeriod when it is open."""
    closed = closed_through()
    if closed is None or from_on > closed:
        raise BadPeriod(
            f"{dates.written(from_on)} is open.", remedy="Name a day of the closed period.", pointer="/from_on"
        )
    through_on = from_on - timedelta(days=1) if from_on > date.min else date.min
    return _turn("period.reopened", through_on, closed, now=now, reason=reason)


def closings(*, limit: int = 24) -> Sequence[Closing]:
    """When the books were closed and opened, the newest first."""
    return [Closing(*row) for row in store.run(NEWEST, limit=limit)]


def controls(close_id: UUID) -> Sequence[Control]:
    """What the books said when they were closed."""
    return [Control(*row) for row in store.run(CONTROLS, close_id=close_id)]


def _turn(act: str, through_on: date, closed: date | None, *, now: datetime, reason: str) -> UUID:
    made = ids.new()
    store.run(ADD, id=made, through_on=through_on, now=now, actor=scope.current().actor, reason=reason)
    store.run(KEEP_CONTROL, close_id=made, through_on=through_on)
    history.note(
        act,
        about=("period", made),
        at=now,
        was={"closed_through": closed},
        became={"closed_through": through_on},
        reason=reason,
    )
    return made
