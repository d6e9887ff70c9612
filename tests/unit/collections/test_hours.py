"""Office hours on the customer's own clock, from the far side of the date line to nights that are an hour short."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.collections import hours
from tenants.values import calendars

INSTANTS = st.integers(min_value=1_704_067_200, max_value=1_861_833_600).map(lambda s: datetime.fromtimestamp(s, UTC))
NINE, HALF_PAST_FIVE = time(9), time(17, 30)
ZONES = [
    "Europe/Berlin",
    "Europe/London",
    "America/Chicago",
    "Pacific/Kiritimati",
    "Pacific/Honolulu",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Africa/Cairo",
]


def hours_in(
    zone: str | None, *, country: str = "DE", opens: time = NINE, closes: time = HALF_PAST_FIVE
) -> hours.Hours:
    return hours.of(
        zone=zone, client_zone="Europe/Berlin", country=country, client_country="DE", opens=opens, closes=closes
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_a_berlin_customer_is_written_to_at_once_during_office_hours():
    monday_noon = at("2026-11-23T12:00+01:00")
    assert hours_in("Europe/Berlin").next_moment(monday_noon) == monday_noon


def test_before_nine_the_message_waits_for_nine():
    assert hours_in("Europe/Berlin").next_moment(at("2026-11-23T06:30+01:00")) == at("2026-11-23T09:00+01:00")


def test_half_past_five_is_already_closed():
    assert hours_in("Europe/Berlin").next_moment(at("2026-11-23T17:30+01:00")) == at("2026-11-24T09:00+01:00")


def test_friday_evening_waits_for_monday():
    assert hours_in("Europe/Berlin").next_moment(at("2026-11-20T18:00+01:00")) == at("2026-11-23T09:00+01:00")


def test_christmas_is_no_day_for_reminders():
    assert hours_in("Europe/Berlin").next_moment(at("2026-12-24T18:00+01:00")) == at("2026-12-28T09:00+01:00")


def test_thanksgiving_is_kept_for_the_customer_in_chicago_and_not_for_the_one_in_berlin():
    morning = at("2026-11-26T16:00+00:00")
    assert hours_in("America/Chicago", country="US").next_moment(morning) == at("2026-11-27T09:00-06:00")
    assert hours_in("Europe/Berlin").next_moment(morning) == morning


def test_monday_in_berlin_is_still_sunday_in_honolulu():
    assert hours_in("Pacific/Honolulu", country="US").next_moment(at("2026-11-23T09:30+01:00")) == at(
        "2026-11-23T09:00-10:00"
    )


def test_friday_noon_in_berlin_is_saturday_in_kiritimati():
    assert hours_in("Pacific/Kiritimati", country="KI").next_moment(at("2026-11-20T12:00+01:00")) == at(
        "2026-11-23T09:00+14:00"
    )


def test_an_unknown_zone_is_taken_to_be_the_clients():
    assert hours_in(None, country="").next_moment(at("2026-11-23T08:00+01:00")) == at("2026-11-23T09:00+01:00")


@pytest.mark.parametrize("night", ["2026-03-29", "2026-10-25"])
def test_the_morning_after_the_clocks_change_still_opens_at_nine_on_the_wall(night):
    sunday = date.fromisoformat(night)
    evening = datetime.combine(sunday - timedelta(days=2), time(20), tzinfo=calendars.zone("Europe/Berlin"))
    opened = hours_in("Europe/Berlin").next_moment(evening.astimezone(UTC))
    assert opened.astimezone(calendars.zone("Europe/Berlin")).time() == NINE
    assert calendars.local_day(opened, zone=calendars.zone("Europe/Berlin")) == sunday + timedelta(days=1)


def test_three_business_days_after_a_thursday_are_over_on_tuesday_morning():
    thursday = at("2026-11-19T15:00+01:00")
    assert hours_in("Europe/Berlin").opening_after_days(thursday, business_days=3) == at("2026-11-24T09:00+01:00")


def test_the_next_opening_is_never_today():
    assert hours_in("Europe/Berlin").next_opening(at("2026-11-23T07:00+01:00")) == at("2026-11-24T09:00+01:00")


def test_hours_that_never_open_are_refused_and_do_not_loop():
    with pytest.raises(calendars.NoBusinessDay):
        hours_in("Europe/Berlin", opens=time(18), closes=time(9)).next_moment(at("2026-11-23T12:00+01:00"))


@given(
    zone=st.sampled_from(ZONES),
    country=st.sampled_from(["DE", "GB", "US", "KI", "391"]),
    now=INSTANTS,
)
def test_the_next_moment_lies_in_office_hours_of_a_business_day_and_nothing_open_is_skipped(zone, country, now):
    own = hours_in(zone, country=country)
    moment = own.next_moment(now)
    there = moment.astimezone(own.zone)
    assert moment >= now
    assert NINE <= there.time() < HALF_PAST_FIVE
    assert own.calendar.is_business_day(there.date())
    assert own.next_moment(moment) == moment
    if moment > now:
        assert there.time() == NINE
        day = calendars.local_day(now, zone=own.zone)
        between = (there.date() - day).days
        assert not any(own.calendar.is_business_day(day + timedelta(days=n)) for n in range(1, between))


@given(
    zone=st.sampled_from(ZONES),
    last=INSTANTS,
    days=st.integers(min_value=1, max_value=10),
)
def test_a_gap_of_business_days_is_that_many_business_days_on_the_customers_calendar(zone, last, days):
    own = hours_in(zone)
    free = own.opening_after_days(last, business_days=days)
    first, then = calendars.local_day(last, zone=own.zone), calendars.local_day(free, zone=own.zone)
    assert own.calendar.between(first, then) == days


def test_a_customer_of_an_unknown_zone_is_written_to_when_it_is_day_in_its_whole_country():
    early = at("2026-11-23T12:00+01:00")  # six in the morning in New York, one in Honolulu
    american = hours_in(None, country="US")
    assert american.next_moment(early) == at("2026-11-23T09:00-10:00")
    assert american.next_moment(at("2026-11-23T17:00-05:00")) == at("2026-11-23T17:00-05:00")
    assert american.next_moment(at("2026-11-23T13:00-10:00")) == at("2026-11-24T09:00-10:00")
    assert american.opening_after_days(early, business_days=1) == at("2026-11-24T09:00-10:00")
    assert hours_in("America/New_York", country="US").next_moment(early) == at("2026-11-23T09:00-05:00")


def test_a_country_too_wide_for_a_common_hour_goes_by_the_first_zone_of_the_list():
    morning = at("2026-11-23T06:00+02:00")
    assert hours_in(None, country="RU").next_moment(morning) == at("2026-11-23T09:00+02:00")


def test_a_country_that_the_list_does_not_know_has_the_clients_clock():
    assert hours_in(None, country="ZZ").zone == calendars.zone("Europe/Berlin")
    assert hours_in(None, country="").zone == calendars.zone("Europe/Berlin")
