"""A customer's answer becomes a task, and so does an address that nothing is sent to any more."""

import pytest

from tenants import store
from tenants.collections import correspondence, tasks
from tenants.collections.tasks import NewTask
from tenants.delivery import inbound, letters, receipts
from tests.cast import NOW, TODAY
from tests.unit.delivery.post import DEAD, Post

REPLY = b"From: Dana <dana@dune.test>\nSubject: Re: Invoice\nIn-Reply-To: <x@y>\n\nWe pay on Friday.\n"
AWAY = b"From: dana@dune.test\nSubject: Out of office\nAuto-Submitted: auto-replied\n\nBack on Monday.\n"
TASKS = "SELECT kind, title, reason, invoice_id FROM task WHERE tenant_id = :tenant ORDER BY id"


@pytest.fixture
def post(alder, settings, tmp_path):
    found = Post(alder, settings, tmp_path)
    found.with_settings(reply_domain="in.goodterms.test")
    return found


@pytest.fixture
def sent(post):
    message = post.a_message()
    post.send(message)
    return message


def come(post, raw):
    """Dana's program answers to the address in Reply-To, in capitals for once; a job reads it."""
    address = post.mailer.sent[-1].reply_to
    tenant, attempt = inbound.addressee(address.upper(), secret=post.settings.secret_key)
    assert tenant == post.tenant and address.endswith("@in.goodterms.test") and len(address.partition("@")[0]) <= 64
    with post.unit():
        kept = inbound.receive(raw, attempt_id=attempt, documents_in=post.documents, now=NOW, real=NOW)
    with post.unit():
        receipts.read(kept, documents_in=post.documents, now=NOW, real=NOW)
    for about in post.work("ask_to_answer"):
        with post.unit():
            correspondence.wrote(about["message_id"], report_id=about["report_id"], now=NOW, today=TODAY)


def test_a_reply_stops_the_reminders_and_asks_somebody_to_answer(post, sent):
    come(post, REPLY)
    come(post, REPLY + b"And again.")
    ((kind, title, reason, invoice),) = post.ask(TASKS)
    assert (kind, title, invoice) == ("reply", "Answer the customer", post.invoice_of(sent).id)
    assert "Dune Garden Centres" in reason and post.invoice_of(sent).last_reply_at == NOW
    assert post.invoice_of(sent).evidence_level == 7


def test_an_automatic_answer_is_read_by_a_person_and_counts_as_no_reply(post, sent):
    come(post, AWAY)
    assert [kind for kind, *_ in post.ask(TASKS)] == ["review"]
    assert post.invoice_of(sent).last_reply_at is None


def test_a_reply_address_is_worth_nothing_as_a_return_address(post, sent):
    box = post.mailer.sent[-1].reply_to.partition("@")[0]
    with pytest.raises(inbound.NotForUs):
        inbound.addressee(letters.BOUNCE_BOX + box[2:], secret=post.settings.secret_key)


def test_without_a_domain_for_replies_they_go_to_the_client(post):
    post.with_settings(reply_domain="")
    post.send(post.a_message())
    assert "@in." not in post.mailer.sent[-1].reply_to


def test_a_dead_address_is_on_the_list_with_a_line_and_a_task_where_no_rule_asks(post):
    post.answers = [DEAD]
    message = post.a_message()
    post.send(message)
    (about,) = post.work("ask_for_address")
    assert post.ask("SELECT act FROM history WHERE tenant_id = :tenant") == ["suppression.added"]
    for _ in range(2):
        with post.unit():
            correspondence.unreachable(message, why=about["why"], now=NOW, today=TODAY)
    ((kind, title, reason, _),) = post.ask(TASKS)
    assert (kind, title) == ("bounce", "Find another address") and "dana@dune.test" in reason


def test_where_a_rule_has_asked_already_once_is_enough(post):
    post.answers = [DEAD]
    message = post.a_message()
    post.send(message)
    with post.unit():
        debtor = store.run("SELECT debtor_id FROM message WHERE tenant_id = :tenant").scalar_one()
        tasks.raise_many([NewTask("rule:x", "bounce", "Find it", "bounced", debtor_id=debtor)], now=NOW, today=TODAY)
        correspondence.unreachable(message, why="bounce", now=NOW, today=TODAY)
    assert len(post.ask(TASKS)) == 1


def test_about_a_mail_that_is_not_there_nobody_is_asked(post):
    with post.unit():
        correspondence.unreachable(post.tenant, why="bounce", now=NOW, today=TODAY)
        correspondence.wrote(post.tenant, report_id=post.tenant, now=NOW, today=TODAY)
    assert post.ask(TASKS) == []
