"""The fair share: whose turn it is, what a lease is worth, and what becomes of one that lapsed."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import pytest

from jobs import claims
from jobs.turns import Outside
from tenants import store
from tenants.events import queue
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import open_client
from tests.unit.jobs.conftest import LANE, Died


def named(batch, *tenants):
    """How many items of the batch each client has."""
    return [sum(item.tenant_id == tenant for item in batch.items) for tenant in tenants]


def claim(floor, *tenants, most):
    with floor.engine.begin() as connection:
        return claims.claim(connection, LANE, now=floor.clock.now(), most=most, only=tenants)


def survey(floor, *tenants):
    with floor.engine.begin() as connection:
        return claims.survey(connection, now=floor.clock.now(), only=tenants)


def test_a_batch_is_shared_out_over_the_clients_that_wait(floor, alder, birch):
    floor.record(alder, *map(str, range(50)))
    floor.record(birch, *map(str, range(50)))
    assert named(floor.claim(alder, birch, most=20), alder, birch) == [10, 10]


def test_what_one_client_does_not_need_goes_to_the_other(floor, alder, birch):
    floor.record(alder, *map(str, range(50)))
    floor.record(birch, "only")
    first = floor.claim(alder, birch, most=20)
    second = floor.claim(alder, birch, most=20)
    assert sum(named(first, birch) + named(second, birch)) == 1
    assert len(second.items) == 20


def test_a_flood_at_alder_does_not_make_birch_wait(floor, alder, birch):
    floor.record(alder, *map(str, range(500)))
    for _ in range(5):
        floor.run(floor.claim(alder, birch, most=20))
    floor.record(birch, "urgent")
    assert named(floor.claim(alder, birch, most=20), birch) == [1]


def test_silence_earns_no_credit(floor, alder, birch):
    floor.record(birch, "long ago")
    floor.drain(birch)
    floor.record(alder, *map(str, range(300)))
    for _ in range(10):
        floor.run(floor.claim(alder, birch, most=20))
    floor.record(birch, *map(str, range(100)))
    shares = [named(floor.claim(alder, birch, most=20), alder, birch) for _ in range(3)]
    assert all(share[0] >= 5 for share in shares), shares


def test_small_clients_are_served_within_two_rounds_of_a_flood(floor, alder):
    small = [open_client(f"Small {n}", currency="EUR", zone="Europe/Berlin", country="DE") for n in range(10)]
    floor.record(alder, *map(str, range(1000)))
    floor.run(floor.claim(alder, *small))
    for tenant in small:
        floor.record(tenant, "a")
    served = [floor.claim(alder, *small, most=50) for _ in range(2)]
    assert sum(sum(named(batch, *small)) for batch in served) == 10


def test_a_client_at_its_cap_waits(floor, alder, birch, database_urls):
    import psycopg

    floor.record(alder, *map(str, range(20)))
    survey(floor, alder)
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("UPDATE app.tenant_lane SET cap = 5 WHERE tenant_id = %s", (alder,))
    first = floor.claim(alder)
    assert len(first.items) == 5
    assert floor.claim(alder) is None
    floor.run(first)
    assert len(floor.claim(alder).items) == 5


def test_work_that_is_not_due_is_left(floor, alder, in_alder):
    from datetime import timedelta

    from tenants.events import recording

    with in_alder:
        later = floor.clock.now() + timedelta(minutes=5)
        recording.record("work.tried", key="later", now=floor.clock.now(), run_at=later)
    assert floor.claim(alder) is None
    floor.wait(301)
    assert len(floor.claim(alder).items) == 1


def test_dispatchers_at_the_same_time_never_hand_out_one_item_twice(floor, alder, birch):
    floor.record(alder, *map(str, range(200)))
    floor.record(birch, *map(str, range(200)))
    survey(floor, alder, birch)

    def dispatch(_):
        found = []
        while survey(floor, alder, birch):
            found += [batch for batch in [claim(floor, alder, birch, most=7)] if batch]
        return found

    with ThreadPoolExecutor(2) as pool:
        batches = [batch for found in pool.map(dispatch, range(2)) for batch in found]
    items = [item.id for batch in batches for item in batch.items]
    assert len(items) == len(set(items)) == 400


def test_surveys_at_the_same_time_do_not_lock_each_other_out(floor, alder, birch):
    floor.record(alder, "a")
    floor.record(birch, "b")
    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(lambda pair: survey(floor, *pair), [(alder, birch), (birch, alder)] * 5)) == [2] * 10


def test_only_the_item_during_which_the_worker_died_counts_an_attempt(floor, alder):
    floor.record(alder, "a", "b", "c")
    floor.die(floor.claim(alder))
    floor.wait(queue.LEASE_S + 1)
    assert floor.reap() >= 3
    assert sorted(floor.states(alder).values()) == [
        ("ready", 0, None),
        ("ready", 0, None),
        ("ready", 1, "LeaseLapsed"),
    ]


def test_a_batch_that_nobody_began_counts_no_attempt(floor, alder):
    floor.record(alder, "a", "b")
    floor.claim(alder)
    floor.wait(queue.LEASE_S + 1)
    floor.reap()
    assert set(floor.states(alder).values()) == {("ready", 0, None)}


def test_a_lease_that_still_runs_is_left_alone(floor, alder):
    floor.record(alder, "a")
    floor.claim(alder)
    floor.wait(queue.LEASE_S - 1)
    floor.reap()
    assert floor.states(alder)["a"][0] == "leased"


def test_an_item_that_kills_its_worker_is_given_up_and_its_mates_are_done(floor, alder):
    floor.record(alder, *"abcdef", mark="done")
    poison = floor.claim(alder).items[2].id
    floor.wait(queue.LEASE_S + 1)
    floor.reap()

    def handler(turn):
        if turn.item_id == poison:
            raise Died

    for _ in range(12):
        floor.wait(queue.BACKOFF_S[-1])
        while batch := floor.claim(alder):
            try:
                floor.run(batch, handler)
            except Died:
                break
        floor.wait(queue.LEASE_S + 1)
        floor.reap()
    states = list(floor.states(alder).values())
    assert [state for state, _, _ in states].count("done") == 5
    assert ("dead", 8, "LeaseLapsed") in states
    assert max(attempts for state, attempts, _ in states if state == "done") <= 2


def test_an_item_that_kills_its_worker_is_counted_even_when_others_are_ahead_of_it(floor, alder):
    floor.record(alder, "poison")
    poison = floor.claim(alder).items[0].id
    floor.wait(queue.LEASE_S + 1)
    floor.reap()

    def handler(turn):
        if turn.item_id == poison:
            raise Died

    for number in range(3):
        floor.wait(queue.BACKOFF_S[-1])
        floor.record(alder, f"mate {number}")
        with suppress(Died):
            floor.run(floor.claim(alder), handler)
        floor.wait(queue.LEASE_S + 1)
        floor.reap()
    assert floor.states(alder)["poison"] == ("ready", 3, "LeaseLapsed")


def test_what_failed_before_comes_last_in_its_batch(floor, alder):
    floor.record(alder, "a", "b")
    batch = floor.claim(alder)
    first = batch.items[0].id
    floor.die(batch)
    floor.wait(queue.LEASE_S + 1)
    floor.reap()
    floor.wait(queue.BACKOFF_S[0])
    floor.record(alder, "c")
    assert floor.claim(alder).items[-1].id == first


def test_a_batch_that_could_not_be_handed_over_goes_back_uncounted(floor, alder):
    floor.record(alder, "a", "b")
    batch = floor.claim(alder)
    with floor.engine.begin() as connection:
        claims.release(connection, batch)
    assert set(floor.states(alder).values()) == {("ready", 0, None)}


def test_a_heartbeat_keeps_what_still_waits_in_a_long_batch(floor, alder, in_alder):
    from datetime import timedelta

    floor.record(alder, "a", "b")
    batch = floor.claim(alder)
    ids = [item.id for item in batch.items]
    floor.wait(queue.LEASE_S - 1)
    with in_alder:
        until = floor.clock.now() + timedelta(seconds=queue.LEASE_S)
        assert queue.heartbeat(ids, token=uuid4(), until=until) == 0
        assert queue.heartbeat(ids, token=batch.token, until=until) == 2
    floor.wait(queue.LEASE_S - 1)
    floor.reap()
    assert [state for state, _, _ in floor.states(alder).values()] == ["leased", "leased"]


@pytest.mark.parametrize("failures", [1, 3, 8])
def test_the_pause_after_a_failure_is_spread_out_and_grows(failures):
    longest = queue.BACKOFF_S[min(failures, 6) - 1]
    pauses = {queue.backoff(failures).total_seconds() for _ in range(50)}
    assert len(pauses) > 40
    assert 0 < min(pauses) < max(pauses) <= longest


def test_nothing_of_a_closed_client_is_handed_out_and_what_was_stops_at_the_door(floor, alder, birch):
    floor.record(alder, "before", "after")
    floor.record(birch, "other")
    batch, told = floor.claim(alder, most=1), []
    with unit_of_work(scope.tenant(alder, actor="test")):
        store.run("UPDATE tenant SET state = 'closed' WHERE id = :tenant")
    floor.run(batch, Outside(claim=told.append, act=lambda *_: told.append("left"), settle=lambda *_: None))
    assert told == [] and floor.states(alder)["before"][:2] == ("ready", 0)
    floor.wait(2 * 86400)
    assert floor.drain(alder, birch) == 1 and set(floor.states(alder)) == {"before", "after"}
    with unit_of_work(scope.tenant(alder, actor="test")):
        store.run("UPDATE tenant SET state = 'live' WHERE id = :tenant")
    assert floor.drain(alder) == 2
