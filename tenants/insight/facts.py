"""Decides what the figures are counted from: two balances, the sales by month, and the sums over each set of rows.

Everything is read once for all currencies and kept apart by currency; no figure asks the books again.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from tenants import store
from tenants.directory import clients
from tenants.insight import aging, sets
from tenants.insight.aging import CurrencyAging

MONTHS = 36


@dataclass(frozen=True, slots=True)
class Period:
    """The days that figures are counted over, both ends included, and what was known."""

    day: date
    days: int
    known_at: datetime | None = None

    @property
    def first_on(self) -> date:
        """The first day of the period."""
        return self.day - timedelta(days=self.days - 1)

    def values(self, zone: str) -> dict[str, Any]:
        """What the sets of rows are told."""
        return {"day": self.day, "first_on": self.first_on, "known_at": self.known_at, "zone": zone}


@dataclass(frozen=True, slots=True)
class Sums:
    """What the rows of a set add up to: all of them, those that count above the line, and their days."""

    count: int = 0
    minor: int = 0
    hits: int = 0
    hit_minor: int = 0
    days: int = 0
    weighted: int = 0
    median: int | None = None
    ninetieth: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one currency."""

    currency: str
    period: Period
    opening: CurrencyAging
    closing: CurrencyAging
    months: Sequence[tuple[int, int]]
    sums: dict[tuple[str, str], Sums]

    def of(self, rows: str, part: str = "") -> Sums:
        """The sums over one part of a set; of nothing when it has no rows."""
        return self.sums.get((rows, part), Sums())


TOTALS = """
SELECT s.currency, s.part, count(*), coalesce(sum(s.minor), 0), count(*) FILTER (WHERE s.hit <> 0),
  coalesce(sum(s.hit), 0), coalesce(sum(s.days), 0), coalesce(sum(s.minor * s.days), 0){more}
FROM ({rows}) s GROUP BY s.currency, s.part
"""
MIDDLE = """,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY s.days), percentile_disc(0.9) WITHIN GROUP (ORDER BY s.days)
"""
BY_MONTH = f"""
SELECT s.currency, width_bucket(s.on_day, CAST(:starts AS date[])), sum(s.minor) FROM ({sets.SALES}) s GROUP BY 1, 2
"""


def gather(period: Period) -> list[Facts]:
    """The facts of every currency in which anything is owed or was done."""
    values = period.values(str(clients.clock().zone))
    opening = aging.as_of(period.first_on - timedelta(days=1), known_at=period.known_at)
    closing = aging.as_of(period.day, known_at=period.known_at)
    months = _months(period)
    found: dict[str, dict[tuple[str, str], Sums]] = {}
    for name, rows in sets.SETS.items():
        statement = TOTALS.format(rows=rows, more=MIDDLE if name == "disputes" else "")
        for currency, part, *numbers in store.run(statement, **values):
            found.setdefault(currency, {})[name, part] = Sums(*(int(each) for each in numbers))
    owed = {line.currency for report in (opening, closing) for line in report.currencies}
    empty = [(0, days) for _, days in _spans(period.day)]
    return [
        Facts(
            currency,
            period,
            opening.of(currency),
            closing.of(currency),
            months.get(currency, empty),
            found.get(currency, {}),
        )
        for currency in sorted(owed | set(found) | set(months))
    ]


def _months(period: Period) -> dict[str, list[tuple[int, int]]]:
    """Sales and days of each month back from the day, newest first, by currency."""
    spans = _spans(period.day)
    starts = [first_on for first_on, _ in reversed(spans)]
    values = {"day": period.day, "known_at": period.known_at, "first_on": starts[0], "starts": starts}
    sold: dict[str, dict[int, int]] = {}
    for currency, at, minor in store.run(BY_MONTH, **values):
        sold.setdefault(currency, {})[MONTHS - at] = int(minor)
    return {
        currency: [(of_month.get(at, 0), days) for at, (_, days) in enumerate(spans)]
        for currency, of_month in sold.items()
    }


def _spans(day: date) -> list[tuple[date, int]]:
    """First day and length of each month that ends with the day, and of those before it, newest first.

    On the last day of a month these are the months of the calendar.
    """
    ends = [_months_before(day, back) for back in range(MONTHS + 1)]
    return [(before + timedelta(days=1), (end - before).days) for end, before in pairwise(ends)]


def _months_before(day: date, back: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 - back, 12)
    last = monthrange(year, month + 1)[1]
    at_end = day.day == monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if at_end else min(day.day, last))
