"""Who is written to about what, and that nobody is written to twice for one step."""

from datetime import timedelta
from uuid import uuid4

import pytest

from tenants.delivery import queueing, rendering
from tests.cast import NOW, TODAY
from tests.factories import a_contact, a_debtor, a_payment, an_invoice

COUNT = "SELECT count(*) FROM message WHERE tenant_id = :tenant"


def remind(post, invoice_ids, *, occurrence="2026-11-20", template="First reminder", **more):
    with post.unit():
        return queueing.queue_reminders(
            "overdue", invoice_ids=invoice_ids, template=template, occurrence=occurrence, now=NOW, real=NOW, **more
        )


def test_each_open_invoice_goes_once_to_its_customers_billing_contact(post):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor, email="boss@dune.test", role="manager")
    a_contact(post.tenant, debtor, email="bills@dune.test", role="billing")
    first, second = (an_invoice(post.tenant, debtor, late=-5) for _ in range(2))
    assert post.queue() == 2
    assert set(post.ask("SELECT recipient FROM message WHERE tenant_id = :tenant")) == {"bills@dune.test"}
    assert set(post.ask("SELECT invoice_id FROM message_item WHERE tenant_id = :tenant")) == {first, second}
    assert post.ask("SELECT DISTINCT delivery FROM invoice WHERE tenant_id = :tenant") == ["queued"]
    assert len(post.work("send_message")) == 2


def test_queueing_again_adds_nothing(post):
    post.an_invoice()
    assert (post.queue(), post.queue()) == (1, 0)
    post.change("UPDATE invoice SET delivery = 'none' WHERE tenant_id = :tenant")
    assert post.queue() == 0, "the step key holds even when the column is wrong"


def test_what_is_paid_voided_not_yet_issued_or_on_paper_is_left_alone(post):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor)
    paid = an_invoice(post.tenant, debtor)
    a_payment(post.tenant, debtor, parts=[(paid, 100_00)])
    an_invoice(post.tenant, debtor, issued_on=TODAY + timedelta(days=1), due_on=TODAY + timedelta(days=30))
    an_invoice(post.tenant, a_debtor(post.tenant, channel="paper"))
    voided = an_invoice(post.tenant, debtor)
    post.change("UPDATE invoice SET voided_on = :on WHERE tenant_id = :tenant AND id = :id", on=TODAY, id=voided)
    assert post.queue() == 0


def test_an_invoice_dated_today_goes_today(post):
    post.an_invoice(issued_on=TODAY, due_on=TODAY)
    assert post.queue() == 1


def test_only_the_invoices_that_are_named_are_queued(post):
    wanted, _other = post.an_invoice(), post.an_invoice()
    assert post.queue(invoice_ids=[wanted]) == 1
    assert post.ask("SELECT invoice_id FROM message_item WHERE tenant_id = :tenant") == [wanted]
    assert post.queue(import_id=uuid4()) == 0


def test_an_invoice_without_a_contact_waits_and_does_not_stop_the_others(post, monkeypatch):
    monkeypatch.setattr(queueing, "SLICE", 2)
    for email in ("", "", "", "dana@dune.test", "kim@dune.test"):
        post.an_invoice(email=email)
    assert post.queue() == 2
    assert sorted(post.ask("SELECT delivery FROM invoice WHERE tenant_id = :tenant")) == ["none"] * 3 + ["queued"] * 2


def test_a_dead_address_is_used_only_when_there_is_no_other(post):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor, email="Dead@dune.test")
    post.change(
        "INSERT INTO suppression (tenant_id, id, address, reason, since_at) "
        "VALUES (:tenant, :id, 'dead@dune.test', 'bounce', :at)",
        id=uuid4(),
        at=NOW,
    )
    lonely = an_invoice(post.tenant, debtor)
    post.queue()
    a_contact(post.tenant, debtor, email="alive@dune.test", role="other")
    an_invoice(post.tenant, debtor)
    post.queue()
    recipients = post.ask("SELECT lower(recipient) FROM message WHERE tenant_id = :tenant ORDER BY queued_at, id")
    assert recipients == ["dead@dune.test", "alive@dune.test"] and lonely


def test_another_clients_invoices_stay_theirs(post, birch):
    an_invoice(birch, currency="GBP")
    a_contact(birch, a_debtor(birch))
    assert post.queue() == 0


def test_one_reminder_lists_all_of_a_customers_invoices(post):
    debtor, other = a_debtor(post.tenant), a_debtor(post.tenant)
    a_contact(post.tenant, debtor)
    a_contact(post.tenant, other)
    invoices = [an_invoice(post.tenant, debtor, late=late) for late in (3, 9)] + [
        an_invoice(post.tenant, other, late=4)
    ]
    queued = remind(post, invoices)
    assert sorted(queued.messages.values()) == sorted((debtor, other))
    listed = post.ask("SELECT message_id, invoice_id FROM message_item WHERE tenant_id = :tenant")
    customer = dict(zip(invoices, (debtor, debtor, other), strict=True))
    assert sorted((queued.messages[message], invoice) for message, invoice in listed) == sorted(
        (customer[invoice], invoice) for invoice in invoices
    )
    assert len(post.work("send_message")) == 2


def test_the_same_firing_reminds_once_and_the_next_one_again(post):
    invoice = post.an_invoice(late=5)
    assert len(remind(post, [invoice]).messages) == 1
    assert len(remind(post, [invoice]).messages) == 0
    assert len(remind(post, [invoice], occurrence="2026-11-27").messages) == 1


def test_who_has_paid_is_not_reminded_and_who_has_no_contact_is_named(post):
    debtor = a_debtor(post.tenant)
    a_contact(post.tenant, debtor)
    paid = an_invoice(post.tenant, debtor, late=5)
    a_payment(post.tenant, debtor, parts=[(paid, 100_00)])
    silent = a_debtor(post.tenant)
    queued = remind(post, [paid, an_invoice(post.tenant, silent, late=5)])
    assert (queued.messages, queued.nobody) == ({}, (silent,))


def test_a_reminder_can_be_timed(post):
    remind(post, [post.an_invoice(late=5)], run_at=NOW + timedelta(hours=3))
    assert post.ask("SELECT run_at FROM work_item WHERE tenant_id = :tenant AND kind = 'send_message'") == [
        NOW + timedelta(hours=3)
    ]


def test_a_text_that_nobody_wrote_is_refused_before_anything_is_queued(post):
    with pytest.raises(rendering.UnknownTemplate, match="no mail text"):
        remind(post, [post.an_invoice(late=5)], template="Last warning!!")
    assert post.ask(COUNT) == [0]
