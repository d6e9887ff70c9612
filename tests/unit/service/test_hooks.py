"""The door for messages of SNS: what it believes is kept for a job, what it does not believe leaves no trace."""

import json
from dataclasses import replace

import pytest

from tenants.delivery import letters, sns
from tests.cast import NOW
from tests.unit.delivery.post import Post
from tests.unit.delivery.signing import TOPIC, Topics, a_message
from tests.unit.delivery.test_ses_events import event

PLAIN = "text/plain; charset=UTF-8"


@pytest.fixture
def topics(web, monkeypatch):
    """The web face trusts one topic, for the length of a test."""
    topics, tools = Topics(), web.extensions["goodterms"]
    trusting = replace(tools, topics=topics, settings=replace(tools.settings, sns_topics=TOPIC))
    monkeypatch.setitem(web.extensions, "goodterms", trusting)
    return topics


@pytest.fixture
def post(alder, settings, tmp_path):
    return Post(alder, settings, tmp_path)


def knock(browser, fields, *, content_type=PLAIN):
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return browser.client.post(
        "/hooks/sns", data=body, content_type=content_type, headers={"Accept": "application/json"}
    )


def delivery(post):
    """SES says that a mail of ours was delivered."""
    message = post.a_message()
    post.send(message, final=False)
    (attempt,) = post.ask("SELECT id FROM delivery_attempt WHERE tenant_id = :tenant")
    sealed = letters.sealed(post.tenant, attempt_id=attempt, settings=post.settings)
    one = event("Delivery", timestamp=NOW.isoformat())
    return one | {"mail": one["mail"] | {"tags": {"gt_attempt": [sealed]}}}


def kept(post):
    return post.ask("SELECT kind FROM inbox_event WHERE tenant_id = :tenant AND source = 'ses'")


def test_news_of_a_mail_of_ours_is_kept_once_for_a_job(post, topics, stranger):
    fields = a_message(delivery(post))
    assert [knock(stranger, fields).status_code for _ in range(3)] == [200, 200, 200]
    assert kept(post) == ["delivered"]
    assert len(post.work("read_news")) == 1


def test_what_is_not_believed_leaves_nothing_and_is_answered_alike(post, topics, stranger):
    good = a_message(delivery(post))
    bad = [good | {"MessageId": "x"}, good | {"TopicArn": TOPIC + "x"}, b"{", good | {"Signature": ""}]
    answers = [knock(stranger, each) for each in bad] + [knock(stranger, good, content_type="text/html")]
    assert {(answer.status_code, answer.json["code"], answer.json["detail"]) for answer in answers} == {
        (403, "not_believed", "This message is not believed.")
    }
    assert kept(post) == []


def test_a_body_larger_than_any_message_is_not_read(topics, stranger):
    assert knock(stranger, b"x" * (sns.LARGEST + 1)).status_code == 413


def test_news_that_says_nothing_to_us_is_taken_so_that_it_is_not_repeated(post, topics, stranger):
    for message in ("hello", event("Delivery"), {"eventType": "Novelty", "mail": {}}, "[[["):
        assert knock(stranger, a_message(message)).status_code == 200
    assert kept(post) == []


def test_a_subscription_is_confirmed_by_the_interface_and_its_address_is_not_called(topics, stranger):
    fields = a_message(Type="SubscriptionConfirmation", Token="t" * 64, SubscribeURL="https://evil.test/")
    assert knock(stranger, fields).status_code == 200
    assert topics.confirmed == [(TOPIC, "t" * 64)]
    assert all("evil" not in address for address in topics.fetched)


def test_when_aws_is_away_the_message_may_come_again(topics, stranger):
    topics.away = True
    answer = knock(stranger, a_message())
    assert (answer.status_code, answer.json["code"]) == (503, "provider_away")


def test_a_subscription_that_cannot_be_confirmed_may_come_again(topics, stranger, monkeypatch):
    monkeypatch.setattr(topics, "certificate", Topics().certificate)
    topics.away = True
    fields = a_message(Type="SubscriptionConfirmation", Token="t" * 64, SubscribeURL="https://evil.test/")
    assert knock(stranger, fields).status_code == 503 and topics.confirmed == []


def test_without_topics_in_the_settings_the_door_is_shut(stranger):
    assert knock(stranger, a_message()).status_code == 403
