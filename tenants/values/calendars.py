"""Decides which days count: weekends, public holidays and blackouts of a country, and which day it is in a zone.

Ledgers live in the tenant's zone, contact in the debtor's. Days are never counted by adding 24 hours: those on which
clocks change have 23 or 25 of them. A country we do not know has weekends on Saturday and Sunday and no holidays, and
says so (`known`), rather than stopping the work.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from importlib import resources
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import holidays

from tenants.values.faults import Refusal

_DAY = timedelta(days=1)
_PATIENCE = 3660
"""Days searched for the next business day before a calendar of nothing but blackouts is called a fault."""


class UnknownZone(Refusal, ValueError):
    """No such time zone."""

    code = "unknown_zone"
    remedy = "Use a name of the IANA list, such as Europe/Berlin."


class NoBusinessDay(Refusal, ValueError):
    """The calendar leaves no day to work on."""

    code = "no_business_day"
    remedy = "Shorten the blackout ranges of this calendar."


@dataclass(frozen=True, slots=True)
class Blackout:
    """Days on which nobody is contacted, both ends included."""

    first_on: date
    last_on: date
    reason: str

    def covers(self, day: date) -> bool:
        """Whether the day lies within."""
        return self.first_on <= day <= self.last_on


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """The business days of a country, perhaps of one part of it."""

    country: str
    subdivision: str | None = None
    blackouts: tuple[Blackout, ...] = ()
    known: bool = True
    """False when no holidays are on record for the country: only weekends are off."""

    @staticmethod
    def for_country(code: str, *, subdivision: str | None = None) -> "BusinessCalendar":
        """The calendar of a country by ISO 3166 code; an unknown subdivision falls back to the whole country."""
        return _calendar(code.upper(), subdivision)

    def without(self, blackouts: Iterable[Blackout]) -> "BusinessCalendar":
        """The same calendar with more days off."""
        return replace(self, blackouts=(*self.blackouts, *blackouts))

    def is_business_day(self, day: date) -> bool:
        """Neither weekend nor holiday nor blackout."""
        if day in _days_off(self.country, self.subdivision, day.year):
            return False
        return not any(blackout.covers(day) for blackout in self.blackouts)

    def on_or_after(self, day: date) -> date:
        """The day itself or the next that counts."""
        return next(self._days(day, _DAY))

    def on_or_before(self, day: date) -> date:
        """The day itself or the last that counted."""
        return next(self._days(day, -_DAY))

    def add(self, day: date, count: int) -> date:
        """The count-th business day after the day, or before it for a negative count; zero rolls forward if need be."""
        if count == 0:
            return self.on_or_after(day)
        step = _DAY if count > 0 else -_DAY
        found = self._days(day + step, step)
        for _ in range(abs(count) - 1):
            next(found)
        return next(found)

    def subtract(self, day: date, count: int) -> date:
        """The count-th business day before the day."""
        return self.add(day, -count) if count else self.on_or_before(day)

    def between(self, start: date, end: date) -> int:
        """Business days after start up to and including end; negative when end comes first."""
        if end < start:
            return -self.between(end, start)
        return sum(self.is_business_day(start + timedelta(days=n)) for n in range(1, (end - start).days + 1))

    def _days(self, day: date, step: timedelta) -> Iterator[date]:
        missed = 0
        while missed < _PATIENCE:
            if self.is_business_day(day):
                missed = 0
                yield day
            else:
                missed += 1
            day += step
        raise NoBusinessDay("This calendar has no business day in ten years.")


@lru_cache(maxsize=1024)
def _calendar(country: str, subdivision: str | None) -> BusinessCalendar:
    supported = holidays.list_supported_countries(include_aliases=True)
    if country not in supported:
        return BusinessCalendar(country, known=False)
    return BusinessCalendar(country, subdivision if subdivision in supported[country] else None)


@lru_cache(maxsize=4096)
def _days_off(country: str, subdivision: str | None, year: int) -> frozenset[date]:
    """Weekends and holidays of a year, whole: the library fills its objects while they are read, bad for threads."""
    first = date(year, 1, 1)
    days = [first + timedelta(days=n) for n in range((date(year, 12, 31) - first).days + 1)]
    try:
        book = holidays.country_holidays(country, subdiv=subdivision, years=year, expand=False)
    except NotImplementedError:
        return frozenset(day for day in days if day.weekday() >= 5)
    return frozenset(day for day in days if not book.is_working_day(day))


@lru_cache(maxsize=1024)
@lru_cache(maxsize=1)
def _zones_by_country() -> dict[str, tuple[str, ...]]:
    """The zones of each country in the order of the IANA list."""
    found: dict[str, list[str]] = {}
    for line in (resources.files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, name = line.split("\t")[:3]
            found.setdefault(country, []).append(name)
    return {country: tuple(names) for country, names in found.items()}


def zones_of(country: str) -> tuple[ZoneInfo, ...]:
    """Every zone in which somebody in that country may live; none for a country that the list does not know."""
    return tuple(zone(name) for name in _zones_by_country().get(country, ()))


def countries() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Every country that the list knows, with the names of its zones."""
    return tuple(sorted(_zones_by_country().items()))


def zone(name: str) -> ZoneInfo:
    """The time zone of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as fault:
        raise UnknownZone(f"“{name[:60]}” is not a time zone.") from fault


def local_day(at: datetime, *, zone: ZoneInfo) -> date:
    """The calendar day on which the instant falls, over there."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(zone).date()


def start_of_day(day: date, *, zone: ZoneInfo) -> datetime:
    """The instant at which the day begins there, also where midnight is skipped; where it comes twice, the first."""
    return datetime.combine(day, time.min, tzinfo=zone).astimezone(UTC)


def day_bounds(day: date, *, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """From the first instant of the day to the first of the next: half open, 23 to 25 hours long."""
    return start_of_day(day, zone=zone), start_of_day(day + _DAY, zone=zone)


def at_local_time(day: date, wall: time, *, zone: ZoneInfo) -> datetime:
    """The instant when a wall clock there shows that time; skipped times move forward, repeated ones mean the first."""
    return datetime.combine(day, wall.replace(tzinfo=None, fold=0), tzinfo=zone).astimezone(UTC)
