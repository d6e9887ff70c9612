"""Three days without a word about a mail are told as such, and end with the first word that comes."""

from datetime import timedelta

import pytest

from tenants.collections.watch import hard
from tenants.delivery import health, ladder, news, outbox, unheard
from tenants.events import inbox

DAYS = timedelta(hours=72)


@pytest.fixture
def sent(post):
    """A mail that a provider took and of which it has said no more."""
    message = post.a_message()
    post.send(message, final=False)
    assert post.message(message).state == "sent"
    return message


def give_up(post):
    with post.unit():
        return unheard.give_up(now=post.now, real=post.now)


def hear(post, message, kind):
    with post.unit():
        kept = inbox.keep(
            "ses",
            external_id=kind,
            kind=kind,
            message_id=message,
            occurred_at=post.now,
            received_at=post.now,
            payload={"detail": "", "attempt_id": ""},
        )
        news.read([kept], now=post.now, real=post.now)


def test_after_72_hours_a_mail_of_which_nobody_spoke_is_unconfirmed_once(post, sent):
    post.later(hours=71)
    assert give_up(post) == 0 and post.message(sent).state == "sent"
    post.later(hours=1)
    assert give_up(post) == 1 and give_up(post) == 0
    assert (post.message(sent).state, post.invoice_of(sent).delivery) == ("unconfirmed", "sent")
    ((said_at, heard_at),) = post.ask(
        "SELECT occurred_at, received_at FROM inbox_event WHERE tenant_id = :tenant AND source = 'timeout'"
    )
    assert said_at == post.message(sent).sent_at + DAYS and heard_at == post.now
    with post.unit():
        assert ladder.of_message(sent).unknown[0] == "why_nothing_was_heard"
        assert [row["id"] for row in outbox.listed(state="unconfirmed")] == [sent]
        assert health.total(health.receivers(since=post.now - timedelta(days=7))).unconfirmed == 1


@pytest.mark.parametrize("word", ["delivered", "bounced", "delayed"])
def test_whatever_is_said_later_replaces_it(post, sent, word):
    post.later(hours=80)
    give_up(post)
    post.later(hours=1)
    hear(post, sent, word)
    assert post.message(sent).state == word
    assert give_up(post) == 0 and post.message(sent).state == word


def test_what_has_a_verdict_or_goes_by_another_way_is_left_alone(post):
    told = post.a_message()
    post.send(told)
    letter = post.a_message(email="ap@elm.test", name="Elm Homes")
    post.send(letter, final=False)
    post.change("UPDATE message SET channel = 'print' WHERE tenant_id = :tenant AND id = :id", id=letter)
    post.later(days=9)
    assert give_up(post) == 0
    assert (post.message(told).state, post.message(letter).state) == ("delivered", "sent")


def test_it_is_a_fault_only_where_a_provider_tells_of_each_message(post, sent):
    post.later(hours=73)
    give_up(post)
    with post.unit():
        assert hard.unheard_of(now=post.now) == {}
    post.change("UPDATE delivery_attempt SET provider = 'ses' WHERE tenant_id = :tenant")
    with post.unit():
        assert hard.check(now=post.now) == ["unconfirmed"]
        ((title, reason),) = hard.unheard_of(now=post.now).values()
    assert title == "Nobody says what became of some mails" and reason.startswith("1 message to 1 customer left")
    hear(post, sent, "delivered")
    with post.unit():
        assert hard.check(now=post.now) == []
