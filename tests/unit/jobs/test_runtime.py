"""The envelope: one item, one transaction, and no trace of whoever lost the lease."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from jobs.turns import Later, Outside
from tenants import store
from tenants.events import history, queue, recording
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal
from tenants.work import unit_of_work


class Hopeless(Refusal):
    kind = Kind.CONFLICT


class Away(Refusal):
    kind = Kind.UNAVAILABLE


def mark(turn):
    history.note("work.done", about=("work_item", turn.item_id), at=turn.real_now, reason=turn.payload.get("mark", ""))


def fail_with(fault):
    def handler(turn):
        mark(turn)
        raise fault

    return handler


def test_sofias_work_is_done_once_and_leaves_its_mark(floor, alder):
    floor.record(alder, "a", "b", mark="x")
    assert floor.drain(alder) == 2
    assert floor.states(alder) == {"a": ("done", 1, None), "b": ("done", 1, None)}
    assert floor.done(alder) == ["x", "x"]


def test_work_of_two_clients_in_one_batch_stays_with_each(floor, alder, birch):
    floor.record(alder, "a", mark="alder's")
    floor.record(birch, "b", mark="birch's")
    floor.run(floor.claim(alder, birch), mark)
    assert (floor.done(alder), floor.done(birch)) == (["alder's"], ["birch's"])


def test_the_history_names_the_kind_of_work_as_the_actor(floor, alder):
    floor.record(alder, "a")
    floor.drain(alder, handler=mark)
    with unit_of_work(scope.viewing(alder, actor="test")):
        assert [row.actor for row in history.latest(since=floor.clock.now())] == ["job:noop"]


def test_what_fails_leaves_no_effect_and_waits(floor, alder):
    floor.record(alder, "a")
    floor.drain(alder, handler=fail_with(RuntimeError("no")))
    assert floor.states(alder) == {"a": ("ready", 1, "RuntimeError")}
    assert floor.done(alder) == []


def test_what_fails_is_tried_again_after_its_pause(floor, alder):
    floor.record(alder, "a", mark="x")
    floor.drain(alder, handler=fail_with(RuntimeError("no")))
    floor.wait(queue.BACKOFF_S[0])
    assert floor.drain(alder) == 1
    assert floor.states(alder) == {"a": ("done", 2, "RuntimeError")}


def test_what_always_fails_ends_among_the_dead_letters(floor, alder):
    floor.record(alder, "a")
    for _ in range(8):
        floor.drain(alder, handler=fail_with(RuntimeError("never")))
        floor.wait(queue.BACKOFF_S[-1])
    assert floor.states(alder) == {"a": ("dead", 8, "RuntimeError")}


def test_a_refusal_that_cannot_pass_is_given_up_at_once(floor, alder):
    floor.record(alder, "a")
    floor.drain(alder, handler=fail_with(Hopeless("the invoice is void")))
    assert floor.states(alder) == {"a": ("dead", 1, "Hopeless")}


def test_a_refusal_that_may_pass_is_tried_again(floor, alder):
    floor.record(alder, "a")
    floor.drain(alder, handler=fail_with(Away("the mail server is away")))
    assert floor.states(alder) == {"a": ("ready", 1, "Away")}


def test_one_failure_does_not_stop_the_batch(floor, alder):
    floor.record(alder, "a", "b", "c")
    seen = []

    def handler(turn):
        seen.append(turn.item_id)
        if len(seen) == 2:
            raise RuntimeError("the second")

    floor.run(floor.claim(alder), handler)
    assert [state for state, _, _ in floor.states(alder).values()].count("done") == 2


def test_work_of_an_unknown_kind_waits_for_a_newer_process(floor, alder):
    floor.record(alder, "a")
    batch = floor.claim(alder)
    from jobs.runtime import Runtime

    Runtime(floor.shell, floor.tools, handlers={}).run(batch.token, batch.places)
    assert floor.states(alder) == {"a": ("ready", 1, "UnknownKind")}


def test_an_answer_of_later_keeps_the_effects_and_counts_no_attempt(floor, alder):
    floor.record(alder, "a")
    again = floor.clock.now() + timedelta(hours=2)

    def handler(turn):
        mark(turn)
        return Later(again, "quiet hours")

    assert floor.drain(alder, handler=handler) == 1
    assert floor.states(alder) == {"a": ("ready", 0, None)}
    assert floor.done(alder) == [""]
    floor.wait(7200)
    floor.drain(alder)
    assert floor.states(alder)["a"][0] == "done"


def test_work_may_cause_work(floor, alder):
    floor.record(alder, "a")

    def handler(turn):
        if "n" not in turn.payload:
            recording.record("work.tried", key="b", now=turn.real_now, n=1)

    assert floor.drain(alder, handler=handler) == 2


def test_a_worker_that_lost_its_lease_commits_nothing(floor, alder):
    floor.record(alder, "a", mark="x")
    zombie = floor.claim(alder)
    floor.wait(queue.LEASE_S + 1)
    floor.reap()
    floor.wait(queue.BACKOFF_S[0])
    heir = floor.claim(alder)
    floor.run(zombie, mark)
    assert floor.done(alder) == []
    floor.run(heir, mark)
    assert floor.done(alder) == ["x"]


def test_a_worker_that_comes_too_late_does_not_repeat_what_its_heir_did(floor, alder):
    floor.record(alder, "a", mark="x")
    zombie = floor.claim(alder)
    floor.wait(queue.LEASE_S + 1)
    floor.reap()
    floor.wait(queue.BACKOFF_S[0])
    floor.run(floor.claim(alder), mark)
    floor.run(zombie, mark)
    assert floor.done(alder) == ["x"]


def test_a_lease_cannot_be_taken_from_work_in_progress(floor, alder):
    floor.record(alder, "a", mark="x")

    def slow(turn):
        mark(turn)
        floor.wait(queue.LEASE_S * 10)
        floor.reap()  # finds the row locked by the transaction that works on it

    floor.run(floor.claim(alder), slow)
    assert floor.states(alder) == {"a": ("done", 1, None)}


def test_a_stopped_worker_hands_back_what_it_has_not_begun(floor, alder):
    floor.record(alder, "a", "b", "c", mark="x")
    done = []

    def handler(turn):
        done.append(turn.item_id)

    floor.run(floor.claim(alder), handler, stopping=lambda: len(done) == 1)
    assert sorted(floor.states(alder).values()) == [("done", 1, None), ("ready", 0, None), ("ready", 0, None)]


def test_a_client_with_a_moved_clock_has_its_own_day(floor, alder):
    with unit_of_work(scope.tenant(alder, actor="test")):
        store.run("UPDATE client_profile SET clock_shift_s = :s WHERE tenant_id = :tenant", s=-86400 * 10)
    seen = []

    def handler(turn):
        seen.append((turn.now, turn.today, turn.real_now))

    floor.record(alder, "a")
    floor.drain(alder, handler=handler)
    (there, day, real) = seen[0]
    assert real - there == timedelta(days=10)
    assert day == (real - timedelta(days=10)).date()


def test_a_cut_line_is_replaced_and_the_item_done_at_once(floor, alder, database_urls):
    floor.record(alder, "a", mark="x")
    cut = []

    def handler(turn):
        if not cut:
            cut.append(1)
            pid = store.db.session.connection().connection.driver_connection.info.backend_pid
            from psycopg import connect

            with connect(database_urls["admin"]) as admin:
                admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
            store.run("SELECT 1 FROM work_item WHERE tenant_id = :tenant")
        mark(turn)

    floor.run(floor.claim(alder), handler)
    assert floor.states(alder) == {"a": ("done", 1, None)}
    assert floor.done(alder) == ["x"]


class Post:
    """A mail server that counts what it was given."""

    def __init__(self):
        self.given = 0
        self.in_transaction = None

    def steps(self, *, claim=None, settle=None, act=None):
        def keep(turn, claimed):
            self.given += 1
            self.in_transaction = scope.is_open()
            if act:
                act()
            return "accepted"

        def write(turn, claimed, answer):
            history.note("work.done", about=("work_item", turn.item_id), at=turn.now, reason=f"{claimed} {answer}")
            return settle

        return Outside(claim=claim or (lambda turn: "letter"), act=keep, settle=write)


def test_outside_work_acts_with_no_transaction_open_and_settles(floor, alder):
    post = Post()
    floor.record(alder, "a")
    floor.drain(alder, handler=post.steps())
    assert (post.given, post.in_transaction) == (1, False)
    assert floor.done(alder) == ["letter accepted"]
    assert floor.states(alder) == {"a": ("done", 1, None)}


def test_outside_work_with_nothing_to_do_ends_at_the_claim(floor, alder):
    post = Post()
    floor.record(alder, "a")
    floor.drain(alder, handler=post.steps(claim=lambda turn: None))
    assert post.given == 0
    assert floor.states(alder) == {"a": ("done", 1, None)}


def test_outside_work_that_must_wait_is_asked_again_without_an_attempt(floor, alder):
    post = Post()
    floor.record(alder, "a")
    again = floor.clock.now() + timedelta(hours=1)
    floor.drain(alder, handler=post.steps(claim=lambda turn: Later(again, "quiet hours")))
    assert post.given == 0
    assert floor.states(alder) == {"a": ("ready", 0, None)}


def test_outside_work_may_wait_after_it_acted(floor, alder):
    post = Post()
    floor.record(alder, "a")
    floor.drain(alder, handler=post.steps(settle=Later(floor.clock.now() + timedelta(hours=1), "server busy")))
    assert floor.states(alder) == {"a": ("ready", 0, None)}
    assert floor.done(alder) == ["letter accepted"]


def test_outside_work_that_lost_its_lease_while_acting_settles_nothing(floor, alder):
    floor.record(alder, "a")

    def lapse():
        floor.wait(queue.LEASE_S + 1)
        floor.reap()

    floor.run(floor.claim(alder), Post().steps(act=lapse))
    assert floor.done(alder) == []
    assert floor.states(alder)["a"] == ("ready", 1, "LeaseLapsed")


@pytest.mark.parametrize("keys", [1, 3])
def test_a_finish_on_the_way_out_waits_for_the_disk(floor, alder, keys):
    seen = []

    def claim(turn):
        seen.append(store.db.session.connection().execute(text("SHOW synchronous_commit")).scalar_one())

    floor.record(alder, *map(str, range(keys)))
    floor.run(floor.claim(alder), Outside(claim=claim, act=lambda *_: None, settle=lambda *_: None))
    assert seen == ["on"] * keys
