"""Decides what "three business days ago" means: one cutoff per condition, made before the query, in the client's zone
and in the calendar of the customer's country.

What a customer had time for is counted in the days on which people work there: nobody is late for having kept the
holidays of their own country. A customer without a country has the client's calendar. Cutoffs are plain values, so
indexes stay usable and a run can show what it compared with. A day off counts as the start of the next business day,
for a due date as for the moment of asking: whoever is due on a Saturday is not late before Monday ends.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants import store
from tenants.rules import worth
from tenants.rules.tree import Duration
from tenants.rules.worth import UNKNOWN, Worth
from tenants.values import calendars
from tenants.values.calendars import BusinessCalendar

# The countries of customers by steps through their index: one look-up for each that occurs, however many customers.
PLACE = """
WITH RECURSIVE abroad AS (
  (SELECT d.country FROM debtor d WHERE d.tenant_id = :tenant ORDER BY d.country LIMIT 1)
  UNION ALL
  SELECT (SELECT d.country FROM debtor d WHERE d.tenant_id = :tenant AND d.country > a.country
          ORDER BY d.country LIMIT 1)
  FROM abroad a WHERE a.country IS NOT NULL)
SELECT t.time_zone, t.country, t.base_currency,
  ARRAY(SELECT a.country FROM abroad a WHERE a.country NOT IN ('', t.country))
FROM tenant t WHERE t.id = :tenant
"""
DAYS = {"days": 1, "weeks": 7}


@dataclass(frozen=True, slots=True)
class Moment:
    """The instant of asking, and the zone and calendars in which days are counted."""

    now: datetime
    zone: ZoneInfo
    calendar: BusinessCalendar
    """The client's own: for its own work, and for customers of its country or of none."""
    abroad: tuple[BusinessCalendar, ...] = ()
    """Those of the other countries in which it has customers."""
    worth: Worth = UNKNOWN
    """What its own currency is worth in others."""

    @property
    def today(self) -> date:
        """The day there."""
        return calendars.local_day(self.now, zone=self.zone)

    @property
    def wall(self) -> time:
        """The time of day that a clock there shows."""
        return self.now.astimezone(self.zone).time()

    def elsewhere(self) -> dict[str, "Moment"]:
        """The same moment in each calendar abroad, by country."""
        return {each.country: replace(self, calendar=each, abroad=()) for each in self.abroad}


def here(now: datetime) -> Moment:
    """The moment at the client of this scope."""
    zone, country, currency, others = store.run(PLACE).one()
    abroad = tuple(BusinessCalendar.for_country(each) for each in others)
    at = Moment(now, calendars.zone(zone), BusinessCalendar.for_country(country), abroad)
    return replace(at, worth=worth.of(currency, day=at.today))


def day_back(duration: Duration, *, at: Moment) -> date:
    """The newest day that lies at least so long ago."""
    if duration.unit == "business_days":
        return at.calendar.subtract(at.calendar.on_or_before(at.today), duration.count)
    return at.today - timedelta(days=duration.count * DAYS[duration.unit])


def day_ahead(duration: Duration, *, at: Moment) -> date:
    """The last day of the coming span."""
    if duration.unit == "business_days":
        return at.calendar.add(at.today, duration.count)
    return at.today + timedelta(days=duration.count * DAYS[duration.unit])


def instant_back(duration: Duration, *, at: Moment) -> datetime:
    """The instant so long ago: hours exactly, days at the same time on the wall, business days without those off."""
    if duration.unit == "hours":
        return at.now - timedelta(hours=duration.count)
    if duration.unit != "business_days":
        return calendars.at_local_time(day_back(duration, at=at), at.wall, zone=at.zone)
    day = at.calendar.subtract(at.today, duration.count)
    if at.calendar.is_business_day(at.today) and at.wall > time.min:
        return calendars.at_local_time(day, at.wall, zone=at.zone)
    # Asked at the very start of a business day: what fell on days off just before `day` is exactly as old, not older.
    return calendars.start_of_day(at.calendar.subtract(day, 1) + timedelta(days=1), zone=at.zone)
