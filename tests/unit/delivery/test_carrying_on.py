"""A reminder, or an invoice, that is known to have come back goes on at once by the next way of its customer."""

from datetime import timedelta

from tenants import store
from tenants.delivery import carrying_on, climbing, queueing
from tests.cast import NOW, TODAY
from tests.unit.delivery.post import DEAD
from tests.unit.delivery.test_channels import post_it, the, want


def go_on(post, message=None):
    with post.unit():
        return carrying_on.carry_on(now=post.now, real=post.now, message_id=message)


def test_a_reminder_that_came_back_goes_on_by_the_next_way_once_and_counts_once(post, reminder):
    post.send(reminder)
    assert go_on(post) == 0
    post.change("UPDATE message SET state = 'bounced' WHERE tenant_id = :tenant")
    assert (go_on(post, reminder), go_on(post, reminder), go_on(post)) == (1, 0, 0)
    notice = the(post, "portal")
    found = post.message(notice)
    assert (found.template, found.rule_key, found.recipient) == ("First reminder", "overdue", "dana@dune.test")
    assert post.work("post_notice") == [{"message_id": str(notice)}]
    post_it(post)
    assert post.ask("SELECT reminder_count FROM invoice WHERE tenant_id = :tenant") == [1, 1]
    post.change("UPDATE message SET state = 'failed' WHERE tenant_id = :tenant AND id = :id", id=notice)
    post.change(
        "UPDATE invoice SET open_minor = 0, settled_on = :day WHERE tenant_id = :tenant AND currency = 'EUR'", day=TODAY
    )
    assert go_on(post) == 1
    assert post.ask("SELECT channel FROM message WHERE tenant_id = :tenant ORDER BY id") == ["email", "portal", "sms"]
    items = "SELECT count(*) FROM message_item WHERE tenant_id = :tenant AND message_id = :id"
    assert post.ask(items, id=the(post, "sms")) == [1], "what was paid is not in it"


def test_a_reminder_that_was_refused_at_once_counts_when_it_goes_on(post, reminder):
    post.answers = [DEAD]
    post.send(reminder)
    assert post.work("go_on") and go_on(post, reminder) == 1
    post_it(post)
    assert post.ask("SELECT reminder_count FROM invoice WHERE tenant_id = :tenant") == [1, 1]


def test_a_later_reminder_or_the_last_way_ends_it(post, reminder):
    post.change("UPDATE message SET state = 'failed', channel = 'print' WHERE tenant_id = :tenant")
    assert go_on(post) == 0
    post.change("UPDATE message SET channel = 'email' WHERE tenant_id = :tenant")
    with post.unit():
        bills = list(store.run("SELECT id FROM invoice WHERE tenant_id = :tenant").scalars())
        queueing.queue_reminders(
            "overdue", invoice_ids=bills, template="First reminder", occurrence="2", now=NOW, real=NOW
        )
    assert go_on(post) == 0


def test_an_invoice_that_came_back_goes_on_without_waiting_for_the_next_day(post):
    invoice = post.an_invoice()
    want(post, invoice)
    other = post.an_invoice(email="other@dune.test")
    post.queue()
    with post.unit():
        one = climbing.climb(today=TODAY, now=post.now + timedelta(days=9), real=post.now, invoice_ids=[other])
        two = climbing.climb(today=TODAY, now=post.now + timedelta(days=9), real=post.now, invoice_ids=[invoice])
    assert (one, two) == (0, 1)
