"""Clocks that are handed in."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from tenants.values.clock import Clock, FixedClock, SystemClock, instant


def test_the_systems_clock_speaks_utc_and_goes_forward():
    clock: Clock = SystemClock()
    one, other = clock.now(), clock.now()
    assert one <= other and one.tzinfo is UTC


def test_a_fixed_clock_stands_until_moved():
    clock = FixedClock(datetime(2026, 11, 22, 12, tzinfo=timezone(timedelta(hours=2))))
    assert clock.now() == clock.now() == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert clock.move(timedelta(days=-1)) == datetime(2026, 11, 21, 10, tzinfo=UTC)
    clock.stand_at(datetime(2030, 1, 1, tzinfo=UTC))
    assert clock.now().year == 2030


def test_a_time_without_a_zone_is_no_instant():
    with pytest.raises(ValueError, match="zone"):
        instant(datetime(2026, 1, 1))  # noqa: DTZ001
