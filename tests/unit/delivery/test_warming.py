"""What is told of each domain from which mail leaves: what became of it, and whether mailbox providers know it yet."""

from datetime import date, timedelta

import pytest

from tenants.delivery import health, warming
from tests.cast import NOW

AGO = "UPDATE message SET sent_at = :at, queued_at = :at, state = 'delivered' WHERE tenant_id = :tenant AND id = :id"
FROM = "UPDATE delivery_attempt SET sender = :sender WHERE tenant_id = :tenant AND message_id = :id"


def sent(post, *, days, sender, count=1):
    for _ in range(count):
        message = post.a_message()
        post.send(message)
        post.change(AGO, at=NOW - timedelta(days=days), id=message)
        post.change(FROM, sender=sender, id=message)


def told(post):
    with post.unit():
        return warming.of_senders(now=NOW, zone="Europe/Berlin"), health.senders(since=NOW - timedelta(days=30))


def test_a_domain_is_known_after_days_with_mail_and_not_after_one_large_mailing(post, monkeypatch):
    monkeypatch.setattr(warming, "WARM_DAYS", 2)
    monkeypatch.setattr(warming, "SLOW_START", 2)
    sent(post, days=20, sender="alder.example")
    sent(post, days=3, sender="alder.example", count=3)
    sent(post, days=70, sender="")
    sent(post, days=1, sender="")
    warmth, senders = told(post)
    own = warmth["alder.example"]
    assert (own.days, own.most, own.newest, own.is_warm, own.jumped) == (2, 3, 3, True, True)
    assert own.first_on == (NOW - timedelta(days=20)).date()
    assert (warmth[""].days, warmth[""].is_warm, warmth[""].jumped) == (1, False, False)
    assert [(each.domain, each.accepted, each.delivered) for each in senders] == [("alder.example", 4, 4), ("", 1, 1)]
    assert health.total(senders).accepted == 5


def test_what_was_never_tried_has_no_sender(post):
    post.a_message()
    assert told(post) == ({}, [])


@pytest.mark.parametrize(("mails", "jumped"), [((50, 90), False), ((50, 101), True), ((50,), False), ((51,), True)])
def test_a_jump_is_more_than_twice_any_day_before(mails, jumped):
    days = [(date(2026, 11, 1 + at), count) for at, count in enumerate(mails)]
    assert warming._warmth(days).jumped == jumped
