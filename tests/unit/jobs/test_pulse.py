"""The pulse of a long batch, and the quiet after the last piece of work."""

import time
from datetime import timedelta

import pytest

from jobs import crash, pulse
from jobs.pulse import Pulse
from jobs.quiet import is_quiet
from jobs.turns import Place
from tenants import store
from tenants.events import queue
from tenants.isolation import scope
from tenants.work import unit_of_work

LEASES = "SELECT lease_until FROM work_item WHERE tenant_id = :tenant ORDER BY dedupe_key"


def leases(tenant):
    with unit_of_work(scope.viewing(tenant, actor="test")):
        return list(store.run(LEASES).scalars())


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setattr(pulse, "EVERY_S", 0.05)


def test_a_long_batch_keeps_its_leases(floor, alder, birch, fast):
    floor.record(alder, "a")
    floor.record(birch, "b")
    batch = floor.claim(alder, birch)
    floor.wait(10)
    waiting = batch.places
    longer = floor.clock.now() + timedelta(seconds=queue.LEASE_S)
    with Pulse(floor.shell, token=batch.token, waiting=waiting, clock=floor.clock):
        deadline = time.monotonic() + 60
        while leases(alder) + leases(birch) != [longer, longer] and time.monotonic() < deadline:
            time.sleep(0.05)
    assert leases(alder) + leases(birch) == [longer, longer]


def test_a_short_batch_never_beats(floor, alder):
    floor.record(alder, "a")
    batch = floor.claim(alder)
    before = leases(alder)
    floor.wait(10)
    with Pulse(floor.shell, token=batch.token, waiting=batch.places, clock=floor.clock):
        pass
    assert leases(alder) == before


def test_a_pulse_that_cannot_reach_the_database_misses_a_beat(floor, alder, fast, monkeypatch):
    from sqlalchemy.exc import OperationalError

    missed = []

    def fail(*_, **__):
        missed.append(1)
        raise OperationalError("UPDATE", None, Exception("away"))

    monkeypatch.setattr(queue, "heartbeat", fail)
    with Pulse(floor.shell, token=alder, waiting=[Place(alder, alder, "noop")], clock=floor.clock):
        deadline = time.monotonic() + 60
        while len(missed) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
    assert len(missed) >= 2


def test_it_is_quiet_when_nothing_is_due_or_under_way(floor, alder, birch):
    floor.record(alder, "a")
    now = floor.clock.now()
    assert not is_quiet([alder], now=now)
    assert is_quiet([birch], now=now)
    batch = floor.claim(alder)
    assert not is_quiet([alder, birch], now=now)
    floor.run(batch)
    assert is_quiet([alder, birch], now=now)


def test_a_crash_happens_only_where_it_was_asked_for(monkeypatch):
    ends = []
    monkeypatch.setattr(crash.os, "kill", lambda pid, number: ends.append(number))
    monkeypatch.setattr(crash, "_passes", {})
    monkeypatch.setenv(crash.VARIABLE, "before_commit:2")
    for point in crash.POINTS:
        crash.at(point)
    assert ends == []
    crash.at("before_commit")
    assert len(ends) == 1
    monkeypatch.delenv(crash.VARIABLE)
    crash.at("before_commit")
    assert len(ends) == 1
