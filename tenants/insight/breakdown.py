"""Decides how what is owed divides: by group, country or owner of the customer, each with its buckets, or by currency.

Each line is the aging of exactly the customers that its filter finds, so that a line opens what it says. A customer in
two groups is in both lines; the lines of groups therefore do not add up to the whole, and say so.
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
from tenants.insight.narrowing import EVERYBODY, WITHOUT, Narrow
from tenants.values.faults import Refusal


class UnknownDimension(Refusal):
    """Figures do not divide by this."""

    code = "unknown_dimension"
    remedy = "Use group, country, owner or currency."


@dataclass(frozen=True, slots=True)
class Line:
    """What one part owes in one currency."""

    value: str
    """What the filter of this part is; WITHOUT for those that have none."""
    title: str
    currency: str
    cells: tuple[Bucket, ...]

    @property
    def open(self) -> Bucket:
        """All that is open."""
        return Bucket(buckets.ALL, sum(each.minor for each in self.cells), sum(each.count for each in self.cells))

    @property
    def overdue(self) -> Bucket:
        """All that is late."""
        late = self.cells[1:]
        return Bucket(buckets.OVERDUE, sum(each.minor for each in late), sum(each.count for each in late))


@dataclass(frozen=True, slots=True)
class Option:
    """One value that a filter may have, and how people call it."""

    value: str
    title: str


KEYS = {
    "group": ("coalesce(g.key, '-')", "LEFT JOIN debtor_group g ON g.tenant_id = :tenant AND g.debtor_id = d.id"),
    "country": ("coalesce(nullif(d.country, ''), '-')", ""),
    "owner": ("coalesce(CAST(d.owner_id AS text), '-')", ""),
}
SUMS = """
SELECT {key} AS value, t.currency, width_bucket(:day - t.from_on, CAST(:floors AS integer[])) AS bucket,
  sum(t.minor) AS minor, sum(t.items) AS items
FROM ({rows}) t JOIN debtor d ON d.tenant_id = :tenant AND d.id = t.debtor_id {join}
WHERE true{narrow} GROUP BY 1, 2, 3
"""
GROUPS = "SELECT DISTINCT key FROM debtor_group WHERE tenant_id = :tenant ORDER BY key"
COUNTRIES = "SELECT DISTINCT country FROM debtor WHERE tenant_id = :tenant AND country <> '' ORDER BY country"
OWNING = """
SELECT DISTINCT ON (o.owner_id) o.owner_id, o.name FROM (
  SELECT d.owner_id, m.person_name AS name FROM (
    SELECT DISTINCT owner_id FROM debtor WHERE tenant_id = :tenant AND owner_id IS NOT NULL) d
  LEFT JOIN (SELECT person_id, person_name FROM membership WHERE tenant_id = :tenant) m ON m.person_id = d.owner_id) o
ORDER BY o.owner_id, o.name
"""


def by(
    dimension: str,
    day: date,
    *,
    basis: str = aging.DUE,
    edges: Sequence[int] = EDGES,
    narrow: Narrow = EVERYBODY,
    known_at: datetime | None = None,
) -> list[Line]:
    """What is open on a day by the parts of a dimension, the most overdue first. Raises UnknownDimension."""
    if dimension == "currency":
        report = aging.on(day, basis=basis, edges=edges, narrow=narrow, known_at=known_at)
        lines = [
            Line(each.currency, each.currency, each.currency, (each.not_due, *each.late)) for each in report.currencies
        ]
        return [each for each in lines if each.open.count]
    if dimension not in KEYS:
        raise UnknownDimension(f"Figures do not divide by “{dimension[:20]}”.")
    key, join = KEYS[dimension]
    rows, _ = aging.open_items(day, known_at=known_at, basis=basis)
    told: dict[str, Any] = {"day": day, "floors": buckets.floors(edges)} | narrow.values()
    if known_at is not None:
        told["known_at"] = known_at
    statement = SUMS.format(key=key, join=join, rows=rows, narrow=narrow.further("t.debtor_id"))
    cells: dict[tuple[str, str], dict[int, tuple[int, int]]] = {}
    for value, currency, bucket, minor, items in store.run(statement, **told):
        cells.setdefault((value, currency), {})[bucket] = int(minor), int(items)
    titles = {each.value: each.title for each in options()[dimension]}
    lines = [
        _line(value, titles.get(value, value), currency, found, edges) for (value, currency), found in cells.items()
    ]
    return sorted(lines, key=lambda line: (line.currency, -line.overdue.minor, -line.open.minor, line.title))


def options() -> dict[str, list[Option]]:
    """What each filter may be set to, in the client's own words."""
    owners = [Option(str(row.owner_id), row.name or "somebody who left") for row in store.run(OWNING)]
    return {
        "group": [Option(key, key) for key in store.run(GROUPS).scalars()] + [Option(WITHOUT, "no group")],
        "country": [Option(key, key) for key in store.run(COUNTRIES).scalars()] + [Option(WITHOUT, "no country")],
        "owner": sorted(owners, key=lambda each: each.title) + [Option(WITHOUT, "nobody")],
    }


def owner_named(value: str) -> UUID | str:
    """The owner that a filter asks for."""
    return value if value in ("", WITHOUT) else UUID(value)


def _line(value: str, title: str, currency: str, found: dict[int, tuple[int, int]], edges: Sequence[int]) -> Line:
    cells = tuple(Bucket(span.key, *found.get(at, (0, 0))) for at, span in enumerate(buckets.spans(edges)))
    return Line(value, title, currency, cells)
