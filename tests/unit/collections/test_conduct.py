"""The conduct gate: who has paid, objected, promised or complained is left in peace, and every refusal says why."""

import threading
from datetime import datetime, timedelta

import pytest

from tenants import store
from tenants.collections import conduct, holds, policies, refusals
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY
from tests.unit.collections.desk import (
    a_customer,
    a_delivered_invoice,
    a_message,
    change,
    held_reasons,
    items_of,
    pay,
)

SUPPRESS = """
INSERT INTO suppression (tenant_id, id, address, reason, since_at) VALUES (:tenant, :id, :address, 'bounce', :now)
"""
HELD = "SELECT reason, times, first_at, last_at, invoice_id FROM held_action WHERE tenant_id = :tenant"
gate = conduct.Gate()


def refused(message, *, now=NOW, gate=gate):
    verdict = gate(message, now=now)
    assert not verdict.allowed
    return verdict


def test_a_reminder_of_a_delivered_overdue_invoice_may_leave(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler))
        assert gate(message, now=NOW).allowed
        assert held_reasons() == {}


def test_r1_a_payment_between_queueing_and_sending_stops_the_reminder_for_ever(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        message = a_message(kessler, invoice)
    with in_alder:
        pay(invoice)
    with in_alder:
        verdict = refused(message)
        assert (verdict.reason, verdict.again_at) == ("settled", None)
        assert held_reasons() == {"settled": 1}


def test_r9_the_paid_invoice_leaves_the_bundle_and_the_others_stay(in_alder):
    with in_alder:
        kessler = a_customer()
        paid, open_one, other = (a_delivered_invoice(kessler) for _ in range(3))
        message = a_message(kessler, paid, open_one, other)
        pay(paid)
        assert gate(message, now=NOW).allowed
        assert items_of(message) == {open_one, other}
        assert held_reasons() == {"settled": 1}


def test_a_cancelled_invoice_is_not_chased(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler, voided_on=TODAY))
        assert refused(message).reason == "voided"


@pytest.mark.parametrize(
    ("kind", "reason"), [("dispute", "disputed"), ("promise", "promised"), ("plan", "on_plan"), ("pause", "paused")]
)
def test_r11_a_hold_on_one_invoice_keeps_that_one_out(in_alder, kind, reason):
    with in_alder:
        kessler = a_customer()
        held, free = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        holds.open(
            kind,
            debtor_id=kessler,
            invoice_id=held,
            starts_on=TODAY,
            ends_on=TODAY + timedelta(days=7),
            reason="the parts were short",
            now=NOW,
        )
        alone, bundle = a_message(kessler, held), a_message(kessler, held, free)
        verdict = refused(alone)
        assert (verdict.reason, verdict.again_at) == (reason, None)
        assert "the parts were short" in verdict.detail
        assert gate(bundle, now=NOW).allowed
        assert items_of(bundle) == {free}


def test_a_pause_of_the_whole_customer_covers_every_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler), a_delivered_invoice(kessler))
        holds.open("pause", debtor_id=kessler, starts_on=TODAY, ends_on=TODAY + timedelta(days=9), now=NOW)
        assert refused(message).reason == "paused"


def test_a_promise_whose_day_is_over_holds_nothing_back(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        long_ago = TODAY - timedelta(days=9)
        holds.open("promise", debtor_id=kessler, starts_on=long_ago, ends_on=TODAY - timedelta(days=1), now=NOW)
        assert gate(a_message(kessler, invoice), now=NOW).allowed


def test_a_promise_for_today_still_holds_on_the_clients_day_and_not_on_utcs(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        holds.open("promise", debtor_id=kessler, starts_on=TODAY, ends_on=TODAY, now=NOW)
        still_today_in_utc = datetime.fromisoformat("2026-11-20T23:30+00:00")  # Saturday in Berlin
        assert refused(a_message(kessler, invoice)).reason == "promised"
        assert refused(a_message(kessler, invoice), now=still_today_in_utc).reason == "quiet_hours"


def test_delivery_is_fixed_before_anybody_is_chased(in_alder):
    with in_alder:
        kessler = a_customer()
        on_its_way = a_message(kessler, a_delivered_invoice(kessler, delivery="sent", level=1))
        verdict = refused(on_its_way)
        assert verdict.reason == "not_delivered"
        assert verdict.again_at == datetime.fromisoformat("2026-11-23T09:00+01:00")
        assert refused(on_its_way, now=NOW + timedelta(days=8)).again_at is None
        bounced = a_message(kessler, a_delivered_invoice(kessler, delivery="bounced", level=0))
        assert refused(bounced).again_at is None


def test_what_was_opened_has_arrived_whatever_the_mail_server_said(in_alder):
    with in_alder:
        kessler = a_customer()
        assert gate(a_message(kessler, a_delivered_invoice(kessler, delivery="sent", level=5)), now=NOW).allowed


def test_a_stale_bank_feed_stops_reminders_and_no_feed_at_all_does_not(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler))
        clients.change(bank_feed_at=NOW - timedelta(hours=97))
        verdict = refused(message)
        assert verdict.reason == "bank_feed_stale"
        assert verdict.again_at > NOW
        clients.change(bank_feed_at=NOW - timedelta(hours=95))
        assert gate(message, now=NOW).allowed
        clients.change(bank_feed_at=None)
        assert gate(message, now=NOW).allowed


def test_the_kill_switch_holds_reminders_and_invoices(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        clients.change(sending="paused")
        for kind in ("reminder", "invoice"):
            verdict = refused(a_message(kessler, invoice, kind=kind))
            assert (verdict.reason, verdict.again_at is not None) == ("sending_paused", True)


def test_a_suppressed_address_gets_nothing_more(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler)
        store.run(SUPPRESS, id=ids.new(), address="billing@kessler.test", now=NOW)
        for kind in ("reminder", "invoice"):
            verdict = refused(a_message(kessler, invoice, kind=kind, recipient="Billing@Kessler.test"))
            assert (verdict.reason, verdict.again_at) == ("suppressed", None)


def test_a_second_reminder_waits_three_business_days(in_alder):
    with in_alder:
        kessler = a_customer()
        a_message(kessler, a_delivered_invoice(kessler), state="delivered", sent_at=NOW - timedelta(days=1))
        verdict = refused(a_message(kessler, a_delivered_invoice(kessler)))
        assert verdict.reason == "contact_budget"
        assert verdict.again_at == datetime.fromisoformat("2026-11-24T09:00+01:00")  # sent on a Thursday


def test_two_messages_a_week_are_enough_over_all_rules(in_alder):
    with in_alder:
        kessler = a_customer()
        clients.change(business_days_between_messages=1)
        for days, rule in ((5, "before-due"), (2, "overdue-reminder")):
            a_message(kessler, state="sent", rule=rule, sent_at=NOW - timedelta(days=days))
        verdict = refused(a_message(kessler, a_delivered_invoice(kessler), rule="second-reminder"))
        assert verdict.reason == "contact_budget"
        assert verdict.again_at == datetime.fromisoformat("2026-11-23T09:00+01:00")


def test_a_budget_of_nothing_lets_nothing_through(in_alder):
    with in_alder:
        kessler = a_customer()
        clients.change(auto_messages_per_week=0)
        assert refused(a_message(kessler, a_delivered_invoice(kessler))).reason == "contact_budget"


def test_another_customers_messages_do_not_count(in_alder):
    with in_alder:
        kessler, brandt = a_customer(), a_customer("Brandt Logistik")
        a_message(brandt, a_delivered_invoice(brandt), state="sent", sent_at=NOW - timedelta(hours=1))
        assert gate(a_message(kessler, a_delivered_invoice(kessler)), now=NOW).allowed


def test_the_budget_of_a_month_is_kept_beside_that_of_a_week(in_alder):
    with in_alder:
        policies.change({"per_month": 2}, now=NOW, reason="few words")
        kessler = a_customer()
        for ago in (12, 25):
            a_message(kessler, state="delivered", sent_at=NOW - timedelta(days=ago))
        verdict = refused(a_message(kessler, a_delivered_invoice(kessler)))
        assert verdict.detail == "This customer had 2 messages within thirty days."
        assert NOW + timedelta(days=4) < verdict.again_at < NOW + timedelta(days=6)


def test_r6_no_reminder_on_the_morning_after_the_invoice_itself(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler, last_contact_at=NOW - timedelta(hours=20))
        verdict = refused(a_message(kessler, invoice))
        assert verdict.reason == "contacted_lately"
        assert verdict.again_at == datetime.fromisoformat("2026-11-24T09:00+01:00")


def test_r7_reminders_end_and_a_person_decides(in_alder):
    with in_alder:
        kessler = a_customer()
        verdict = refused(a_message(kessler, a_delivered_invoice(kessler, reminder_count=6)))
        assert (verdict.reason, verdict.again_at) == ("cap_reached", None)
        task = store.run("SELECT kind, title FROM task WHERE tenant_id = :tenant").one()
        assert task.kind == "decide"


def test_r8_a_message_that_was_sent_is_no_reason_to_send_it_again(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler), state="sent", sent_at=NOW)
        assert gate(message, now=NOW).allowed  # its own sending is not counted against it; the claim is by state


def test_r12_outside_office_hours_the_reminder_waits_for_the_morning(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler))
        verdict = refused(message, now=datetime.fromisoformat("2026-11-20T18:00+01:00"))
        assert verdict.reason == "quiet_hours"
        assert verdict.again_at == datetime.fromisoformat("2026-11-23T09:00+01:00")


@pytest.mark.parametrize(
    ("zone", "country", "opens"),
    [("Pacific/Kiritimati", "KI", "2026-11-23T09:00+14:00"), ("Pacific/Honolulu", "US", "2026-11-20T09:00-10:00")],
)
def test_d1_the_customers_own_clock_counts_not_berlins(in_alder, zone, country, opens):
    with in_alder:
        far_away = a_customer("Far Away Trading", country=country, zone=zone)
        verdict = refused(a_message(far_away, a_delivered_invoice(far_away)))
        assert (verdict.reason, verdict.again_at) == ("quiet_hours", datetime.fromisoformat(opens))


def test_an_unread_reply_silences_the_machine_until_somebody_answers(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_delivered_invoice(kessler, last_contact_at=NOW - timedelta(days=9), last_reply_at=NOW)
        message = a_message(kessler, invoice)
        assert refused(message).reason == "reply_unread"
        change(invoice, last_contact_at=NOW + timedelta(hours=1))
        assert refused(message, now=NOW + timedelta(hours=2)).reason == "contacted_lately"


def test_the_rule_is_asked_again_and_only_what_still_matches_goes(in_alder):
    with in_alder:
        kessler = a_customer()
        first, second = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        asked = []

        def only_the_second(rule, invoices, now):
            asked.append((rule, set(invoices), now))
            return {second} & set(invoices)

        message = a_message(kessler, first, second)
        assert conduct.Gate(recheck=only_the_second)(message, now=NOW).allowed
        assert asked == [("overdue-reminder", {first, second}, NOW)]
        assert items_of(message) == {second}
        nobody = conduct.Gate(recheck=lambda *_: set())
        assert refused(a_message(kessler, first), gate=nobody).reason == "no_longer_matches"


def test_an_invoice_goes_out_at_night_and_against_the_budget_but_not_when_it_is_paid(in_alder):
    with in_alder:
        kessler = a_customer()
        fresh = a_delivered_invoice(kessler, delivery="queued", level=0, overdue=-30)
        a_message(kessler, fresh, state="sent", sent_at=NOW - timedelta(hours=1))
        message = a_message(kessler, fresh, kind="invoice")
        assert gate(message, now=datetime.fromisoformat("2026-11-22T03:00+01:00")).allowed
        pay(fresh)
        assert refused(message).reason == "settled"


def test_a_message_about_nothing_and_one_that_is_not_there_are_refused(in_alder):
    with in_alder:
        kessler = a_customer()
        assert refused(a_message(kessler)).reason == "empty"
        assert refused(ids.new()).reason == "unknown"


def test_a_refusal_that_repeats_is_one_row_that_counts(in_alder):
    with in_alder:
        kessler = a_customer()
        message = a_message(kessler, a_delivered_invoice(kessler))
        clients.change(sending="paused")
        for hours in range(3):
            refused(message, now=NOW + timedelta(hours=hours))
        row = store.run(HELD).one()
        assert (row.reason, row.times, row.last_at - row.first_at) == ("sending_paused", 3, timedelta(hours=2))
        assert row.invoice_id is not None


def test_two_workers_at_once_cannot_both_spend_the_budget(shell, alder, in_alder):
    with in_alder:
        kessler = a_customer()
        messages = [a_message(kessler, a_delivered_invoice(kessler)) for _ in range(2)]
    inside, verdicts = threading.Barrier(2, timeout=60), []

    def claim(message):
        with shell.app_context():
            inside.wait()
            with unit_of_work(scope.tenant(alder, actor="job:send_message")):
                verdict = gate(message, now=NOW)
                if verdict.allowed:
                    sql = "UPDATE message SET state = 'sending' WHERE tenant_id = :tenant AND id = :id"
                    store.run(sql, id=message)
                verdicts.append(verdict)

    workers = [threading.Thread(target=claim, args=(message,)) for message in messages]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(verdict.reason for verdict in verdicts) == ["", "contact_budget"]


def test_why_nothing_was_sent_is_answered_by_reason_and_by_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        invoices = [a_delivered_invoice(kessler) for _ in range(2)]
        clients.change(sending="paused")
        for invoice in invoices:
            refused(a_message(kessler, invoice))
        (line,) = refusals.by_reason(since=NOW)
        assert (line["reason"], line["steps"], line["times"]) == ("sending_paused", 2, 2)
        (story,) = refusals.about_invoice(invoices[0])
        assert story["detail"] == "Sending is paused for this client."
        refusals.keep([], now=NOW)


def test_money_that_probably_came_stops_the_reminder_until_it_is_booked(in_alder, monkeypatch):
    with in_alder:
        kessler = a_customer()
        awaited, other = a_delivered_invoice(kessler), a_delivered_invoice(kessler)
        monkeypatch.setattr(conduct.queue, "awaited", lambda ids: {awaited} & set(ids))
        verdict = refused(a_message(kessler, awaited))
        assert (verdict.reason, verdict.again_at is not None) == ("money_waiting", True)
        both = a_message(kessler, awaited, other)
        assert gate(both, now=NOW).allowed
        assert items_of(both) == {other}
