"""Running: what matches is acted on once, in words that a person understands, and what is held back is counted."""

import threading
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy.exc import DBAPIError

from tenants import store
from tenants.isolation import scope
from tenants.rules import rule_book, running
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import (
    OPEN,
    PAUSE,
    SEND,
    TASK,
    a_bill,
    a_customer,
    change,
    days,
    document,
    go_live,
    hold,
    pay,
    ran,
    rows,
    run,
)

NEXT_VERSION = """
INSERT INTO rule_version
SELECT tenant_id, rule_id, 2, jsonb_set(document, '{if,all,0,field}', '"gone"'), sha256, sentence, made_by, made_at
FROM rule_version WHERE tenant_id = :tenant AND rule_id = :id RETURNING version
"""
REMATCH = {"on": "rematch"}


def test_an_unopened_invoice_of_a_key_account_raises_an_alert_and_a_task(in_alder):
    with in_alder:
        wanted = a_bill()
        a_bill(first_seen_at=NOW)
        a_bill(amount=99_900)
        a_bill(a_customer(groups=()))
        done = ran(go_live("unopened-key-account"))
        assert (done.matched, done.subjects) == (1, (wanted,))
        (alert,) = rows("alert", "invoice_id, title, reason, ends_when, cause")
        assert alert == (
            wanted,
            "Unopened key account",
            "Invoice: was delivered more than 3 business days ago (12 November 2026); has not been seen by anyone yet; "
            "has EUR 1,000 or more left to pay (EUR 4,310); belongs to a customer in Key accounts or Strategic "
            "accounts (Key accounts).",
            "seen",
            "rule:unopened-key-account",
        )
        (task,) = rows("task", "kind, title, due_on, invoice_id")
        assert task == ("call", "Call to confirm the invoice arrived", TODAY + days(3), wanted)


def test_the_run_is_kept_with_its_cutoffs_and_counts(in_alder):
    with in_alder:
        a_bill()
        hold(a_bill(), "dispute")
        rule = go_live("unopened-key-account")
        ran(rule)
        (kept,) = rule_book.runs(rule)
        assert (kept["matched"], kept["acted"], kept["held"], kept["fault"]) == (2, 1, {"dispute": 1}, "")
        assert kept["bounds"] == {"/if/all/1": "2026-11-17T10:00:00+00:00"}


def test_nothing_is_done_twice_for_one_occurrence_nor_on_the_next_day(in_alder):
    with in_alder:
        a_bill()
        rule = go_live("unopened-key-account")
        assert ran(rule).acted == 1
        assert run(rule) is None
        assert ran(rule, on=TODAY + days(1), now=NOW + days(1)).matched == 0
        assert len(rows("rule_firing")) == len(rows("alert")) == 1


def test_reminders_are_bundled_per_customer_and_queued_once(in_alder):
    with in_alder:
        kessler = a_customer()
        first, second = a_bill(kessler, late=10), a_bill(kessler, late=20)
        a_bill(kessler, late=2)
        rule = go_live("overdue-reminder")
        assert set(ran(rule).subjects) == {first, second}
        ((kind, template),) = rows("message", "kind, template")
        assert (kind, template) == ("reminder", "First reminder")
        assert {row.invoice_id for row in rows("message_item", "invoice_id")} == {first, second}
        assert ran(rule, on=TODAY + days(3), now=NOW + days(3)).matched == 1


def test_a_customer_without_an_address_waits_for_one_and_is_counted(in_alder):
    with in_alder:
        a_bill(a_customer(contact=False), late=10)
        done = ran(go_live("overdue-reminder"))
        assert (done.matched, done.acted, done.held) == (1, 0, {"nobody": 1})
        assert rows("rule_firing") == []


@pytest.mark.parametrize("kind", ["dispute", "promise", "plan", "pause"])
@pytest.mark.parametrize("whole", [False, True])
def test_a_hold_keeps_the_rule_back_until_it_ends(in_alder, kind, whole):
    with in_alder:
        invoice = a_bill()
        hold(invoice, kind, whole=whole, ends_on=TODAY + days(2))
        rule = go_live("unopened-key-account")
        done = ran(rule)
        assert (done.acted, done.held) == (0, {"paused" if kind == "pause" else kind: 1})
        assert ran(rule, on=TODAY + days(3), now=NOW + days(3)).subjects == (invoice,)


def test_a_rule_that_skips_no_hold_acts_on_a_disputed_invoice(in_alder):
    with in_alder:
        hold(a_bill(), "dispute")
        assert ran(go_live(document(OPEN, skip_while=[]))).acted == 1


def test_the_cap_stops_a_run_that_matches_too_much_and_says_so(in_alder):
    with in_alder:
        kessler = a_customer()
        for late in range(1, 6):
            a_bill(kessler, late=late)
        rule = go_live(document(OPEN, caps={"per_run": 2}))
        done = ran(rule)
        assert (done.matched, done.acted, done.held) == (5, 2, {"cap": 3})
        trouble = [row for row in rows("alert", "cause, severity, title") if row.cause.startswith("rule-trouble")]
        assert trouble == [("rule-trouble:a-rule", "high", "The rule “A rule” stopped at its cap")]
        assert ran(rule, on=TODAY + days(1), now=NOW + days(1)).acted == 2


def test_the_oldest_come_first_under_a_cap(in_alder):
    with in_alder:
        kessler = a_customer()
        bills = {late: a_bill(kessler, late=late) for late in (1, 9, 5)}
        assert ran(go_live(document(OPEN, caps={"per_run": 2}))).subjects == (bills[9], bills[5])


def test_again_after_a_while_and_at_most_so_often(in_alder):
    with in_alder:
        a_bill()
        rule = go_live(document(OPEN, again={"after": {"days": 7}, "max": 2}))
        acted = [ran(rule, on=TODAY + days(n), now=NOW + days(n)).acted for n in (0, 6, 7, 14)]
        assert acted == [1, 0, 1, 0]
        assert sorted(row.episode for row in rows("rule_firing", "episode")) == [1, 2]


def test_on_rematch_it_acts_each_time_it_starts_to_match(in_alder):
    with in_alder:
        invoice = a_bill()
        rule = go_live(document({"field": "invoice.reminder_count", "op": "eq", "value": 0}, again=REMATCH))
        acted = []
        for n, reminders in enumerate((0, 0, 1, 0)):
            change(invoice, reminder_count=reminders)
            acted.append(ran(rule, on=TODAY + days(n), now=NOW + days(n)).acted)
        assert acted == [1, 0, 0, 1]


def test_a_rule_about_customers_gives_one_task_per_customer(in_alder):
    with in_alder:
        kessler = a_customer()
        for late in (70, 80):
            a_bill(kessler, late=late, amount=600_000)
        a_bill(a_customer("Brandt"), late=70, amount=600_000)
        done = ran(go_live("escalate-with-approval"))
        assert done.subjects == (kessler,)
        ((debtor, invoice, reason),) = rows("task", "debtor_id, invoice_id, reason")
        assert (debtor, invoice) == (kessler, None)
        assert "owes EUR 10,000 or more overdue (EUR 12,000)" in reason


def test_an_event_about_an_invoice_concerns_its_customer(in_alder):
    with in_alder:
        kessler, brandt = a_customer(), a_customer("Brandt")
        invoice = a_bill(kessler, late=9)
        a_bill(brandt, late=9)
        owes = {"field": "customer.overdue_total", "op": "gt", "value": {"amount": "0", "currency": "EUR"}}
        assert ran(go_live(document(owes, about="customer")), invoices=[invoice]).subjects == (kessler,)


def test_an_invoice_of_tomorrow_does_not_exist_for_rules(in_alder):
    with in_alder:
        a_bill(late=-40, issued_on=TODAY + days(1))
        assert ran(go_live(document(OPEN))).matched == 0


def test_a_paused_rule_does_not_run(in_alder):
    with in_alder:
        rule = go_live(document(OPEN))
        rule_book.pause("a-rule", now=NOW, reason="holiday season")
        assert run(rule) is None


def test_a_document_that_is_no_rule_any_longer_turns_red_and_the_others_run(in_alder):
    with in_alder:
        a_bill()
        broken, sound = go_live(document(OPEN)), go_live(document(OPEN, key="sound"))
        store.run(NEXT_VERSION, id=broken)
        store.run("UPDATE rule SET version = 2 WHERE tenant_id = :tenant AND id = :id", id=broken)
        done = run(broken)
        assert done.fault == "There is no field “gone”. (/if/all/0/field)"
        assert (rule_book.find("a-rule").state, rule_book.find("a-rule").fault) == ("broken", done.fault)
        assert ran(sound).acted == 1
        assert ("The rule “A rule” is broken and does not run", "high") in rows("alert", "title, severity")


def test_a_rule_that_takes_too_long_turns_red_and_leaves_nothing(in_alder, monkeypatch):
    monkeypatch.setattr(running, "TIMEOUT_MS", 50)
    asleep = "SELECT 1, 1, 0, 0, 0, 0 FROM pg_sleep(1) WHERE CAST(:tenant AS uuid) IS NOT NULL"
    monkeypatch.setattr(running.statements, "tally", lambda asked, some=False: asleep)
    with in_alder:
        a_bill()
        assert run(go_live(document(OPEN))).fault == "It took too long and was stopped."
        assert rule_book.find("a-rule").state == "broken"
    with in_alder:
        assert rows("rule_firing") == []


def test_a_question_that_the_database_refuses_turns_the_rule_red(in_alder, monkeypatch):
    refused = "SELECT 1 / 0 WHERE CAST(:tenant AS uuid) IS NOT NULL"
    monkeypatch.setattr(running.statements, "tally", lambda asked, some=False: refused)
    with in_alder:
        assert run(go_live(document(OPEN))).fault == "The database refused its question (22012)."
        assert rule_book.find("a-rule").state == "broken"


def test_a_fault_of_the_moment_is_tried_again_and_blames_no_rule(in_alder, monkeypatch):
    moment = "SELECT 1 / 0 WHERE CAST(:tenant AS uuid) IS NOT NULL"
    monkeypatch.setattr(running.statements, "tally", lambda asked, some=False: moment)
    monkeypatch.setattr(running, "PASSING", ("22012",))
    with in_alder:
        rule = go_live(document(OPEN))
    with pytest.raises(DBAPIError), in_alder:
        run(rule)
    with in_alder:
        assert (rule_book.find("a-rule").state, rows("rule_run")) == ("live", [])


def test_a_crash_between_match_and_commit_leaves_nothing_and_the_next_try_does_it_all(in_alder):
    with in_alder:
        a_bill()
        rule = go_live(document(OPEN, then=[TASK]))
    with pytest.raises(KeyboardInterrupt), in_alder:
        assert ran(rule).acted == 1
        raise KeyboardInterrupt
    with in_alder:
        assert rows("rule_firing") == rows("task") == []
        assert ran(rule).acted == 1


def test_who_writes_down_many_has_longer_for_it(in_alder, monkeypatch):
    allowed, fire = [], running._fire

    def watched(*asked, **how):
        allowed.append(store.run("SELECT current_setting('statement_timeout'), CAST(:tenant AS text)").one()[0])
        return fire(*asked, **how)

    monkeypatch.setattr(running, "_fire", watched)
    with in_alder:
        for _ in range(2):
            a_bill()
        assert ran(go_live(document(OPEN))).acted == 2
    assert allowed == [f"{running.TIMEOUT_MS + 2 * running.WRITE_MS}ms"]


def test_two_workers_at_once_act_once(bare_shell: Flask, in_alder, alder: UUID):
    with in_alder:
        kessler = a_customer()
        for late in range(10, 30):
            a_bill(kessler, late=late)
        rule = go_live(document(OPEN, then=[TASK, SEND]))
    at_once = threading.Barrier(2)

    def work(occurrence: str) -> None:
        with bare_shell.app_context(), unit_of_work(scope.tenant(alder, actor="job:run_rule")):
            at_once.wait()
            running.run(rule, occurrence=occurrence, now=NOW, real=NOW)

    workers = [threading.Thread(target=work, args=(name,)) for name in ("sweep", "event")]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    with in_alder:
        assert [len(rows(table)) for table in ("rule_firing", "task", "message", "message_item")] == [20, 20, 1, 20]
        assert len(rows("rule_run")) == 2


def test_alders_rule_sees_nothing_of_birch(in_alder, in_birch):
    with in_birch:
        a_bill()
    with in_alder:
        assert ran(go_live("unopened-key-account")).matched == 0


def test_what_is_paid_before_the_run_is_left_alone(in_alder):
    with in_alder:
        invoice = a_bill(late=10)
        pay(invoice)
        assert ran(go_live("overdue-reminder")).matched == 0


def test_a_pause_holds_the_invoice_back_from_other_rules_until_it_ends(in_alder):
    with in_alder:
        kessler = a_customer()
        disputed, other = a_bill(kessler, late=10, purchase_order="PO-7"), a_bill(kessler, late=10)
        asks = {"field": "invoice.purchase_order", "op": "is", "value": "PO-7"}
        pausing = go_live(document(asks, key="quiet", then=[PAUSE]))
        assert ran(pausing).subjects == (disputed,)
        assert run(pausing, on="later").acted == 0, "its own firing and its own pause keep it from pausing again"
        (held,) = rows("hold", "kind, debtor_id, invoice_id, starts_on, ends_on, reason")
        assert held == (
            "pause",
            kessler,
            disputed,
            TODAY,
            TODAY + days(14),
            "Quiet: Invoice: has the purchase order number “PO-7” (“PO-7”).",
        )
        reminding = ran(go_live("overdue-reminder"))
        assert (reminding.subjects, reminding.held) == ((other,), {"paused": 1})


def test_a_customer_is_paused_once_however_many_invoices_match(in_alder):
    with in_alder:
        kessler = a_customer()
        a_bill(kessler), a_bill(kessler)
        rule = go_live(document(OPEN, then=[{**PAUSE, "what": "customer", "for": {"days": 30}}]))
        assert ran(rule).acted == 2
        assert rows("hold", "debtor_id, invoice_id, ends_on") == [(kessler, None, TODAY + days(30))]
