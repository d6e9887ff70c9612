"""Decides what stands on a dashboard, and how old it may be.

What is owed comes from balances that every posting keeps. The figures of a client with few invoices are counted while
somebody waits; those of a large one were counted within the hour, and carry that instant, so that the rows behind them
can be read as they were known then. The trends are ends of months that were kept. Whether the client is `small` enough
to be counted at once is asked by `keeping.is_small`, once for a whole page.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tenants import store
from tenants.insight import activity, customers, family, forecast, keeping, receipts
from tenants.insight.activity import Done
from tenants.insight.customers import CustomerAging
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.forecast import Error, Week
from tenants.insight.keeping import DAYS, DONE_DAYS, Kept
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.insight.receipts import Funnel

SHOWN = (
    "dso",
    "dso-best",
    "add",
    "cei",
    "percent-current",
    "unapplied",
    "promises-kept-count",
    "seen-rate",
    "disputed",
)
TREND = ("open", "overdue", "not-due", "dso", "dso-best", "cei", "percent-current", "sales", "received")


@dataclass(frozen=True, slots=True)
class Counted:
    """Figures by name, and when they were counted if that was not just now."""

    figures: dict[str, Figure]
    counted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """One figure at the end of a month, and over how many days it is."""

    figure: Figure
    period_days: int


@dataclass(frozen=True, slots=True)
class Trend:
    """The ends of months that are kept, the oldest first, and the figures of each by name."""

    ends: tuple[date, ...]
    points: dict[str, dict[date, Point]]

    def of(self, name: str) -> list[Point | None]:
        """One figure at each end; None where it was not kept."""
        return [self.points.get(name, {}).get(end) for end in self.ends]

    def before(self, name: str) -> Figure | None:
        """The newest end of a month at which the figure had a value."""
        known = [each.figure for each in self.of(name) if each is not None and each.figure.value is not None]
        return known[-1] if known else None


NO_TREND = Trend((), {})


def figures(
    day: date,
    *,
    today: date,
    currency: str,
    small: bool,
    narrow: Narrow = EVERYBODY,
    known_at: datetime | None = None,
) -> Counted:
    """The figures of the strip in one currency: counted now, or as they were last counted for a large client."""
    if known_at is None and not narrow and not small:
        found = keeping.latest(SHOWN) if day == today else keeping.kept(day, names=SHOWN)
        mine = [each for each in found if each.figure.currency == currency]
        if mine:
            return Counted({each.figure.name: each.figure for each in mine}, min(each.kept_at for each in mine))
        if day == today:
            return Counted({})
    told = family.of(Period(day, DAYS, known_at), names=SHOWN, narrow=narrow, currencies=[currency])
    return Counted({each.name: each for each in told})


def funnel(day: date, *, today: date, small: bool, narrow: Narrow = EVERYBODY) -> tuple[Funnel, datetime | None]:
    """How far the invoices of the last three months got, and when that was counted if it was not just now."""
    first_on = day - timedelta(days=DAYS)
    if day == today and not narrow and not small:
        found = keeping.latest([f"funnel-{key}" for key in receipts.PASSED])
        counts = {each.figure.name.removeprefix("funnel-"): int(each.figure.value or 0) for each in found}
        if len(counts) == len(receipts.PASSED):
            kept_on = found[0].figure.as_of
            told = receipts.of_counts(counts, first_on=kept_on - timedelta(days=DAYS), last_on=kept_on)
            return told, min(each.kept_at for each in found)
    return receipts.funnel(first_on, last_on=day, narrow=narrow), None


def trend(today: date, *, currency: str) -> Trend:
    """The months that are over, and what was kept of each."""
    ends = keeping.month_ends(today)
    points: dict[str, dict[date, Point]] = {}
    for each in keeping.trend(TREND, ends=ends):
        if each.figure.currency == currency and _fits(each):
            points.setdefault(each.figure.name, {})[each.figure.as_of] = Point(each.figure, each.period_days)
    return Trend(tuple(end for end in ends if any(end in known for known in points.values())), points)


def _fits(kept: Kept) -> bool:
    """What is told for a month by itself is told by its own days, everything else over the quarter."""
    return (kept.period_days != DAYS) == (kept.figure.name in keeping.OF_THE_MONTH)


def owing_most(
    today: date, *, currency: str, small: bool, narrow: Narrow, limit: int
) -> tuple[Sequence[CustomerAging], bool]:
    """Who owes most, and whether that was counted just now and not within the hour."""
    if narrow or small:
        return customers.owing(today, currency=currency, narrow=narrow, limit=limit).customers, True
    rows = store.run(OWING, currency=currency, limit=limit).mappings()
    return [CustomerAging(**row, buckets={}) for row in rows], False


OWING = """
SELECT k.debtor_id, d.number, d.name, k.currency, k.overdue_minor, k.open_minor, k.item_count AS count,
  k.oldest_due_on
FROM kept_owing k JOIN debtor d ON d.tenant_id = :tenant AND d.id = k.debtor_id
WHERE k.tenant_id = :tenant AND k.currency = :currency ORDER BY k.overdue_minor DESC, k.debtor_id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Expected:
    """The cash of the coming weeks in one currency, how far off such forecasts were, and when both were counted."""

    weeks: Sequence[Week]
    error: Error
    counted_at: datetime | None = None


def expected(today: date, *, currency: str, small: bool, narrow: Narrow = EVERYBODY) -> Expected:
    """What the coming weeks are expected to bring, with their ranges."""
    if narrow or small:
        found = [week for week in forecast.weeks(narrow=narrow) if week.currency == currency]
        return Expected(found, forecast.error(today))
    known = {each.figure.name: each for each in keeping.latest() if each.figure.currency in ("", currency)}
    weeks = [keeping.week_of(each) for name, each in sorted(known.items()) if name.startswith(keeping.WEEK)]
    off, near, held = (known.get(name) for name in keeping.ERRORS)
    if off is None or near is None or held is None:
        return Expected(weeks, Error(0, None, 0, 0))
    days = None if off.figure.value is None else round(float(off.figure.value), 1)
    counts = [each.figure.numerator or 0 for each in (near, held)]
    return Expected(weeks, Error(off.figure.denominator or 0, days, counts[0], counts[1]), off.kept_at)


def done(now: datetime, *, small: bool) -> tuple[Sequence[Done], datetime]:
    """What was done for the client in the seven days up to an instant, and that instant."""
    if small:
        return activity.done(now - timedelta(days=DONE_DAYS), until=now), now
    found = [each for each in keeping.latest() if each.figure.name.startswith("done-")]
    lines = [
        Done(line.name.removeprefix("done-"), int(line.value or 0), line.numerator, line.currency)
        for line in (each.figure for each in found)
    ]
    return lines, min((each.kept_at for each in found), default=now)
