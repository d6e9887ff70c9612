"""News about mails that nobody knows: it waits, is brought in when its mail turns up, and is given up and counted."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from jobs import delivery
from jobs.turns import Turn
from tenants.delivery import news, parking, provider_news
from tenants.delivery.provider_news import Addressed
from tenants.values import ids
from tenants.values.clock import FixedClock
from tests.unit.delivery.test_provider_news import told_of

STATES = "SELECT state FROM parked_event WHERE tenant_id = :tenant"


@pytest.fixture
def early(post):
    """A message, and the news of its delivery with the attempt that its books do not hold yet."""
    message = post.a_message()
    post.send(message, final=False)
    return message, told_of(post, message, "Delivery")


def receive(post, attempt, told):
    with post.unit():
        return provider_news.receive([Addressed(attempt, told)], real=post.now)


def look(post, payload):
    tools = SimpleNamespace(clock=FixedClock(post.now))
    with post.unit():
        delivery.look_for_mail(Turn(post.tenant, ids.new(), "look_for_mail", payload, tools))


def test_news_that_is_faster_than_our_note_of_the_mail_counts_when_the_mail_is_known(post, early):
    message, told = early
    attempt = ids.new()
    fresh, unknown = receive(post, attempt, told)
    assert fresh == [] and [each.attempt_id for each in unknown] == [attempt]
    (payload,) = post.work("look_for_mail")
    post.change(
        "INSERT INTO delivery_attempt (tenant_id, id, message_id, attempt_no, state, provider, intent_at) "
        "VALUES (:tenant, :id, :message, 2, 'accepted', 'ses', :now)",
        id=attempt,
        message=message,
        now=post.now,
    )
    look(post, payload)
    (told_of_it,) = post.work("read_news")
    with post.unit():
        news.read([*map(parking.UUID, told_of_it["inbox_ids"])], now=post.now, real=post.now)
    assert post.message(message).state == "delivered" and post.ask(STATES) == ["found"]


def test_news_about_no_mail_of_ours_is_given_up_after_a_quarter_of_an_hour_and_counted(post, early):
    _, told = early
    for _ in range(2):
        receive(post, ids.new(), told)
    for number in range(len(parking.PAUSES)):
        assert post.ask(STATES) == ["waiting"]
        look(post, post.work("look_for_mail")[number])
    assert post.ask(STATES) == ["given_up"] and len(post.work("look_for_mail")) == len(parking.PAUSES)
    with post.unit():
        assert parking.given_up(since=post.now - timedelta(days=1)) == 1
        assert parking.given_up(since=post.now + timedelta(days=1)) == 0


@pytest.mark.parametrize("kind", ["clicked", "opened", "subscription"])
def test_what_would_not_be_kept_is_not_parked_either(post, early, kind):
    _, told = early
    receive(post, ids.new(), replace(told, kind=kind))
    assert post.ask(STATES) == [] == post.work("look_for_mail")
