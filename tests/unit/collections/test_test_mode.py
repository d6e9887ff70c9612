"""Test mode: nothing leaves before the client goes live, and whoever ends it says what becomes of what waits."""

from datetime import timedelta

import pytest

from tenants import store
from tenants.collections import conduct, test_mode
from tenants.collections.test_mode import NotTesting, OtherNumber, Reasonless, Waiting
from tenants.directory import clients
from tenants.events import recording
from tests.cast import NOW
from tests.unit.collections.desk import a_customer, a_delivered_invoice, a_message, held_reasons

LATER = NOW + timedelta(hours=20)
STATES = "SELECT state, held_reason FROM message WHERE tenant_id = :tenant"
SENT_AT = "SELECT run_at FROM work_item WHERE tenant_id = :tenant AND kind = ANY(:kinds)"
ACTS = "SELECT act FROM history WHERE tenant_id = :tenant AND act LIKE 'test_mode.%' ORDER BY id"
gate = conduct.Gate()


@pytest.fixture
def waiting(in_alder):
    """Messages to one customer by each way that needs no person, queued while Alder is tried; the last was put on
    another way and back."""
    with in_alder:
        test_mode.enter(now=NOW, reason="We are setting up")
        kessler = a_customer()
        found = [a_message(kessler, a_delivered_invoice(kessler)) for _ in range(4)]
        keys = [str(each) for each in found[:3]] + [f"{found[3]}:1"]
        events = ("message.queued", "text.queued", "notice.posted", "message.queued")
        for event, key, each in zip(events, keys, found, strict=True):
            recording.record(event, key=key, now=LATER, message_id=str(each))
    return found


@pytest.mark.parametrize("kind", ["reminder", "invoice", "note"])
def test_nothing_of_any_kind_leaves_and_the_refusal_says_why(in_alder, kind):
    with in_alder:
        test_mode.enter(now=NOW, reason="We are setting up")
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler), kind=kind)
        verdict = gate(message, now=NOW)
        assert (verdict.allowed, verdict.reason, verdict.again_at) == (False, "test_mode", NOW + timedelta(days=1))
        assert held_reasons() == {"test_mode": 1}


def test_who_goes_live_lets_what_waits_go_at_once_through_the_gate(in_alder, waiting):
    with in_alder:
        assert test_mode.waiting() == Waiting(messages=4, customers=1, invoices=0)
        left = test_mode.leave(send=True, customers=1, now=NOW, real=NOW, reason="All is ready")
        assert left.messages == 4 and test_mode.since() is None
        kinds = ["send_message", "send_text", "post_notice"]
        assert list(store.run(SENT_AT, kinds=kinds).scalars()) == [NOW] * 4
        assert gate(waiting[0], now=NOW).allowed


def test_who_goes_live_may_throw_away_what_waits(in_alder, waiting):
    with in_alder:
        test_mode.leave(send=False, customers=0, now=NOW, real=NOW, reason="All is ready")
        assert {tuple(row) for row in store.run(STATES)} == {("cancelled", "test_mode")}
        assert test_mode.waiting().messages == 0


def test_another_number_of_customers_than_was_seen_sends_nothing(in_alder, waiting):
    with in_alder, pytest.raises(OtherNumber):
        test_mode.leave(send=True, customers=7, now=NOW, real=NOW, reason="All is ready")


def test_both_ways_are_remembered_and_lead_nowhere_twice(in_alder):
    with in_alder:
        with pytest.raises(NotTesting):
            test_mode.leave(send=True, customers=0, now=NOW, real=NOW, reason="All is ready")
        with pytest.raises(Reasonless):
            test_mode.enter(now=NOW, reason=" ")
        test_mode.enter(now=NOW, reason="We are setting up")
        assert clients.profile().test_since_at == NOW
        with pytest.raises(NotTesting):
            test_mode.enter(now=NOW, reason="Again")
        with pytest.raises(Reasonless):
            test_mode.leave(send=True, customers=0, now=NOW, real=NOW, reason="")
        test_mode.leave(send=True, customers=0, now=NOW, real=NOW, reason="All is ready")
    with in_alder:
        assert list(store.run(ACTS).scalars()) == ["test_mode.entered", "test_mode.left"]
