"""Decides what stands behind a figure of the aging: its rows, page by page, above them the total that was clicked.

On a day after which nothing was posted the present rows are the answer and an index gives each page; any other day is
counted from the postings. Both ways give the same rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight import aging, buckets
from tenants.insight.aging import Bucket
from tenants.insight.buckets import EDGES


@dataclass(frozen=True, slots=True)
class Item:
    """One open invoice as of the day."""

    id: UUID
    number: str
    debtor_id: UUID
    debtor_name: str
    currency: str
    amount_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    counted_from_on: date
    late: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows behind a figure, the figure itself, and where the next page starts."""

    items: Sequence[Item]
    total: Bucket
    next: tuple[date, UUID] | None


SETTLED_SINCE = """
SELECT EXISTS (SELECT FROM allocation WHERE tenant_id = :tenant AND effective_on > :day)
  OR EXISTS (SELECT FROM invoice WHERE tenant_id = :tenant AND voided_on IS NOT NULL AND voided_on > :day)
"""
PRESENT = """
SELECT i.id, i.currency, i.{counted_from} AS from_on, i.open_minor AS minor, 1 AS items FROM invoice i
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL AND i.issued_on <= :day
"""
WITHIN = "o.currency = :currency AND o.from_on BETWEEN :earliest AND :latest"
TOTAL = """
SELECT coalesce(sum(o.minor), 0), count(*) FROM ({rows}) o JOIN invoice i ON i.tenant_id = :tenant AND i.id = o.id
WHERE {within}{narrow}
"""
PAGE = """
SELECT i.id, i.number, i.debtor_id, d.name, i.currency, i.amount_minor, o.minor, i.issued_on, i.due_on, o.from_on,
  :day - o.from_on
FROM ({rows}) o JOIN invoice i ON i.tenant_id = :tenant AND i.id = o.id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE {within}{narrow}{after} ORDER BY o.from_on, o.id LIMIT :limit
"""
OF_DEBTOR = " AND i.debtor_id = :debtor_id"
AFTER = " AND (o.from_on, o.id) > (:after_on, :after_id)"


def behind(
    bucket: str,
    *,
    currency: str,
    day: date,
    known_at: datetime | None = None,
    basis: str = aging.DUE,
    edges: Sequence[int] = EDGES,
    debtor_id: UUID | None = None,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The rows behind a bucket (or `overdue`, or `all`) in one currency, the oldest first. Raises UnknownBucket."""
    earliest, latest = buckets.named(bucket, edges).dates(day)
    values: dict[str, Any] = {"day": day, "currency": currency, "earliest": earliest, "latest": latest}
    if known_at is not None:
        values["known_at"] = known_at
    if debtor_id is not None:
        values["debtor_id"] = debtor_id
    rows = _rows(day, known_at, basis)
    parts = {"rows": rows, "within": WITHIN, "narrow": "" if debtor_id is None else OF_DEBTOR}
    minor, count = store.run(TOTAL.format(**parts), **values).one()
    if after is not None:
        values |= {"after_on": after[0], "after_id": after[1]}
    found = store.run(PAGE.format(**parts, after="" if after is None else AFTER), limit=limit + 1, **values).all()
    page = [Item(*row) for row in found[:limit]]
    return Page(
        page, Bucket(bucket, int(minor), count), (page[-1].counted_from_on, page[-1].id) if len(found) > limit else None
    )


def _rows(day: date, known_at: datetime | None, basis: str) -> str:
    if known_at is None and not store.run(SETTLED_SINCE, day=day).scalar_one():
        return PRESENT.format(counted_from=aging.COUNTED_FROM[basis])
    return aging.open_items(known_at, basis=basis)
