"""The schedule: each rule on its days, at its hour in the client's zone, and a missed day caught up once."""

from datetime import UTC, date, datetime

import pytest

from tenants import store
from tenants.rules import schedule
from tests.cast import NOW
from tests.unit.rules.desk import OPEN, SPOIL, days, document, go_live, rows

MONDAY = datetime(2026, 11, 23, 5, 0, tzinfo=UTC)


def opened(now, *, real=None):
    """Open the day; answers the occurrences that exist, with the instants at which they run."""
    schedule.open_day(now, real=real or now)
    kept = rows("work_item", "payload, run_at, kind")
    return {row.payload["occurrence"]: row.run_at for row in kept if row.kind == "run_rule"}


def test_a_rule_of_every_business_day_runs_at_its_hour_over_there(in_alder):
    with in_alder:
        go_live(document(OPEN))
        assert opened(MONDAY) == {"2026-11-23": datetime(2026, 11, 23, 8, 0, tzinfo=UTC)}


def test_opening_the_day_twice_makes_one_occurrence(in_alder):
    with in_alder:
        go_live(document(OPEN))
        assert (schedule.open_day(MONDAY, real=MONDAY), schedule.open_day(MONDAY, real=MONDAY)) == (1, 0)


def test_an_hour_that_has_passed_means_now(in_alder):
    late = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
    with in_alder:
        go_live(document(OPEN))
        assert opened(late) == {"2026-11-23": late}


def test_a_client_whose_clock_was_moved_is_served_by_the_clock_on_the_wall(in_alder):
    client = datetime(2013, 6, 28, 5, 0, tzinfo=UTC)
    with in_alder:
        go_live(document(OPEN))
        assert opened(client, real=MONDAY) == {"2013-06-28": datetime(2026, 11, 23, 7, 0, tzinfo=UTC)}


@pytest.mark.parametrize(
    ("when", "day", "occurrence"),
    [
        ({"every": "week", "on_day": "monday", "at": "09:00"}, "2026-11-30", "2026-11-30"),
        ({"every": "week", "on_day": "saturday", "at": "09:00"}, "2026-11-30", "2026-11-28"),
        ({"every": "month", "on_day": 28, "at": "09:00"}, "2026-11-30", "2026-11-28"),
        ({"every": "month", "on_day": 20, "at": "09:00"}, "2026-11-30", None),
        ({"every": "day", "at": "09:00"}, "2026-11-29", "2026-11-29"),
        ({"every": "business_day", "at": "09:00"}, "2026-11-29", "2026-11-27"),
    ],
)
def test_a_day_that_nobody_opened_is_caught_up_once_with_the_newest(in_alder, when, day, occurrence):
    now = datetime.combine(date.fromisoformat(day), NOW.timetz())
    with in_alder:
        go_live(document(OPEN, when=when))
        assert list(opened(now)) == ([occurrence] if occurrence else [])


def test_a_rule_is_not_caught_up_for_days_before_it_was_published(in_alder):
    with in_alder:
        go_live(document(OPEN, when={"every": "week", "on_day": "thursday", "at": "09:00"}))
        assert opened(NOW) == {}


def test_a_broken_document_gets_its_occurrence_so_that_the_run_can_say_so(in_alder):
    with in_alder:
        rule = go_live(document(OPEN))
        store.run(SPOIL, id=rule)
        store.run("UPDATE rule SET version = 2 WHERE tenant_id = :tenant AND id = :id", id=rule)
        assert list(opened(MONDAY)) == ["2026-11-23"]


def test_a_holiday_is_no_business_day(in_alder):
    with in_alder:
        go_live(document(OPEN))
        christmas = datetime(2026, 12, 25, 9, 0, tzinfo=UTC)
        assert list(opened(christmas)) == ["2026-12-24"]
        assert christmas + days(1) > christmas
