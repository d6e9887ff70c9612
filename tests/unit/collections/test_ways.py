"""Reminders go by the way that the customer wants, and by the next one where that leads nowhere."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import conduct, policies, ways
from tenants.delivery import channels, suppression
from tenants.delivery.channels import Channels
from tenants.rules import rule_book
from tests.cast import NOW
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message, held_reasons, pay

POSTAL = "Kessler Bau\nHauptstr. 1\n26486 Wangerooge"
PHONE = "+4930901820"
gate = conduct.Gate()


def wants(customer, *order, wait_days=3):
    channels.change(customer, to=Channels(order, wait_days, PHONE, POSTAL), now=NOW)


def dead(address):
    suppression.add(address, reason="bounce", since_at=NOW)


def earlier(customer, way, *, days, level=0, state="delivered"):
    """A reminder that went by that way so many days ago."""
    message = a_message(customer, state=state, sent_at=NOW - timedelta(days=days))
    sql = "UPDATE message SET channel = :way, evidence_level = :level WHERE tenant_id = :tenant AND id = :id"
    store.run(sql, way=way, level=level, id=message)


@pytest.fixture
def kessler(in_alder):
    with in_alder:
        yield a_customer()


def reminder(customer):
    return a_message(customer, a_delivered_invoice(customer))


def asked(customer):
    return gate(reminder(customer), now=NOW)


def test_where_nobody_chose_mail_is_the_way(kessler):
    assert asked(kessler).allowed


def test_the_first_way_of_the_customer_is_taken_and_written_down(kessler):
    wants(kessler, "sms", "email")
    verdict = asked(kessler)
    assert (verdict.allowed, verdict.way, verdict.recipient) == (False, "sms", PHONE)
    assert verdict.detail == "This customer is reminded by text now, not by mail."
    assert held_reasons() == {"other_way": 1}


def test_an_address_that_takes_nothing_leads_to_the_next_way(kessler):
    wants(kessler, "email", "sms", "print")
    dead("billing@kessler.test")
    assert asked(kessler).way == "sms"
    dead(PHONE)
    verdict = asked(kessler)
    assert (verdict.way, verdict.recipient) == ("print", "Kessler Bau")


@pytest.mark.parametrize(
    ("days", "level", "state", "way"),
    [
        (8, 2, "delivered", "portal"),
        (8, 4, "delivered", ""),
        (8, 0, "bounced", "portal"),
    ],
)
def test_a_way_by_which_nobody_saw_the_last_reminder_is_not_tried_again_at_once(kessler, days, level, state, way):
    wants(kessler, "email", "portal", wait_days=7)
    earlier(kessler, "email", days=days, level=level, state=state)
    assert asked(kessler).way == way


def test_when_all_ways_stayed_silent_the_first_begins_again(kessler):
    wants(kessler, "email", "portal")
    earlier(kessler, "email", days=9)
    earlier(kessler, "portal", days=8)
    assert asked(kessler).allowed


def test_the_policy_may_leave_ways_out_and_a_person_writes_where_none_is_left(kessler):
    policies.change({"ways": ["email", "print"]}, now=NOW, reason="no texts")
    wants(kessler, "sms", "print")
    assert asked(kessler).way == "print"
    wants(kessler, "sms")
    verdict = asked(kessler)
    assert (verdict.reason, verdict.way) == ("no_way", "")
    assert store.run("SELECT title FROM task WHERE tenant_id = :tenant").scalars().all() == [
        "Write to this customer yourself, or leave it"
    ]


def next_way(customer, way, *, sent_at=NOW - timedelta(hours=1), rule="overdue-reminder"):
    """The reminder that goes on by another way after one that left an hour ago came back."""
    invoice = a_delivered_invoice(customer, last_contact_at=sent_at, reminder_count=1)
    back = a_message(customer, invoice, state="bounced", sent_at=sent_at, rule=rule)
    message = a_message(customer, invoice, rule=rule)
    sql = """
UPDATE message SET channel = :way, recipient = :to, step_key = (
  SELECT b.step_key FROM message b WHERE b.tenant_id = :tenant AND b.id = :back) || '>' || :way
WHERE tenant_id = :tenant AND id = :id"""
    store.run(sql, way=way, to=PHONE, back=back, id=message)
    return message


def test_what_goes_on_is_no_second_contact_and_never_goes_back_to_an_earlier_way(kessler):
    wants(kessler, "email", "sms", "print")
    message = next_way(kessler, "sms")
    assert gate(message, now=NOW).allowed
    dead(PHONE)
    assert gate(message, now=NOW).way == "print"
    policies.change({"ways": ["email", "sms"]}, now=NOW, reason="no letters")
    assert gate(message, now=NOW).reason == "suppressed"


def test_what_goes_on_still_counts_what_the_customer_had_beside_it(kessler):
    wants(kessler, "email", "sms")
    earlier(kessler, "email", days=1)
    assert gate(next_way(kessler, "sms"), now=NOW).reason == "contact_budget"


def test_what_goes_on_ends_with_its_rule(kessler):
    wants(kessler, "email", "sms")
    asking = conduct.Gate(recheck=lambda key, ids, now: set())
    message = next_way(kessler, "sms")
    assert asking(message, now=NOW).reason == "no_longer_matches"
    rule_book.install("overdue-reminder", now=NOW)
    assert asking(message, now=NOW).allowed


def stop_mails():
    store.run("UPDATE contact SET reminders_stopped_at = :now WHERE tenant_id = :tenant", now=NOW)


def test_who_wants_no_reminders_by_mail_gets_them_by_another_way_or_from_a_person(kessler):
    invoice = a_delivered_invoice(kessler)
    message = a_message(kessler, invoice)
    stop_mails()
    assert (gate(message, now=NOW).reason, gate(message, now=NOW).way) == ("unwanted", "")
    assert store.run("SELECT reason FROM task WHERE tenant_id = :tenant").scalars().all() == [
        "Its reader wants no reminders by mail, and there is no other way."
    ]
    wants(kessler, "email", "sms")
    assert gate(message, now=NOW).way == "sms"
    assert gate(a_message(kessler, kind="note"), now=NOW).reason == "unwanted"


def test_invoices_and_formal_letters_go_by_mail_whatever_its_reader_thinks_of_reminders(kessler):
    invoice = a_delivered_invoice(kessler)
    formal = a_message(kessler, invoice)
    store.run("UPDATE message SET template = 'Formal letter' WHERE tenant_id = :tenant AND id = :id", id=formal)
    policies.change({"ceiling": "Formal letter"}, now=NOW, reason="as agreed")
    bill = a_message(kessler, invoice, kind="invoice")
    stop_mails()
    assert gate(bill, now=NOW).allowed and gate(formal, now=NOW).allowed


def test_a_letter_goes_to_the_address_of_the_books_where_nobody_wrote_an_envelope(kessler):
    store.run("UPDATE debtor SET address = :address WHERE tenant_id = :tenant", address=POSTAL)
    channels.change(kessler, to=Channels(("print",)), now=NOW)
    verdict = asked(kessler)
    assert (verdict.way, verdict.recipient) == ("print", "Kessler Bau")


def test_what_must_not_leave_goes_by_no_other_way_either(kessler):
    wants(kessler, "sms")
    invoice = a_delivered_invoice(kessler)
    message = a_message(kessler, invoice)
    pay(invoice)
    assert (gate(message, now=NOW).reason, gate(message, now=NOW).way) == ("settled", "")


def test_thanks_go_by_mail_or_not_at_all_and_an_invoice_stays_where_it_is(kessler):
    wants(kessler, "sms")
    assert gate(a_message(kessler, kind="note"), now=NOW).reason == "no_way"
    assert gate(a_message(kessler, a_delivered_invoice(kessler), kind="invoice"), now=NOW).allowed
    assert set(ways.SAID) == set(channels.WAYS)
