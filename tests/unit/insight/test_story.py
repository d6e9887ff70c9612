"""What happened with an invoice or a customer is told in order, from every room."""

from datetime import timedelta

from tenants import store
from tenants.collections import holds, tasks
from tenants.collections.tasks import NewTask
from tenants.delivery import queueing
from tenants.insight import story
from tenants.ledger import allocation
from tests.cast import NOW, TODAY
from tests.factories import a_contact, a_debtor, a_payment, an_invoice


def test_an_invoice_tells_what_was_applied_and_what_was_taken_back(alder, in_alder):
    debtor = a_debtor(alder)
    invoice = an_invoice(alder, debtor, amount=100_00)
    a_payment(alder, debtor, amount=30_00, reference="BANK-7", parts=[(invoice, 30_00)])
    with in_alder:
        (first,) = story.postings(invoice)
        allocation.reverse(first.id, effective_on=TODAY, now=NOW + timedelta(minutes=1), reason="Wrong customer")
        told = story.postings(invoice)
    assert [(each.reference, each.amount_minor, each.reverses) for each in told] == [
        ("BANK-7", 30_00, False),
        ("BANK-7", -30_00, True),
    ]
    assert told[1].reason == "Wrong customer"


def test_a_customer_is_told_newest_first_and_nobody_elses_story(alder, birch, in_alder):
    debtor, other = a_debtor(alder), a_debtor(alder)
    a_contact(alder, debtor)
    invoice = an_invoice(alder, debtor, late=5, number="S-1")
    an_invoice(alder, other, number="S-2")
    a_payment(alder, debtor, amount=10_00)
    with in_alder:
        holds.open("dispute", debtor_id=debtor, invoice_id=invoice, starts_on=TODAY, reason="Missing box", now=NOW)
        draft = NewTask("t:1", "call", "Call them", "It is late", invoice_id=invoice)
        tasks.raise_many([draft], now=NOW + timedelta(minutes=5), today=TODAY)
        queueing.queue_invoices(today=TODAY, now=NOW, real=NOW, invoice_ids=[invoice])
        told = story.of_customer(debtor)
        coming, work = story.upcoming(debtor), story.tasks_of(debtor)
        quiet = story.of_customer(other)
    assert [each["kind"] for each in told] == ["task", "hold_dispute", "payment", "issued"]
    assert [each["at"] for each in told] == sorted((each["at"] for each in told), reverse=True)
    assert [each["subject"] for each in quiet] == ["S-2"]
    assert [each["kind"] for each in coming] == ["invoice"] and [each["title"] for each in work] == ["Call them"]


def test_what_happened_at_the_same_moment_is_told_in_one_order(alder, in_alder):
    debtor = a_debtor(alder)
    ends = TODAY + timedelta(days=7)
    with in_alder:
        opened = [
            holds.open("pause", debtor_id=debtor, starts_on=TODAY, ends_on=ends, reason=f"Reason {n}", now=NOW)
            for n in range(12)
        ]
        store.run("UPDATE hold SET outcome = 'x' WHERE tenant_id = :tenant AND id = :id", id=opened[3])
        told = story.of_customer(debtor, limit=5)
    assert [each["detail"] for each in told] == [f"Reason {n}" for n in (11, 10, 9, 8, 7)]
