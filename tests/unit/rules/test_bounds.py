"""Cutoffs: what so many days ago means on workdays, weekends, holidays and the nights when clocks change."""

from datetime import UTC, date, datetime

import pytest

from tenants.rules import bounds
from tenants.rules.bounds import Moment
from tenants.rules.tree import Duration
from tenants.values.calendars import BusinessCalendar, zone

BERLIN = zone("Europe/Berlin")


def at(text, place=BERLIN, country="DE"):
    return Moment(
        datetime.fromisoformat(text).replace(tzinfo=place).astimezone(UTC), place, BusinessCalendar.for_country(country)
    )


def local(found):
    return found.astimezone(BERLIN).replace(tzinfo=None).isoformat(" ", "minutes")


@pytest.mark.parametrize(
    ("today", "span", "expected"),
    [
        ("2026-11-19", Duration(3, "business_days"), "2026-11-16"),
        ("2026-11-22", Duration(3, "business_days"), "2026-11-17"),  # a Sunday counts as the Friday before
        ("2026-12-28", Duration(1, "business_days"), "2026-12-24"),  # over Christmas
        ("2026-11-19", Duration(2, "weeks"), "2026-11-05"),
        ("2026-03-01", Duration(1, "days"), "2026-02-28"),
    ],
)
def test_a_day_so_long_ago(today, span, expected):
    assert bounds.day_back(span, at=at(f"{today} 09:00")) == date.fromisoformat(expected)


def test_a_day_so_far_ahead():
    assert bounds.day_ahead(Duration(2, "business_days"), at=at("2026-11-20 09:00")) == date(2026, 11, 24)
    assert bounds.day_ahead(Duration(1, "weeks"), at=at("2026-11-20 09:00")) == date(2026, 11, 27)


@pytest.mark.parametrize(
    ("now", "span", "expected"),
    [
        ("2026-11-19 09:00", Duration(3, "business_days"), "2026-11-16 09:00"),
        ("2026-11-22 09:00", Duration(3, "business_days"), "2026-11-18 00:00"),  # Sunday asks as Monday will begin
        ("2026-03-29 09:00", Duration(5, "business_days"), "2026-03-21 00:00"),  # a Saturday is as old as its Monday
        ("2026-03-30 09:00", Duration(1, "days"), "2026-03-29 09:00"),
        ("2026-03-29 09:00", Duration(1, "days"), "2026-03-28 09:00"),  # 23 hours, one day
        ("2026-03-29 09:00", Duration(24, "hours"), "2026-03-28 08:00"),
        ("2026-10-26 02:30", Duration(1, "days"), "2026-10-25 02:30"),
        ("2026-03-30 02:30", Duration(1, "days"), "2026-03-29 03:30"),  # the wall never showed half past two
    ],
)
def test_an_instant_so_long_ago(now, span, expected):
    assert local(bounds.instant_back(span, at=at(now))) == expected


def test_the_moment_is_the_clients_own(in_alder, now):
    with in_alder:
        here = bounds.here(now)
    assert (here.zone.key, here.calendar.country, here.today) == ("Europe/Berlin", "DE", date(2026, 11, 20))
