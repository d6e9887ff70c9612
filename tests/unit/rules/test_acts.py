"""What a rule did, act by act: by invoice and customer, in pages, each in the wording that was live then."""

from datetime import timedelta

import pytest

from tenants.rules import acts
from tenants.rules.rule_book import RuleUnknown
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import DELIVERED, OPEN, TASK, a_bill, a_customer, document, go_live, ran

FRESH = {"field": "invoice.reminder_count", "op": "eq", "value": 0}


@pytest.fixture
def acted(in_alder):
    """A rule that acted on two customers' invoices yesterday, and today, in other words, on a third."""
    with in_alder:
        kessler, marigold = a_customer(), a_customer("Marigold")
        bills = [a_bill(kessler), a_bill(marigold)]
        before = NOW - timedelta(days=1)
        ran(go_live(document(OPEN, then=[TASK])), now=before, on=before.date())
        bills.append(a_bill(kessler))
        ran(go_live(document(OPEN, FRESH, then=[TASK])))
    return kessler, bills


def test_the_newest_act_stands_first_each_in_its_own_wording(in_alder, acted):
    kessler, bills = acted
    with in_alder:
        newest, *older = acts.of("a-rule")
        assert (newest.invoice_id, newest.debtor_id, newest.customer) == (bills[2], kessler, "Kessler Bau")
        assert newest.number.startswith("A-") and (newest.version, newest.episode) == (2, 1)
        assert newest.text == "Invoice: has had no reminder."
        assert {each.text for each in older} == {"Invoice: it matches the rule."}
        assert {each.invoice_id for each in older} == set(bills[:2])


def test_pages_lose_no_act_and_show_none_twice(in_alder, acted):
    with in_alder:
        seen, after = [], None
        while page := acts.of("a-rule", after=after, limit=1):
            seen.append(page[0].invoice_id)
            after = page[0].place
        assert sorted(seen) == sorted(acted[1]) and seen[0] == acted[1][2]


def test_an_invoice_and_a_customer_are_asked_for(in_alder, acted):
    kessler, bills = acted
    with in_alder:
        assert [each.invoice_id for each in acts.of("a-rule", subject_id=bills[1])] == [bills[1]]
        assert {each.invoice_id for each in acts.of("a-rule", subject_id=kessler)} == {bills[0], bills[2]}
        assert acts.of("a-rule", subject_id=ids.new()) == []
        with pytest.raises(RuleUnknown):
            acts.of("no-rule")


def test_a_rule_about_customers_answers_for_an_invoice_and_one_about_groups_names_the_group(in_alder):
    with in_alder:
        kessler = a_customer()
        bill = a_bill(kessler, late=10)
        a_bill(a_customer("Marigold"), late=10)
        owes = {"field": "customer.overdue_total", "op": "gt", "value": {"amount": "0", "currency": "EUR"}}
        ran(go_live(document(owes, about="customer", then=[TASK])))
        (act,) = acts.of("a-rule", subject_id=bill)
        assert (act.debtor_id, act.invoice_id, act.number) == (kessler, None, "")
        of_groups = document(
            DELIVERED, about="segment", key="seen", window={"days": 30}, group_by="customer.country", skip_while=[]
        )
        ran(go_live(of_groups), on=TODAY)
        (group,) = acts.of("seen")
        assert (group.customer, group.debtor_id) == ("DE", None) and group.text.startswith("Germany: ")


def test_nothing_of_another_client_is_told(in_birch, acted):
    with in_birch, pytest.raises(RuleUnknown):
        acts.of("a-rule")
