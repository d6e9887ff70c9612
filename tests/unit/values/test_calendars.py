"""Which days count, and which day it is where."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.values.calendars import (
    Blackout,
    BusinessCalendar,
    NoBusinessDay,
    UnknownZone,
    at_local_time,
    day_bounds,
    local_day,
    start_of_day,
    zone,
)

GERMANY = BusinessCalendar.for_country("DE")
DAYS = st.dates(date(2010, 1, 1), date(2035, 12, 31))
ZONES = st.sampled_from(
    ["Europe/Berlin", "Pacific/Kiritimati", "Pacific/Honolulu", "America/Sao_Paulo", "Asia/Beirut"]
).map(zone)


@pytest.mark.parametrize(
    ("country", "part", "day", "open_"),
    [
        ("DE", None, date(2026, 11, 20), True),
        ("DE", None, date(2026, 11, 21), False),
        ("DE", None, date(2026, 10, 3), False),
        ("DE", "BY", date(2026, 1, 6), False),
        ("DE", None, date(2026, 1, 6), True),
        ("GB", None, date(2026, 12, 28), False),  # Boxing Day falls on a Saturday and moves
        ("AE", None, date(2026, 11, 20), True),
        ("SA", None, date(2026, 11, 22), True),  # Sundays are worked, Fridays are not
        ("SA", None, date(2026, 11, 20), False),
        ("QQ", None, date(2026, 12, 25), True),
    ],
)
def test_weekends_and_holidays_are_those_of_the_country(country, part, day, open_):
    assert BusinessCalendar.for_country(country, subdivision=part).is_business_day(day) is open_


def test_an_unknown_country_says_so_and_rests_at_weekends():
    nowhere = BusinessCalendar.for_country("qq")
    assert not nowhere.known and not nowhere.is_business_day(date(2026, 11, 22))
    assert GERMANY.known


def test_an_unknown_part_of_a_country_has_the_countrys_days():
    assert BusinessCalendar.for_country("de", subdivision="nowhere") == GERMANY


def test_a_calendar_is_built_once():
    assert BusinessCalendar.for_country("DE") is BusinessCalendar.for_country("de")


def test_christmas_is_stepped_over():
    assert GERMANY.add(date(2026, 12, 23), 2) == date(2026, 12, 28)
    assert GERMANY.subtract(date(2026, 12, 28), 2) == date(2026, 12, 23)
    assert GERMANY.on_or_after(date(2026, 12, 25)) == date(2026, 12, 28)
    assert GERMANY.on_or_before(date(2026, 12, 27)) == date(2026, 12, 24)


def test_adding_nothing_rolls_forward_and_subtracting_nothing_back():
    saturday = date(2026, 11, 21)
    assert GERMANY.add(saturday, 0) == date(2026, 11, 23)
    assert GERMANY.subtract(saturday, 0) == date(2026, 11, 20)


@given(DAYS, st.integers(1, 60))
def test_adding_and_counting_agree(day, count):
    later = GERMANY.add(day, count)
    assert GERMANY.is_business_day(later) and GERMANY.between(day, later) == count
    assert GERMANY.between(later, day) == -count


@given(DAYS, st.integers(1, 60))
def test_from_a_business_day_subtracting_undoes_adding(day, count):
    start = GERMANY.on_or_after(day)
    assert GERMANY.subtract(GERMANY.add(start, count), count) == start


def test_a_blackout_is_no_business_day():
    closed = GERMANY.without([Blackout(date(2026, 11, 23), date(2026, 11, 25), "year end")])
    assert closed.add(date(2026, 11, 20), 1) == date(2026, 11, 26)
    assert GERMANY.is_business_day(date(2026, 11, 24))


def test_a_calendar_of_nothing_but_blackouts_is_refused_rather_than_searched_for_ever():
    closed = GERMANY.without([Blackout(date(1990, 1, 1), date(2090, 1, 1), "closed")])
    with pytest.raises(NoBusinessDay):
        closed.add(date(2026, 11, 20), 1)


@pytest.mark.parametrize("name", ["", "Nowhere/Atlantis", "../../etc/passwd", "/etc/localtime", "Europe", "\0"])
def test_an_unknown_zone_is_refused(name):
    with pytest.raises(UnknownZone):
        zone(name)


def test_one_instant_is_three_days_around_the_world():
    at = datetime(2026, 11, 22, 10, 30, tzinfo=UTC)
    days = [local_day(at, zone=zone(name)).day for name in ("Pacific/Honolulu", "Europe/Berlin", "Pacific/Kiritimati")]
    assert days == [22, 22, 23]
    assert local_day(datetime(2026, 11, 22, 9, 30, tzinfo=UTC), zone=zone("Pacific/Honolulu")).day == 21


def test_a_time_without_a_zone_has_no_day():
    with pytest.raises(ValueError, match="zone"):
        local_day(datetime(2026, 1, 1), zone=zone("UTC"))  # noqa: DTZ001


@pytest.mark.parametrize(
    ("day", "name", "hours"),
    [
        (date(2026, 3, 29), "Europe/Berlin", 23),
        (date(2026, 10, 25), "Europe/Berlin", 25),
        (date(2026, 11, 22), "Europe/Berlin", 24),
        (date(2018, 11, 4), "America/Sao_Paulo", 23),  # clocks went from 00:00 to 01:00: no midnight
        (date(2018, 2, 17), "America/Sao_Paulo", 25),
        (date(2011, 12, 30), "Pacific/Apia", 0),  # the day that Samoa skipped
    ],
)
def test_days_are_as_long_as_their_clocks_say(day, name, hours):
    start, end = day_bounds(day, zone=zone(name))
    assert end - start == timedelta(hours=hours)


@given(DAYS, ZONES)
def test_a_day_begins_where_the_last_one_ends(day, where):
    start = start_of_day(day, zone=where)
    assert local_day(start, zone=where) == day
    assert local_day(start - timedelta(microseconds=1), zone=where) == day - timedelta(days=1)
    assert start.tzinfo is UTC


def test_a_wall_clock_time_that_is_skipped_moves_forward_and_a_repeated_one_means_the_first():
    berlin = zone("Europe/Berlin")
    assert at_local_time(date(2026, 3, 29), time(2, 30), zone=berlin) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert at_local_time(date(2026, 10, 25), time(2, 30), zone=berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    odd = time(2, 30, tzinfo=timezone(timedelta(hours=5)), fold=1)
    assert at_local_time(date(2026, 10, 25), odd, zone=berlin) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
