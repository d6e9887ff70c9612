"""The timetable: each client's day and hour, once, by the client's own clock."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import OperationalError

from jobs import dispatcher, timetable
from jobs.timetable import KEPT_DAYS, Client, Timetable, due, last_business_day
from tenants import store
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

KEYS = """
SELECT DISTINCT dedupe_key FROM work_item WHERE tenant_id = :tenant AND kind IN ('open_day', 'check_ledger')
ORDER BY dedupe_key
"""


def keys(tenant):
    with unit_of_work(scope.viewing(tenant, actor="test")):
        return list(store.run(KEYS).scalars())


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def days(zone, country, *, now, shift=0):
    return [o.key for name, o in due(Client(ids.new(), zone, country, shift), now=now) if name == "day.opened"]


@pytest.mark.parametrize(
    ("zone", "now", "day"),
    [
        ("Europe/Berlin", "2026-11-19T22:59:00", "2026-11-19"),
        ("Europe/Berlin", "2026-11-19T23:00:00", "2026-11-20"),
        ("Pacific/Kiritimati", "2026-11-19T10:00:00", "2026-11-20"),
        ("Pacific/Honolulu", "2026-11-20T09:59:00", "2026-11-19"),
    ],
)
def test_a_day_opens_at_the_clients_own_midnight(zone, now, day):
    assert days(zone, "XX", now=at(now)) == [day]


def test_a_weekend_opens_nothing_new(now):
    assert days("Europe/Berlin", "DE", now=at("2026-11-21T10:00:00")) == ["2026-11-20"]
    assert days("Europe/Berlin", "DE", now=at("2026-11-23T10:00:00")) == ["2026-11-23"]


def test_a_holiday_of_the_client_opens_nothing():
    assert last_business_day(at("2026-12-25T12:00:00").date(), country="DE") == at("2026-12-24T12:00:00").date()


def test_a_moved_clock_moves_the_day(now):
    assert days("Europe/Berlin", "DE", now=now, shift=86400 * 3) == ["2026-11-23"]


def test_two_timetables_record_one_day_and_one_hour(floor, alder):
    for _ in range(2):
        assert alder in Timetable(floor.engine, clock=floor.clock).tick()
    assert keys(alder) == ["2026-11-20", "hour:2026-11-20T10"]


def test_a_timetable_that_has_nothing_new_to_say_is_silent(floor, alder):
    kept = Timetable(floor.engine, clock=floor.clock)
    kept.tick()
    assert alder not in kept.tick()


def test_of_missed_days_only_the_newest_is_caught_up(floor, alder):
    Timetable(floor.engine, clock=floor.clock).tick()
    floor.clock.move(timedelta(days=6))
    Timetable(floor.engine, clock=floor.clock).tick()
    assert [key for key in keys(alder) if not key.startswith("hour")] == ["2026-11-20", "2026-11-26"]


def test_a_client_that_is_closed_has_no_days(floor, alder):
    with unit_of_work(scope.tenant(alder, actor="test")):
        store.run("UPDATE tenant SET state = 'closed' WHERE id = :tenant")
    Timetable(floor.engine, clock=floor.clock).tick()
    assert keys(alder) == []


def test_work_done_long_ago_is_cleared_away_and_the_rest_stays(floor, alder):
    floor.record(alder, "old")
    floor.drain(alder)
    floor.wait((KEPT_DAYS + 1) * 86400)
    floor.record(alder, "new", "waiting")
    floor.run(floor.claim(alder, most=1))
    Timetable(floor.engine, clock=floor.clock).sweep()
    assert len(floor.states(alder)) == 2
    assert "old" not in floor.states(alder)


def test_a_timetable_goes_on_through_trouble_and_rings_for_whom_it_has_work(floor, alder, redis_url, monkeypatch):
    monkeypatch.setattr(timetable, "TICK_S", 0.01)
    monkeypatch.setattr(timetable, "SWEEP_S", 0.01)
    kept, stopping, ticks = Timetable(floor.engine, clock=floor.clock), threading.Event(), []
    swept = []

    def tick():
        ticks.append(1)
        if len(ticks) == 1:
            raise OperationalError("SELECT", None, Exception("away"))
        if len(ticks) == 3:
            stopping.set()
        return Timetable.tick(kept)

    monkeypatch.setattr(kept, "tick", tick)
    monkeypatch.setattr(kept, "sweep", lambda: swept.append(1))
    with dispatcher.connect(redis_url) as line:
        doorstep = dispatcher.Doorstep(line)
        doorstep.listen(0.1)
        timetable.serve(kept, stopping=stopping, line=line)
        assert alder in doorstep.listen(1.0)
        doorstep.leave()
    assert len(ticks) == 3
    assert swept == [1, 1]
