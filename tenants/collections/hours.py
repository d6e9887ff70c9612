"""Decides when the machine may write to a customer: office hours of the customer's business days, on its clock.

Counting in another zone than the customer's is how a reminder arrives at three in the morning, or on the wrong side
of a due date.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tenants.values import calendars
from tenants.values.calendars import Blackout, BusinessCalendar

SEARCH_DAYS = 60
ROUNDS = 12
"""Steps from one zone's opening to the next before a country is called too wide for a common hour."""


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of one customer: from `opens` up to, and not including, `closes` on business days in `zone`."""

    zone: ZoneInfo
    calendar: BusinessCalendar
    opens: time
    closes: time
    others: tuple[ZoneInfo, ...] = ()
    """Further zones in which the customer may be, where its own is not known: it must be office hours in all."""

    def next_moment(self, now: datetime) -> datetime:
        """`now` itself when it lies within, else the next opening. Raises NoBusinessDay when the calendar has none.

        A country so wide that its zones share no office hour is asked by the first of them in the list.
        """
        clocks = {now.astimezone(zone).utcoffset(): zone for zone in (*self.others, self.zone)}
        moment = now
        for _ in range(ROUNDS):
            latest = max(self._in_zone(zone, moment) for zone in clocks.values())
            if latest == moment:
                return moment
            moment = latest
        return self._in_zone(self.zone, now)

    def _in_zone(self, zone: ZoneInfo, now: datetime) -> datetime:
        today = calendars.local_day(now, zone=zone)
        day = self.calendar.on_or_after(today)
        for _ in range(SEARCH_DAYS):
            opening = calendars.at_local_time(day, self.opens, zone=zone)
            closing = calendars.at_local_time(day, self.closes, zone=zone)
            if now < opening < closing:
                return opening
            if opening <= now < closing:
                return now
            day = self.calendar.add(day, 1)
        raise calendars.NoBusinessDay("These hours never open.", remedy="Let the day close later than it opens.")

    def opening_after_days(self, last: datetime, *, business_days: int) -> datetime:
        """The first moment at which `business_days` whole business days have passed since the day of `last`."""
        return self.opening_on(self.calendar.add(calendars.local_day(last, zone=self.zone), business_days))

    def opening_on(self, day: date) -> datetime:
        """The first moment of the day, or of the next business day."""
        return self.next_moment(calendars.at_local_time(self.calendar.on_or_after(day), self.opens, zone=self.zone))

    def next_opening(self, now: datetime) -> datetime:
        """The opening of the next business day after today."""
        return self.opening_on(calendars.local_day(now, zone=self.zone) + timedelta(days=1))


def of(
    *,
    zone: str | None,
    client_zone: str,
    country: str,
    client_country: str,
    opens: time,
    closes: time,
    blackouts: tuple[Blackout, ...] = (),
) -> Hours:
    """The customer's hours. An unknown zone is any of its country's, an unknown country the client's own."""
    plausible = () if zone or not country else calendars.zones_of(country)
    first, *others = (calendars.zone(zone),) if zone else plausible or (calendars.zone(client_zone),)
    return Hours(
        zone=first,
        others=tuple(others),
        calendar=BusinessCalendar.for_country(country or client_country).without(blackouts),
        opens=opens,
        closes=closes,
    )
