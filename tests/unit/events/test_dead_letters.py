"""Work that was given up: seen, sent round again or thrown away, and each of these written down."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import ProgrammingError

from tenants import store
from tenants.events import dead_letters, history, queue, recording
from tenants.events.dead_letters import DeadLetterUnknown, ReasonMissing
from tenants.events.recording import Occurrence
from tenants.values import ids

LEASE = """
UPDATE work_item SET state = 'leased', lease_token = :token, lease_until = :until WHERE tenant_id = :tenant
RETURNING id
"""


@pytest.fixture
def buried(in_alder, now):
    """Three pieces of Alder's work that were given up, one of them for another reason."""
    token = ids.new()
    with in_alder:
        recording.record_many("work.tried", [Occurrence(key) for key in "abc"], now=now)
        found = list(store.run(LEASE, token=token, until=now + timedelta(seconds=20)).scalars())
        for number, item in enumerate(found):
            cause = "Away" if number < 2 else "Hopeless"
            at = now + timedelta(minutes=number)
            assert queue.bury(item, token=token, error=f"no {number}", error_class=cause, now=at)
    return found


def test_sofia_sees_the_newest_first_with_its_cause(in_alder, buried):
    with in_alder:
        listed = dead_letters.listed()
    assert [letter.id for letter in listed] == buried[::-1]
    assert (listed[0].error_class, listed[0].last_error, listed[0].attempts) == ("Hopeless", "no 2", 1)


def test_a_long_list_comes_in_pages(in_alder, buried):
    with in_alder:
        first = dead_letters.listed(limit=2)
        rest = dead_letters.listed(after=(first[-1].died_at, first[-1].id))
    assert [letter.id for letter in [*first, *rest]] == buried[::-1]


def test_causes_are_counted(in_alder, buried):
    with in_alder:
        found = [(cause.error_class, cause.items) for cause in dead_letters.causes()]
    assert found == [("Away", 2), ("Hopeless", 1)]


def test_the_provider_counts_what_stopped_by_client_and_reads_nothing_else_of_it(in_alder, in_birch, alder, buried):
    with in_birch:
        ours = [each for each in dead_letters.everywhere() if each.tenant_id == alder]
        assert [(each.kind, each.error_class, each.items) for each in ours] == [
            ("noop", "Away", 2),
            ("noop", "Hopeless", 1),
        ]
    with pytest.raises(ProgrammingError, match="permission denied"), in_birch():
        store.run_identity("SELECT payload FROM app.work_item")


def test_one_is_sent_round_again_with_all_its_attempts(in_alder, buried, now):
    with in_alder:
        dead_letters.redrive(buried[0], now=now)
        assert len(dead_letters.listed()) == 2
        assert queue.unfinished(now=now).due == 1
        assert [line.act for line in history.about("work_item", buried[0])] == ["work.redriven"]


def test_a_dry_run_only_counts(in_alder, buried, now):
    with in_alder:
        assert dead_letters.redrive_all(error_class="Away", now=now, dry_run=True) == 2
        assert len(dead_letters.listed()) == 3


def test_all_of_one_cause_go_round_again(in_alder, buried, now):
    with in_alder:
        assert dead_letters.redrive_all(kind="noop", error_class="Away", now=now) == 2
        assert [letter.id for letter in dead_letters.listed(kind="noop")] == [buried[2]]
        (line,) = history.latest(since=now)
    assert line.became == {"kind": "noop", "error_class": "Away", "items": 2}


def test_where_nothing_fits_nothing_is_written(in_alder, buried, now):
    with in_alder:
        assert dead_letters.redrive_all(kind="run_rule", now=now) == 0
        assert history.latest(since=now) == []


def test_throwing_away_needs_a_reason_which_stays(in_alder, buried, now):
    with in_alder:
        with pytest.raises(ReasonMissing):
            dead_letters.discard(buried[0], reason="  ", now=now)
        dead_letters.discard(buried[0], reason="the client has left", now=now)
        (line,) = history.about("work_item", buried[0])
    assert (line.act, line.reason, line.was["error"]) == ("work.discarded", "the client has left", "no 0")


def test_what_was_dealt_with_is_dealt_with(in_alder, buried, now):
    with in_alder:
        dead_letters.discard(buried[0], reason="twice", now=now)
        with pytest.raises(DeadLetterUnknown):
            dead_letters.discard(buried[0], reason="twice", now=now)
        with pytest.raises(DeadLetterUnknown):
            dead_letters.redrive(buried[0], now=now)


def test_birch_neither_sees_nor_moves_alders_dead_letters(in_birch, buried, now):
    with in_birch:
        assert dead_letters.listed() == []
        assert dead_letters.redrive_all(now=now) == 0
        with pytest.raises(DeadLetterUnknown):
            dead_letters.redrive(buried[0], now=now)


def test_who_lost_the_lease_moves_nothing(in_alder, buried, now):
    stranger = ids.new()
    with in_alder:
        words = {"token": stranger, "error": "e", "error_class": "E", "now": now}
        assert queue.put_back(buried[0], **words) is None
        assert not queue.bury(buried[0], **words)
        assert not queue.finish(buried[0], token=stranger, at=now)
        assert not queue.hold_until(buried[0], token=stranger, run_at=now, reason="r")
        assert queue.go_back(buried, token=stranger) == 0


def test_whoever_waits_for_given_up_work_is_told(in_alder, in_birch, buried, now):
    with in_alder:
        assert dead_letters.was_given_up("a", kinds=("noop", "load_import"))
        assert not dead_letters.was_given_up("a", kinds=("load_import",))
        assert not dead_letters.was_given_up("d", kinds=("noop",))
        dead_letters.redrive_all(kind=None, error_class=None, now=now, dry_run=False)
        assert not dead_letters.was_given_up("a", kinds=("noop",))
    with in_birch:
        assert not dead_letters.was_given_up("a", kinds=("noop",))
