"""Decides how the clients of a provider stand beside each other: what each owes, how fast it is paid, what is open.

What is owed comes from the balances that every posting keeps, by each client's own day; the figures are those that were
last kept, so a hundred clients cost as little as one. Clients are never added up but by currency.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from tenants import store

FIGURES = ("dso", "dso-best", "cei")


@dataclass(frozen=True, slots=True)
class Standing:
    """One client in one currency."""

    tenant_id: UUID
    slug: str
    name: str
    currency: str
    day: date
    open_minor: int
    overdue_minor: int
    open_count: int
    overdue_count: int
    alerts: int = 0
    figures: dict[str, Fraction | None] = field(default_factory=dict)
    trend: tuple[int, ...] = ()
    """What was overdue at the ends of the last months, the oldest first."""

    @property
    def current(self) -> float | None:
        """The share of what is open that is not late."""
        return (self.open_minor - self.overdue_minor) / self.open_minor if self.open_minor > 0 else None


@dataclass(frozen=True, slots=True)
class Total:
    """What all clients are owed in one currency."""

    currency: str
    clients: int
    open_minor: int
    overdue_minor: int


CLOCKS = """
SELECT p.tenant_id, t.slug, t.legal_name,
  CAST((CAST(:now AS timestamptz) + p.clock_shift_s * interval '1 second') AT TIME ZONE t.time_zone AS date) AS day
FROM client_profile p JOIN tenant t ON t.id = p.tenant_id WHERE p.tenant_id = ANY(:tenants)
"""
# What is issued after a client's day is not owed on it, as in its own aging.
OWED = f"""
SELECT c.tenant_id, c.slug, c.legal_name, o.currency, c.day, sum(o.minor) AS open_minor,
  coalesce(sum(o.minor) FILTER (WHERE o.due_on < c.day), 0) AS overdue_minor, sum(o.items) AS open_count,
  coalesce(sum(o.items) FILTER (WHERE o.due_on < c.day), 0) AS overdue_count
FROM ({CLOCKS}) c JOIN (
  SELECT b.tenant_id, b.currency, b.due_on, b.open_minor AS minor, CAST(b.open_count AS bigint) AS items
  FROM open_balance b WHERE b.tenant_id = ANY(:tenants)
  UNION ALL
  SELECT i.tenant_id, i.currency, i.due_on, -i.open_minor, -1 FROM invoice i JOIN ({CLOCKS}) k
    ON k.tenant_id = i.tenant_id
  WHERE i.tenant_id = ANY(:tenants) AND i.issued_on > k.day AND i.open_minor > 0 AND i.voided_on IS NULL
) o ON o.tenant_id = c.tenant_id
GROUP BY c.tenant_id, c.slug, c.legal_name, o.currency, c.day HAVING sum(o.items) <> 0
ORDER BY c.legal_name, c.tenant_id, o.currency
"""
NEWEST = """
SELECT DISTINCT ON (f.tenant_id, f.currency, f.name) f.tenant_id, f.currency, f.name, f.over, f.under FROM kept_figure f
WHERE f.tenant_id = ANY(:tenants) AND f.name = ANY(:names) ORDER BY f.tenant_id, f.currency, f.name, f.day DESC
"""
MONTHS = """
SELECT f.tenant_id, f.currency, f.numerator FROM kept_figure f
WHERE f.tenant_id = ANY(:tenants) AND f.name = 'overdue' AND extract(day FROM f.day + 1) = 1
ORDER BY f.tenant_id, f.currency, f.day
"""
ALERTS = """
SELECT a.tenant_id, count(*) FROM alert a WHERE a.tenant_id = ANY(:tenants) AND a.state IN ('open', 'acknowledged')
GROUP BY a.tenant_id
"""


def standings(now: datetime) -> Sequence[Standing]:
    """Every client in scope that is owed anything, by name; `now` is the real time."""
    alerts = {row[0]: row[1] for row in store.run(ALERTS)}
    figures: dict[tuple[UUID, str], dict[str, Fraction | None]] = defaultdict(dict)
    for row in store.run(NEWEST, names=list(FIGURES)):
        figures[row.tenant_id, row.currency][row.name] = (
            None if row.over is None else Fraction(int(row.over), int(row.under))
        )
    trends: dict[tuple[UUID, str], list[int]] = defaultdict(list)
    for row in store.run(MONTHS):
        trends[row.tenant_id, row.currency].append(int(row.numerator))
    return [
        Standing(
            row.tenant_id,
            row.slug,
            row.legal_name,
            row.currency,
            row.day,
            int(row.open_minor),
            int(row.overdue_minor),
            int(row.open_count),
            int(row.overdue_count),
            alerts.get(row.tenant_id, 0),
            figures[row.tenant_id, row.currency],
            tuple(trends[row.tenant_id, row.currency]),
        )
        for row in store.run(OWED, now=now)
    ]


def totals(found: Sequence[Standing]) -> Sequence[Total]:
    """What all clients together are owed, by currency."""
    by_currency: dict[str, list[Standing]] = defaultdict(list)
    for each in found:
        by_currency[each.currency].append(each)
    return [
        Total(currency, len(some), sum(each.open_minor for each in some), sum(each.overdue_minor for each in some))
        for currency, some in sorted(by_currency.items())
    ]
