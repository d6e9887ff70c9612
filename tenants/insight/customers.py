"""Decides who owes most: the aging of today, or of a day that is over, by customer, the most overdue first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight import aging, buckets
from tenants.insight.buckets import EDGES
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.ledger import instalments


@dataclass(frozen=True, slots=True)
class CustomerAging:
    """What one customer owes in one currency, by bucket."""

    debtor_id: UUID
    number: str
    name: str
    currency: str
    overdue_minor: int
    open_minor: int
    count: int
    oldest_due_on: date
    buckets: dict[str, int]


@dataclass(frozen=True, slots=True)
class Page:
    """Some customers, where the next page starts, and what all of them together owe."""

    customers: Sequence[CustomerAging]
    next: tuple[int, UUID] | None
    count: int = 0
    overdue_minor: int = 0
    open_minor: int = 0


OWING = """
SELECT i.debtor_id, coalesce(sum(i.open_minor) FILTER (WHERE i.due_on < :day), 0) AS overdue,
  sum(i.open_minor) AS open_minor, count(*) AS items, min(i.due_on) AS oldest_on, {sums}
FROM ({open_now}) i WHERE i.currency = :currency AND i.issued_on <= :day{narrow}
GROUP BY i.debtor_id
"""
OWING_ON = """
SELECT p.*, d.number, d.name FROM (
  SELECT o.debtor_id, o.currency, CAST(coalesce(sum(o.minor) FILTER (WHERE o.from_on < :day), 0) AS bigint)
    AS overdue_minor, CAST(sum(o.minor) AS bigint) AS open_minor, count(*) AS count, min(o.from_on) AS oldest_due_on
  FROM ({rows}) o WHERE o.currency = :currency{narrow} GROUP BY o.debtor_id, o.currency
  ORDER BY overdue_minor DESC, o.debtor_id LIMIT :limit) p
JOIN debtor d ON d.tenant_id = :tenant AND d.id = p.debtor_id ORDER BY p.overdue_minor DESC, p.debtor_id
"""
PAGE = """
SELECT o.*, d.number, d.name FROM (
  SELECT w.*, count(*) OVER () AS everybody, sum(w.overdue) OVER () AS all_overdue,
    sum(w.open_minor) OVER () AS all_open
  FROM ({owing}) w{called}) o
JOIN debtor d ON d.tenant_id = :tenant AND d.id = o.debtor_id
WHERE true{after} ORDER BY o.overdue DESC, o.debtor_id LIMIT :limit
"""
CALLED = """ WHERE w.debtor_id IN (SELECT c.id FROM debtor c
  WHERE c.tenant_id = :tenant AND (c.name ILIKE :within OR c.number ILIKE :start))"""
SUM = "coalesce(sum(i.open_minor) FILTER (WHERE i.due_on BETWEEN :from_{at} AND :to_{at}), 0) AS bucket_{at}"
AFTER = " AND (o.overdue < :after_overdue OR (o.overdue = :after_overdue AND o.debtor_id > :after_id))"


def owing(
    day: date,
    *,
    currency: str,
    edges: Sequence[int] = EDGES,
    narrow: Narrow = EVERYBODY,
    words: str = "",
    after: tuple[int, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """Customers with something open in a currency on the client's present day, all or those who are called so."""
    spans = buckets.spans(edges)
    values: dict[str, Any] = {"day": day, "currency": currency, "limit": limit + 1}
    for at, span in enumerate(spans):
        values[f"from_{at}"], values[f"to_{at}"] = span.dates(day)
    values |= narrow.values()
    if words:
        plain = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values |= {"within": f"%{plain}%", "start": f"{plain}%"}
    if after is not None:
        values |= {"after_overdue": after[0], "after_id": after[1]}
    statement = PAGE.format(
        owing=OWING.format(
            open_now=instalments.open_now(),
            sums=", ".join(SUM.format(at=at) for at in range(len(spans))),
            narrow=narrow.further("i.debtor_id"),
        ),
        called=CALLED if words else "",
        after="" if after is None else AFTER,
    )
    rows = store.run(statement, **values).mappings().all()
    found = [_customer(row, spans, currency) for row in rows[:limit]]
    further = (found[-1].overdue_minor, found[-1].debtor_id) if len(rows) > limit else None
    if not rows:
        return Page(found, further)
    whole = rows[0]
    return Page(found, further, whole["everybody"], int(whole["all_overdue"]), int(whole["all_open"]))


def owing_on(
    day: date, *, currency: str, narrow: Narrow = EVERYBODY, known_at: datetime | None = None, limit: int = 50
) -> Sequence[CustomerAging]:
    """Who owed most at the end of a day, counted from the postings."""
    rows, _ = aging.open_items(day, known_at=known_at, basis=aging.DUE)
    told: dict[str, Any] = {"day": day, "currency": currency, "limit": limit} | narrow.values()
    if known_at is not None:
        told["known_at"] = known_at
    statement = OWING_ON.format(rows=rows, narrow=narrow.further("o.debtor_id"))
    return [CustomerAging(**row, buckets={}) for row in store.run(statement, **told).mappings()]


def fitting(narrow: Narrow) -> list[UUID]:
    """Every customer who fits, whether they owe anything or not."""
    where = narrow.further("d.id")
    statement = f"SELECT d.id FROM debtor d WHERE d.tenant_id = :tenant AND d.undone_at IS NULL{where} ORDER BY d.id"
    return list(store.run(statement, **narrow.values()).scalars())


def _customer(row: Any, spans: Sequence[buckets.Span], currency: str) -> CustomerAging:
    return CustomerAging(
        debtor_id=row["debtor_id"],
        number=row["number"],
        name=row["name"],
        currency=currency,
        overdue_minor=int(row["overdue"]),
        open_minor=int(row["open_minor"]),
        count=row["items"],
        oldest_due_on=row["oldest_on"],
        buckets={span.key: int(row[f"bucket_{at}"]) for at, span in enumerate(spans)},
    )
