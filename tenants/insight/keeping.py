"""Decides which figures are kept: those of each month's end, for the trends, and those of today, for large clients.

A kept figure carries the instant at which it was counted. The rows behind it are read as they were known then, so a
number on a screen and its list agree however much was posted since. A month's end is counted again when something was
posted into the past that it had not known.
"""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Numeric, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.insight import activity, customers, family, forecast, receipts
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.forecast import Week
from tenants.store import Model, TenantOwned

MONTHS = 13
DAYS = 90
SMALL = 20_000
"""Up to so many invoices a client's figures are counted while somebody waits; beyond, the last count is shown."""
TOP = 50
OF_THE_MONTH = ("sales", "received")
"""What is told for each month by itself and not over a quarter."""
DONE_DAYS = 7
WEEK = "expected-"
ERRORS = ("forecast-off", "forecast-near", "forecast-held")


class KeptFigure(TenantOwned, Model):
    """One figure of one day as it was counted; its value is an exact fraction."""

    __tablename__ = "kept_figure"

    day: Mapped[date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    period_days: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    over: Mapped[Decimal | None] = mapped_column(Numeric)
    under: Mapped[Decimal | None] = mapped_column(Numeric)
    numerator: Mapped[Decimal | None] = mapped_column(Numeric)
    denominator: Mapped[Decimal | None] = mapped_column(Numeric)
    reason: Mapped[str]
    kept_at: Mapped[datetime]


class KeptOwing(TenantOwned, Model):
    """One of the customers who owed most when it was last counted."""

    __tablename__ = "kept_owing"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),)

    currency: Mapped[str] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    overdue_minor: Mapped[int] = mapped_column(BigInteger)
    open_minor: Mapped[int] = mapped_column(BigInteger)
    item_count: Mapped[int]
    oldest_due_on: Mapped[date]
    day: Mapped[date]
    kept_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Kept:
    """A figure as it was counted, and when."""

    figure: Figure
    period_days: int
    kept_at: datetime


KEEP = """
INSERT INTO kept_figure (tenant_id, day, currency, name, period_days, over, under, numerator, denominator, reason,
  kept_at)
VALUES (:tenant, :day, :currency, :name, :period_days, :over, :under, :numerator, :denominator, :reason, :kept_at)
"""
FORGET = """
DELETE FROM kept_figure WHERE tenant_id = :tenant AND (day = :day OR day < :day AND extract(day FROM day + 1) <> 1)
"""
FORGET_OWING = "DELETE FROM kept_owing WHERE tenant_id = :tenant"
KEEP_OWING = """
INSERT INTO kept_owing (tenant_id, currency, debtor_id, overdue_minor, open_minor, item_count, oldest_due_on, day,
  kept_at)
VALUES (:tenant, :currency, :debtor_id, :overdue_minor, :open_minor, :item_count, :oldest_due_on, :day, :kept_at)
"""
KEPT_DAYS = "SELECT day, min(kept_at) FROM kept_figure WHERE tenant_id = :tenant AND day = ANY(:ends) GROUP BY day"
FIRST = "SELECT min(issued_on) FROM invoice WHERE tenant_id = :tenant"
# What became known since the oldest count, by the minute in which it did: into which day each reached back.
SINCE = """
SELECT date_trunc('minute', k.at) AS known_at, min(k.on_day) AS on_day FROM (
  SELECT known_at AS at, effective_on AS on_day FROM allocation WHERE tenant_id = :tenant AND known_at > :since
  UNION ALL SELECT known_at, issued_on FROM invoice WHERE tenant_id = :tenant AND known_at > :since
  UNION ALL SELECT voided_at, voided_on FROM invoice WHERE tenant_id = :tenant AND voided_at > :since
  UNION ALL SELECT known_at, received_on FROM payment WHERE tenant_id = :tenant AND known_at > :since
  UNION ALL SELECT known_at, issued_on FROM credit_note WHERE tenant_id = :tenant AND known_at > :since) k GROUP BY 1
"""
OPEN_COUNT = "SELECT coalesce(sum(open_count), 0) FROM open_balance WHERE tenant_id = :tenant"
SOME = """
SELECT count(*) FROM (SELECT 1 FROM invoice WHERE tenant_id = :tenant LIMIT :limit) some_of_them
"""


def month_ends(today: date, *, months: int = MONTHS) -> list[date]:
    """The last days of the months that are over, the oldest first; the day that is today is not over."""
    first, ends = today.replace(day=1), []
    for _ in range(months):
        last = first - timedelta(days=1)
        ends.append(last)
        first = last.replace(day=1)
    return ends[::-1]


def is_small() -> bool:
    """Whether the client's figures can be counted while somebody waits."""
    if store.run(OPEN_COUNT).scalar_one() > SMALL:
        return False
    return bool(store.run(SOME, limit=SMALL + 1).scalar_one() <= SMALL)


def due(today: date) -> list[date]:
    """The ends of months that are not kept yet, or were overtaken by what was posted into their past."""
    first_on = store.run(FIRST).scalar_one()
    if first_on is None:
        return []
    ends = [end for end in month_ends(today) if end >= first_on]
    kept: dict[date, datetime] = {row[0]: row[1] for row in store.run(KEPT_DAYS, ends=ends)}
    news = [(row[0], row[1]) for row in store.run(SINCE, since=min(kept.values()))] if kept else []
    return [end for end in ends if end not in kept or _overtaken(end, kept[end], news)]


def _overtaken(end: date, kept_at: datetime, news: Sequence[tuple[datetime, date]]) -> bool:
    return any(at >= kept_at - timedelta(minutes=1) and on_day <= end for at, on_day in news)


def keep(day: date, *, today: date, now: datetime) -> int:
    """Count every figure of a day and keep them in place of what was kept of it; return how many.

    With today's also those who owe most. Of the days that are over only the ends of months stay. A small client's books
    are read as whole sets: just loaded, they have no statistics, and what is taken for one row would be looped over.
    """
    if is_small():
        store.plan_for_sets()
    found = [(DAYS, each) for each in family.of(Period(day, DAYS))]
    month = Period(day, day.day)
    if day.day == monthrange(day.year, day.month)[1]:
        found += [(month.days, each) for each in family.of(month, names=OF_THE_MONTH)]
    if day == today:
        found += [(DAYS, each) for each in _counts(day)]
        found += [(DONE_DAYS, each) for each in _done(day, now)]
        found += [(DAYS, each) for each in _expected(day)]
    store.run(FORGET, day=day)
    store.run_many(KEEP, [_row(each, days, now) for days, each in found])
    if day == today:
        _keep_owing(day, sorted({each.currency for _, each in found if each.currency}), now=now)
    return len(found)


def kept(day: date, *, names: Iterable[str] = ()) -> list[Kept]:
    """What is kept of a day."""
    return _read("AND day = :day", day=day, names=list(names))


def latest(names: Iterable[str] = ()) -> list[Kept]:
    """What is kept of the newest day."""
    return _read("AND day = (SELECT max(day) FROM kept_figure WHERE tenant_id = :tenant)", names=list(names))


def trend(names: Iterable[str], *, ends: Sequence[date]) -> list[Kept]:
    """What is kept of the ends of months, the oldest first."""
    return _read("AND day = ANY(:ends)", names=list(names), ends=list(ends))


READ = """
SELECT day, currency, name, period_days, over, under, numerator, denominator, reason, kept_at FROM kept_figure
WHERE tenant_id = :tenant {days} {names} ORDER BY day, currency, name, period_days
"""


def _read(days: str, *, names: list[str], **values: Any) -> list[Kept]:
    told = values | ({"names": names} if names else {})
    statement = READ.format(days=days, names="AND name = ANY(:names)" if names else "")
    return [_kept(*row) for row in store.run(statement, **told)]


def _kept(
    day: date,
    currency: str,
    name: str,
    period_days: int,
    over: Decimal | None,
    under: Decimal | None,
    numerator: Decimal | None,
    denominator: Decimal | None,
    reason: str,
    kept_at: datetime,
) -> Kept:
    known = DEFINITIONS.get(name)
    figure = Figure(
        name=name,
        value=None if over is None or under is None else Fraction(int(over), int(under)),
        unit=known.unit if known else "count",
        as_of=day,
        basis=known.basis if known else "",
        known_at=kept_at,
        numerator=None if numerator is None else int(numerator),
        denominator=None if denominator is None else int(denominator),
        reason=reason,
        currency=currency,
    )
    return Kept(figure, period_days, kept_at)


def _row(figure: Figure, days: int, now: datetime) -> dict[str, Any]:
    value = None if figure.value is None else Fraction(figure.value)
    return {
        "day": figure.as_of,
        "currency": figure.currency,
        "name": figure.name,
        "period_days": days,
        "over": None if value is None else value.numerator,
        "under": None if value is None else value.denominator,
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "reason": figure.reason,
        "kept_at": now,
    }


def _counts(day: date) -> list[Figure]:
    """How far the invoices of the period got, as figures without a currency."""
    found = receipts.funnel(day - timedelta(days=DAYS), last_on=day)
    return [Figure(f"funnel-{step.key}", step.count, "count", day, "") for step in found.steps]


def _done(day: date, now: datetime) -> list[Figure]:
    """What was done in the last days."""
    done = activity.done(now - timedelta(days=DONE_DAYS), until=now)
    return [
        Figure(f"done-{each.key}", each.count, "count", day, "", numerator=each.minor, currency=each.currency)
        for each in done
    ]


def _expected(day: date) -> list[Figure]:
    """The cash of the coming weeks with its range, and how far off such forecasts were."""
    found = [
        Figure(
            f"{WEEK}{week.first_on}",
            week.minor,
            "minor",
            day,
            "",
            numerator=week.low_minor,
            denominator=week.high_minor,
            currency=week.currency,
        )
        for week in forecast.weeks()
    ]
    off = forecast.error(day)
    days = None if off.days is None else Fraction(off.days).limit_denominator(10)
    counts = zip(ERRORS, (days, off.within_5, off.in_range), (None, off.within_5, off.in_range), strict=True)
    return found + [
        Figure(name, value, "days" if name == ERRORS[0] else "count", day, "", None, hits, off.count)
        for name, value, hits in counts
    ]


def week_of(kept: Kept) -> Week:
    """The week that was kept as a figure."""
    figure = kept.figure
    first_on = date.fromisoformat(figure.name.removeprefix(WEEK))
    low, high = figure.numerator or 0, figure.denominator or 0
    return Week(figure.currency, first_on, int(figure.value or 0), low, high, 0)


def _keep_owing(day: date, currencies: Sequence[str], *, now: datetime) -> None:
    store.run(FORGET_OWING)
    for currency in currencies:
        owing = customers.owing(day, currency=currency, limit=TOP).customers
        rows = [
            {
                "currency": currency,
                "debtor_id": each.debtor_id,
                "overdue_minor": each.overdue_minor,
                "open_minor": each.open_minor,
                "item_count": each.count,
                "oldest_due_on": each.oldest_due_on,
                "day": day,
                "kept_at": now,
            }
            for each in owing
        ]
        store.run_many(KEEP_OWING, rows)
