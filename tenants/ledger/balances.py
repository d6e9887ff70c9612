"""Decides what is open in sum: per currency and due date, moved in the same transaction as every posting.

The aging of today is a sum over a few hundred of these rows, so that a dashboard never scans a ledger. They can be
thrown away and computed again; if the two ever differ, `drift` says where, and somebody must find out why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import BigInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned


class OpenBalance(TenantOwned, Model):
    """What is open in one currency for one due date."""

    __tablename__ = "open_balance"

    currency: Mapped[str] = mapped_column(primary_key=True)
    due_on: Mapped[date] = mapped_column(primary_key=True)
    open_minor: Mapped[int] = mapped_column(BigInteger)
    open_count: Mapped[int]


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the kept balance is not what the invoices say."""

    currency: str
    due_on: date
    kept_minor: int
    true_minor: int
    kept_count: int
    true_count: int


@dataclass(frozen=True, slots=True)
class Move:
    """A change of the balance of one due date."""

    currency: str
    due_on: date
    minor: int
    count: int


MOVE = """
INSERT INTO open_balance (tenant_id, currency, due_on, open_minor, open_count)
VALUES (:tenant, :currency, :due_on, :minor, :count)
ON CONFLICT (tenant_id, currency, due_on) DO UPDATE SET
  open_minor = open_balance.open_minor + excluded.open_minor, open_count = open_balance.open_count + excluded.open_count
"""
OPEN_PARTS = """
SELECT i.id, i.debtor_id, i.currency, i.issued_on, i.import_id, coalesce(n.due_on, i.due_on) AS due_on,
  CASE WHEN n.schedule_id IS NULL THEN i.open_minor
    ELSE least(n.amount_minor, n.up_to_minor - i.amount_minor + i.open_minor) END AS open_minor
FROM invoice i LEFT JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = i.schedule_id
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL
  AND (n.schedule_id IS NULL OR n.up_to_minor > i.amount_minor - i.open_minor)
"""
"""What is open now, part by part; an invoice with one due date is one part."""
OPEN_WHOLES = """
SELECT i.id, i.debtor_id, i.currency, i.issued_on, i.import_id, i.due_on, i.open_minor FROM invoice i
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL
"""
TRUE = f"""
SELECT i.currency, i.due_on, CAST(sum(i.open_minor) AS bigint) AS minor, count(*) AS items FROM ({OPEN_PARTS}{{only}}) i
GROUP BY i.currency, i.due_on
"""
ADD_ALL = f"""
INSERT INTO open_balance (tenant_id, currency, due_on, open_minor, open_count)
SELECT :tenant, t.currency, t.due_on, t.minor, t.items FROM ({TRUE}) t ORDER BY t.currency, t.due_on
ON CONFLICT (tenant_id, currency, due_on) DO UPDATE SET
  open_minor = open_balance.open_minor + excluded.open_minor, open_count = open_balance.open_count + excluded.open_count
"""
SOME = "AND i.id = ANY(CAST(:invoice_ids AS uuid[]))"
TAKE_SOME = f"""
INSERT INTO open_balance (tenant_id, currency, due_on, open_minor, open_count)
SELECT :tenant, t.currency, t.due_on, -t.minor, -t.items FROM ({TRUE.format(only=SOME)}) t ORDER BY t.currency, t.due_on
ON CONFLICT (tenant_id, currency, due_on) DO UPDATE SET
  open_minor = open_balance.open_minor + excluded.open_minor, open_count = open_balance.open_count + excluded.open_count
"""
# What is due when follows from the newest schedule, and from what is applied: the oldest open part is the due date.
NEWEST_SCHEDULES = """
SELECT DISTINCT ON (s.invoice_id) s.invoice_id, s.id FROM due_schedule s WHERE s.tenant_id = :tenant
ORDER BY s.invoice_id, s.effective_on DESC, s.known_at DESC, s.id DESC
"""
POINTED = f"""
SELECT i.id, s.id AS schedule_id,
  coalesce(min(n.due_on) FILTER (WHERE n.up_to_minor > i.amount_minor - i.open_minor), max(n.due_on)) AS due_on
FROM ({NEWEST_SCHEDULES}) s JOIN invoice i ON i.tenant_id = :tenant AND i.id = s.invoice_id
JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = s.id
WHERE i.tenant_id = :tenant GROUP BY i.id, s.id, i.amount_minor, i.open_minor
"""
POINT_ALL = f"""
UPDATE invoice i SET schedule_id = t.schedule_id, due_on = t.due_on FROM ({POINTED}) t
WHERE i.tenant_id = :tenant AND i.id = t.id AND (i.schedule_id IS DISTINCT FROM t.schedule_id OR i.due_on <> t.due_on)
"""
CLEAR = "DELETE FROM open_balance WHERE tenant_id = :tenant"
MEND_INVOICES = """
UPDATE invoice i
SET open_minor = i.amount_minor - t.applied, settled_on = CASE WHEN i.amount_minor = t.applied THEN t.last_on END
FROM (
  SELECT i.id, coalesce(sum(a.amount_minor), 0) AS applied, coalesce(max(a.effective_on), i.issued_on) AS last_on
  FROM invoice i LEFT JOIN allocation a ON a.tenant_id = :tenant AND a.invoice_id = i.id
  WHERE i.tenant_id = :tenant GROUP BY i.id, i.issued_on
) t
WHERE i.tenant_id = :tenant AND i.id = t.id AND i.open_minor <> i.amount_minor - t.applied
"""
MEND_SOURCES = """
UPDATE {table} s SET unapplied_minor = s.amount_minor - t.applied
FROM (
  SELECT s.id, coalesce(sum(a.amount_minor), 0) AS applied
  FROM {table} s LEFT JOIN allocation a ON a.tenant_id = :tenant AND a.{table}_id = s.id
  WHERE s.tenant_id = :tenant GROUP BY s.id
) t
WHERE s.tenant_id = :tenant AND s.id = t.id AND s.unapplied_minor <> s.amount_minor - t.applied
"""
DRIFT = f"""
SELECT coalesce(b.currency, t.currency), coalesce(b.due_on, t.due_on), coalesce(b.open_minor, 0), coalesce(t.minor, 0),
  coalesce(b.open_count, 0), coalesce(t.items, 0)
FROM (SELECT * FROM open_balance WHERE tenant_id = :tenant) b
FULL JOIN ({TRUE.format(only="")}) t ON t.currency = b.currency AND t.due_on = b.due_on
WHERE (coalesce(b.open_minor, 0), coalesce(b.open_count, 0)) <> (coalesce(t.minor, 0), coalesce(t.items, 0))
ORDER BY 1, 2
"""


def move(moves: Sequence[Move]) -> None:
    """Change balances by what a posting changed, always in one order: two postings never wait in a circle."""
    by_date: dict[tuple[str, date], tuple[int, int]] = {}
    for each in moves:
        minor, count = by_date.get((each.currency, each.due_on), (0, 0))
        by_date[each.currency, each.due_on] = minor + each.minor, count + each.count
    store.run_many(
        MOVE,
        [
            {"currency": currency, "due_on": due_on, "minor": minor, "count": count}
            for (currency, due_on), (minor, count) in sorted(by_date.items())
            if minor or count
        ],
    )


def add_for_import(import_id: UUID) -> None:
    """Add what an import's new invoices leave open: once, in the transaction that loads them, after its allocations."""
    store.run(ADD_ALL.format(only="AND i.import_id = :import_id"), import_id=import_id)


def take_out(invoice_ids: Sequence[UUID]) -> None:
    """Take what is open of some invoices out of the balances, before postings for all of them are made at once."""
    store.run(TAKE_SOME, invoice_ids=list(invoice_ids))


def put_back(invoice_ids: Sequence[UUID]) -> None:
    """Put what is open of them now back in."""
    store.run(ADD_ALL.format(only=SOME), invoice_ids=list(invoice_ids))


def rebuild() -> None:
    """Compute every derived amount of the client again from its postings: open, unapplied, and the balances."""
    store.run(MEND_INVOICES)
    for table in ("payment", "credit_note"):
        store.run(MEND_SOURCES.format(table=table))
    store.run(POINT_ALL)
    store.run(CLEAR)
    store.run(ADD_ALL.format(only=""))


def drift() -> Sequence[Drift]:
    """Every due date whose kept balance is not what the invoices say."""
    return [Drift(*row) for row in store.run(DRIFT)]
