"""Asking again before sending: who paid, answered or was taken off the rule since is not written to."""

from tenants import store
from tenants.rules import rule_book
from tenants.rules.rechecking import recheck
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import SPOIL, a_bill, a_customer, days, go_live, hold, pay, ran

NEXT_MORNING = NOW + days(3)


def test_what_was_matched_still_matches_although_the_rule_acted_on_it(in_alder):
    with in_alder:
        kessler = a_customer()
        first, second = a_bill(kessler, late=10), a_bill(kessler, late=11)
        ran(go_live("overdue-reminder"))
        assert recheck("overdue-reminder", [first, second], NEXT_MORNING) == {first, second}
        pay(first)
        assert recheck("overdue-reminder", [first, second], NEXT_MORNING) == {second}
        hold(second, "dispute", starts_on=TODAY)
        assert recheck("overdue-reminder", [first, second], NEXT_MORNING) == set()


def test_only_the_asked_invoices_are_answered(in_alder):
    with in_alder:
        kessler = a_customer()
        asked, _ = a_bill(kessler, late=10), a_bill(kessler, late=10)
        go_live("overdue-reminder")
        assert recheck("overdue-reminder", [asked], NOW) == {asked}
        assert recheck("overdue-reminder", [], NOW) == set()


def test_a_rule_that_was_paused_or_spoiled_or_never_was_lets_nothing_leave(in_alder):
    with in_alder:
        invoice = a_bill(late=10)
        rule = go_live("overdue-reminder")
        assert recheck("never-was", [invoice], NOW) == set()
        rule_book.pause("overdue-reminder", now=NOW, reason="a wrong import")
        assert recheck("overdue-reminder", [invoice], NOW) == set()
        store.run(SPOIL, id=rule)
        store.run("UPDATE rule SET version = 2, state = 'live' WHERE tenant_id = :tenant AND id = :id", id=rule)
        assert recheck("overdue-reminder", [invoice], NOW) == set()
