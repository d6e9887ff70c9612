"""Where a message stands depends on what happened and when, never on the order in which we heard of it."""

import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.delivery import queueing, standing, state
from tenants.delivery.state import Fact
from tests.cast import NOW
from tests.factories import a_contact
from tests.unit.delivery.post import DEAD

KINDS = ["accepted", "relayed", "delivered", "delayed", "bounced", "failed", "refused", "seen", "complained", "mail"]
KINDS += ["unconfirmed"]


def at(minutes):
    return NOW + timedelta(minutes=minutes)


def facts(*told):
    return [Fact(kind, at(minutes)) for kind, minutes in told]


CASES = [
    ([("accepted", 0)], "sent"),
    ([("relayed", 0)], "sent"),
    ([("accepted", 0), ("delayed", 5)], "delayed"),
    ([("accepted", 0), ("delayed", 5), ("delivered", 9)], "delivered"),
    ([("delivered", 1), ("delayed", 9)], "delivered"),
    ([("accepted", 0), ("bounced", 600)], "bounced"),
    ([("delivered", 1), ("bounced", 600)], "bounced"),
    ([("bounced", 1), ("delivered", 600)], "bounced"),
    ([("delivered", 1), ("bounced", 5), ("seen", 9)], "delivered"),
    ([("seen", 1), ("bounced", 9)], "bounced"),
    ([("accepted", 0), ("failed", 5)], "failed"),
    ([("delivered", 1), ("failed", 5)], "failed"),
    ([("failed", 1), ("delivered", 5)], "delivered"),
    ([("delivered", 1), ("failed", 5), ("seen", 9)], "delivered"),
    ([("refused", 0)], "failed"),
    ([("seen", 3)], "delivered"),
    ([("accepted", 0), ("complained", 5)], "sent"),
    ([("accepted", 0), ("unconfirmed", 9)], "unconfirmed"),
    ([("accepted", 0), ("delayed", 5), ("unconfirmed", 9)], "unconfirmed"),
    ([("accepted", 0), ("unconfirmed", 9), ("delayed", 11)], "delayed"),
    ([("accepted", 0), ("unconfirmed", 9), ("accepted", 11)], "sent"),
    ([("accepted", 0), ("unconfirmed", 9), ("delivered", 5)], "delivered"),
    ([("accepted", 0), ("unconfirmed", 9), ("bounced", 11)], "bounced"),
    ([("failed", 5), ("unconfirmed", 9)], "failed"),
]


@pytest.mark.parametrize(("told", "expected"), CASES, ids=[str(told) for told, _ in CASES])
def test_rank_and_time_decide(told, expected):
    assert state.of(facts(*told)).state == expected


def test_events_that_say_nothing_about_transport_say_nothing():
    assert state.of([]) is None
    assert state.of(facts(("mail", 1), ("auto_reply", 2), ("complained", 3))) is None


def test_who_has_seen_it_has_received_it_and_the_guess_is_marked():
    standing = state.of(facts(("accepted", 0), ("seen", 7)))
    assert (standing.delivered_at, standing.inferred) == (at(7), True)
    assert state.of(facts(("delivered", 1), ("seen", 7))).inferred is False


def test_a_complaint_is_a_flag_beside_the_state():
    standing = state.of(facts(("delivered", 1), ("complained", 5)))
    assert (standing.state, standing.complained) == ("delivered", True)


events = st.lists(st.builds(lambda kind, minutes: Fact(kind, at(minutes)), st.sampled_from(KINDS), st.integers(0, 20)))


@given(events, st.randoms(use_true_random=False))
def test_order_and_repeats_change_nothing(told, random):
    shuffled = told + told[: len(told) // 2]
    random.shuffle(shuffled)
    assert state.of(shuffled) == state.of(told)


def test_ten_thousand_orders_of_one_story_end_alike():
    """Everything that can happen to one mail, some of it twice, in ten thousand orders."""
    rng = random.Random(7)
    story = facts(
        *((kind, minutes) for minutes, kind in enumerate(KINDS)), ("delivered", 2), ("bounced", 40), ("seen", 3)
    )
    ends = set()
    for _ in range(10_000):
        rng.shuffle(story)
        ends.add(state.of(story + story[:3]))
    assert len(ends) == 1 and ends.pop().state == "bounced"


@given(events)
def test_a_bounce_is_never_lost_without_a_later_reader(told):
    standing = state.of([*told, Fact("bounced", at(30))])
    assert standing.state == "bounced" and standing.bounced_at == at(30)


def test_a_message_about_which_nothing_is_known_keeps_its_columns(post):
    message = post.a_message()
    with post.unit():
        assert standing.refresh(message) is None
    assert post.message(message).state == "queued"


def test_a_new_try_after_a_bounce_counts_and_an_older_delivery_does_not(post):
    first = post.a_message()
    post.answers = [DEAD]
    post.send(first)
    invoice = post.invoice_of(first)
    a_contact(post.tenant, invoice.debtor_id, email="new@dune.test", role="other")
    post.later(days=1)
    with post.unit():
        queued = queueing.queue_reminders(
            "overdue", invoice_ids=[invoice.id], template="First reminder", occurrence="1", now=post.now, real=post.now
        )
    post.send(next(iter(queued.messages)))
    assert (post.invoice_of(first).delivery, post.invoice_of(first).bounced_at) == ("delivered", NOW)
