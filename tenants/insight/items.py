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
from tenants.insight.narrowing import EVERYBODY, Narrow


@dataclass(frozen=True, slots=True)
class Item:
    """One open invoice as of the day, or one open instalment of it."""

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


WITHIN = "o.currency = :currency AND o.from_on BETWEEN :earliest AND :latest"
TOTAL = "SELECT coalesce(sum(o.minor), 0), coalesce(sum(o.items), 0) FROM ({rows}) o WHERE {within}"
# The page is cut out first: names are looked up for its rows only.
PAGE = """
SELECT i.id, i.number, i.debtor_id, d.name, i.currency, i.amount_minor, p.minor, i.issued_on, {due_on}, p.from_on,
  :day - p.from_on
FROM (SELECT o.id, o.minor, o.from_on FROM ({rows}) o WHERE {within}{after} ORDER BY o.from_on, o.id LIMIT :limit) p
JOIN invoice i ON i.tenant_id = :tenant AND i.id = p.id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
ORDER BY p.from_on, p.id
"""
AFTER = " AND (o.from_on, o.id) > (:after_on, :after_id)"


def behind(
    bucket: str,
    *,
    currency: str,
    day: date,
    known_at: datetime | None = None,
    basis: str = aging.DUE,
    edges: Sequence[int] = EDGES,
    narrow: Narrow = EVERYBODY,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The rows behind a bucket (or `overdue`, or `all`) in one currency, the oldest first. Raises UnknownBucket."""
    earliest, latest = buckets.named(bucket, edges).dates(day)
    values: dict[str, Any] = {"day": day, "currency": currency, "earliest": earliest, "latest": latest}
    if known_at is not None:
        values["known_at"] = known_at
    values |= narrow.values()
    within = WITHIN + narrow.further("o.debtor_id")
    rows, _ = aging.open_items(day, known_at=known_at, basis=basis)
    kept = known_at is None and basis == aging.DUE and not narrow and aging.is_present(day)
    summed = aging.now() if kept else rows
    minor, count = store.run(TOTAL.format(rows=summed, within=within), **values).one()
    if after is not None:
        values |= {"after_on": after[0], "after_id": after[1]}
    due_on = "p.from_on" if basis == aging.DUE else "i.due_on"
    statement = PAGE.format(rows=rows, due_on=due_on, within=within, after="" if after is None else AFTER)
    found = store.run(statement, limit=limit + 1, **values).all()
    page = [Item(*row) for row in found[:limit]]
    more = (page[-1].counted_from_on, page[-1].id) if len(found) > limit else None
    return Page(page, Bucket(bucket, int(minor), int(count)), more)
