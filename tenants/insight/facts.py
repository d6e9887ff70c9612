"""Decides what the figures are counted from: two balances, the sales by month, and the sums over each set of rows.

Each set is read at most once, for all currencies, and only if a figure asks for it; no figure asks the books again.
"""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from typing import Any

from tenants import store
from tenants.directory import clients
from tenants.insight import aging, sets, sets_of_work
from tenants.insight.aging import Aging, CurrencyAging
from tenants.insight.narrowing import EVERYBODY, Narrow

MONTHS = 36
ONE_DAY = timedelta(days=1)
WITH_MIDDLE = {"disputes": "s.days", "first_seen": "CASE WHEN s.hit <> 0 THEN s.days ELSE 100000 END"}
"""Sets whose middle is asked for, and in which order; it needs a sort, so the others go without."""
ALL_SETS = sets.SETS | sets_of_work.SETS_OF_WORK


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


class Books:
    """The client's books as of a period, read as far as somebody asks: each set once, for all currencies."""

    def __init__(self, period: Period, narrow: Narrow = EVERYBODY) -> None:
        self.period, self.narrow = period, narrow
        self._sums: dict[str, dict[str, dict[str, Sums]]] = {}

    @cached_property
    def values(self) -> dict[str, Any]:
        """What every statement is told."""
        return self.period.values(str(clients.clock().zone)) | self.narrow.values()

    @cached_property
    def opening(self) -> Aging:
        """What was open before the first day."""
        return aging.as_of(self.period.first_on - ONE_DAY, known_at=self.period.known_at, narrow=self.narrow)

    @cached_property
    def closing(self) -> Aging:
        """What is open on the last day."""
        return aging.on(self.period.day, known_at=self.period.known_at, narrow=self.narrow)

    @cached_property
    def months(self) -> dict[str, list[tuple[int, int]]]:
        """Sales and days of each month back from the day, newest first, by currency."""
        return _months(self)

    def sums(self, name: str) -> dict[str, dict[str, Sums]]:
        """The sums over the parts of a set, by currency."""
        if name not in self._sums:
            more = MIDDLE.format(by=WITH_MIDDLE[name]) if name in WITH_MIDDLE else ""
            statement = TOTALS.format(rows=ALL_SETS[name], more=more, narrow=where(self.narrow))
            found: dict[str, dict[str, Sums]] = {}
            for currency, part, *numbers in store.run(statement, **self.values):
                found.setdefault(currency, {})[part] = Sums(*(int(each) for each in numbers))
            self._sums[name] = found
        return self._sums[name]

    def currencies(self) -> list[str]:
        """Every currency in which anything is owed or was done, as far as the books were read."""
        owed = {line.currency for report in (self.opening, self.closing) for line in report.currencies}
        return sorted(owed.union(self.months, *self._sums.values()))


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one currency."""

    currency: str
    books: Books

    @property
    def period(self) -> Period:
        """The days that are counted over."""
        return self.books.period

    @property
    def opening(self) -> CurrencyAging:
        """What was open before the first day."""
        return self.books.opening.of(self.currency)

    @property
    def closing(self) -> CurrencyAging:
        """What is open on the last day."""
        return self.books.closing.of(self.currency)

    @property
    def months(self) -> Sequence[tuple[int, int]]:
        """Sales and days of each month, the newest first."""
        empty = [(0, days) for _, days in _spans(self.period.day)]
        return self.books.months.get(self.currency, empty)

    def of(self, rows: str, part: str = "") -> Sums:
        """The sums over one part of a set; of nothing when it has no rows."""
        return self.parts(rows).get(part, Sums())

    def parts(self, rows: str) -> dict[str, Sums]:
        """The sums over each part of a set that has rows."""
        return self.books.sums(rows).get(self.currency, {})


TOTALS = """
SELECT s.currency, s.part, count(*), coalesce(sum(s.minor), 0), count(*) FILTER (WHERE s.hit <> 0),
  coalesce(sum(s.hit), 0), coalesce(sum(s.days), 0), coalesce(sum(s.minor * s.days), 0){more}
FROM ({rows}) s{narrow} GROUP BY s.currency, s.part
"""
MIDDLE = """,
  percentile_disc(0.5) WITHIN GROUP (ORDER BY {by}), percentile_disc(0.9) WITHIN GROUP (ORDER BY {by})
"""
BY_MONTH = f"""
SELECT s.currency, width_bucket(s.on_day, CAST(:starts AS date[])), sum(s.minor)
FROM ({sets.SALES}) s{{narrow}} GROUP BY 1, 2
"""


def gather(period: Period, narrow: Narrow = EVERYBODY) -> list[Facts]:
    """The facts of every currency in which anything is owed or was done."""
    books = Books(period, narrow)
    for name in ALL_SETS:
        books.sums(name)
    return [Facts(currency, books) for currency in books.currencies()]


def where(narrow: Narrow) -> str:
    """The condition of a narrowing on the rows of a set."""
    return f" WHERE {narrow.where('s.debtor_id')}" if narrow else ""


def _months(books: Books) -> dict[str, list[tuple[int, int]]]:
    spans = _spans(books.period.day)
    starts = [first_on for first_on, _ in reversed(spans)]
    values = {"day": books.period.day, "known_at": books.period.known_at, "first_on": starts[0], "starts": starts}
    sold: dict[str, dict[int, int]] = {}
    statement = BY_MONTH.format(narrow=where(books.narrow))
    for currency, at, minor in store.run(statement, **values, **books.narrow.values()):
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
