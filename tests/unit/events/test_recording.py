"""What happened is recorded with what made it happen, once, and the bell rings after the commit."""

from datetime import timedelta

import pytest

from tenants import store, work
from tenants.adapters.doorbell import MemoryDoorbell
from tenants.events import history, inbox, queue, recording
from tenants.events.recording import Occurrence, UnknownEvent
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

ITEMS = """
SELECT lane, kind, dedupe_key, payload, run_at, max_attempts FROM work_item WHERE tenant_id = :tenant ORDER BY kind
"""


@pytest.fixture
def bell(shell, settings):
    """A bell that remembers who rang."""
    hung, ours = work._bell, MemoryDoorbell()
    work.hang_bell(ours)
    yield ours
    work.hang_bell(hung)


def items():
    return store.run(ITEMS).all()


def test_an_event_causes_work_for_each_consumer(in_alder, now):
    with in_alder:
        recording.record("import.received", key="k", now=now, import_id="i")
        ((lane, kind, key, payload, run_at, tries),) = items()
    assert (lane, kind, key, payload, run_at, tries) == ("intake", "check_import", "k", {"import_id": "i"}, now, 3)


def test_the_same_occurrence_twice_is_one_piece_of_work(in_alder, now):
    with in_alder:
        assert recording.record_many("work.tried", [Occurrence("a"), Occurrence("a"), Occurrence("b")], now=now) == 2
        assert recording.record_many("work.tried", [Occurrence("a")], now=now) == 0


def test_nothing_happened_is_no_work(in_alder, now, bell):
    with in_alder:
        assert recording.record_many("work.tried", [], now=now) == 0
    assert bell.rung == []


def test_work_for_later_waits(in_alder, now):
    with in_alder:
        recording.record("work.tried", key="a", now=now, run_at=now + timedelta(hours=1))
        left = queue.unfinished(now=now)
    assert (left.due, left.later, left.next_at) == (0, 1, now + timedelta(hours=1))
    assert left.quiet


def test_an_event_that_nobody_named_is_refused(in_alder, now):
    with in_alder, pytest.raises(UnknownEvent, match="no event is called"):
        recording.record("invoice.evaporated", key="a", now=now)


def test_what_is_undone_was_never_recorded(alder, in_alder, now, bell):
    with pytest.raises(RuntimeError), unit_of_work(scope.tenant(alder, actor="test")):
        recording.record("work.tried", key="a", now=now)
        raise RuntimeError("the change failed")
    with in_alder:
        assert items() == []
    assert bell.rung == []


def test_the_bell_rings_once_after_the_commit_and_names_the_client(alder, in_alder, now, bell):
    with in_alder:
        recording.record("work.tried", key="a", now=now)
        recording.record("work.tried", key="b", now=now)
        assert bell.rung == []
    assert bell.rung == [{alder}]


def test_birch_may_use_the_key_that_alder_used(in_alder, in_birch, now):
    for door in (in_alder, in_birch):
        with door:
            recording.record("work.tried", key="a", now=now)
            assert len(items()) == 1


def test_an_outside_event_is_kept_once_as_it_came(in_alder, now):
    message = ids.new()
    words = {"external_id": "e1", "kind": "delivered", "message_id": message, "occurred_at": now, "received_at": now}
    with in_alder:
        assert inbox.keep("ses", payload={"a": 1}, **words) is not None
        assert inbox.keep("ses", payload={"a": 2}, **words) is None
        (kept,) = inbox.about(message)
    assert (kept.external_id, kept.payload) == ("e1", {"a": 1})


def test_the_history_tells_who_changed_what_and_why(in_alder, now):
    thing = ids.new()
    with in_alder:
        history.note("term.changed", about=("invoice", thing), at=now, was={"d": 1}, became={"d": 2}, reason="asked")
        history.note("other", about=("invoice", ids.new()), at=now)
        (line,) = history.about("invoice", thing)
        assert len(history.latest(since=now)) == 2
        assert history.latest(since=now + timedelta(seconds=1)) == []
    assert (line.actor, line.act, line.reason) == ("test", "term.changed", "asked")
    assert (line.was, line.became) == ({"d": 1}, {"d": 2})


def test_a_line_of_the_history_can_be_neither_changed_nor_removed(in_alder, now):
    from sqlalchemy.exc import ProgrammingError

    with in_alder:
        history.note("a", about=("invoice", None), at=now)
    change, remove = "UPDATE history SET act = 'b'", "DELETE FROM history"
    for sql in (change, remove):
        with pytest.raises(ProgrammingError, match="permission denied"), in_alder:
            store.run(f"{sql} WHERE tenant_id = :tenant")
