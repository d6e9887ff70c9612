"""Explaining: why a rule acted and why not, from the question that runs."""

from tenants.rules import explain, rule_book
from tenants.values import ids
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import OPEN, SEND, a_bill, a_customer, change, days, document, go_live, hold, ran

SEEN = {"field": "invoice.first_seen_at", "op": "is_set"}


def asked(invoice, key="unopened-key-account"):
    return explain.why_not(key, invoice_id=invoice, now=NOW)


def test_why_tells_what_the_rule_saw_even_when_it_changed_since(in_alder):
    with in_alder:
        invoice = a_bill()
        ran(go_live("unopened-key-account"))
        change(invoice, first_seen_at=NOW, open_minor=1)
        why = explain.why("unopened-key-account", invoice_id=invoice)
        assert (why.version, why.episode, why.fired_at) == (1, 1, NOW)
        assert [said.text for said in why.conditions] == [
            "is open",
            "was delivered more than 3 business days ago (12 November 2026)",
            "has not been seen by anyone yet",
            "has EUR 1,000 or more left to pay (EUR 4,310)",
            "belongs to a customer in Key accounts or Strategic accounts (Key accounts)",
        ]
        assert explain.acts(invoice) == [("unopened-key-account", 1, NOW)]
        assert explain.why("unopened-key-account", invoice_id=a_bill()) is None


def test_a_firing_keeps_the_wording_that_was_live(in_alder):
    with in_alder:
        invoice = a_bill()
        ran(go_live(document(OPEN)))
        go_live(document(OPEN, {"field": "invoice.reminder_count", "op": "eq", "value": 0}))
        why = explain.why("a-rule", invoice_id=invoice)
        assert (why.version, len(why.conditions)) == (1, 1)
        assert rule_book.find("a-rule").version == 2


def test_why_not_names_the_first_condition_that_fails_with_its_value(in_alder):
    with in_alder:
        go_live("unopened-key-account")
        answer = asked(a_bill(first_seen_at=NOW - days(2)))
        assert not answer.would_act
        assert answer.text == "Not acted on: it has been seen (18 November 2026)."
        assert asked(a_bill(amount=50_000)).text == (
            "Not acted on: it does not have EUR 1,000 or more left to pay (EUR 500)."
        )
        assert "(Small)" in asked(a_bill(a_customer(groups=["small"]))).text


def test_why_not_names_every_hold_and_an_earlier_act(in_alder):
    with in_alder:
        invoice = a_bill()
        ran(go_live("unopened-key-account"))
        hold(invoice, "promise", ends_on=TODAY + days(7))
        hold(invoice, "dispute", whole=True)
        answer = asked(invoice)
        assert answer.text == (
            "Not acted on: the rule has acted on it already; also it is disputed; also a promised date is still ahead."
        )
        assert (answer.acted_before, answer.holds) == (True, ("it is disputed", "a promised date is still ahead"))


def test_why_not_says_that_it_would(in_alder):
    with in_alder:
        go_live("unopened-key-account")
        answer = asked(a_bill())
        assert (answer.would_act, answer.text) == (True, "It matches and would be acted on.")


def test_why_not_of_a_message_without_a_reader(in_alder):
    with in_alder:
        go_live("overdue-reminder")
        assert asked(a_bill(a_customer(contact=False), late=10), "overdue-reminder").text == (
            "Not acted on: there is nobody to write to."
        )


def test_why_not_of_an_invoice_of_tomorrow_and_of_none(in_alder):
    with in_alder:
        go_live(document(OPEN))
        assert (
            asked(a_bill(late=-40, issued_on=TODAY + days(1)), "a-rule").text == "Not acted on: it is not issued yet."
        )
        assert asked(ids.new(), "a-rule").text == "There is no such invoice."


def test_groups_tell_the_part_that_decides(in_alder):
    never = {"field": "invoice.last_reply_at", "op": "is_set"}
    cases = {
        "either": ({"any": [SEEN, never]}, "it has not been seen by anyone yet and has had no reply"),
        "neither": ({"not": {"any": [never, OPEN]}}, "it is open"),
        "not-both": ({"not": {"all": [OPEN, {"not": SEEN}]}}, "it is open and has not been seen by anyone yet"),
        "both": ({"any": [{"all": [OPEN, SEEN]}, never]}, "it has not been seen by anyone yet and has had no reply"),
    }
    with in_alder:
        invoice = a_bill()
        for key, (condition, words) in cases.items():
            go_live(document(condition, key=key))
            assert asked(invoice, key).text == f"Not acted on: {words}."


def test_a_rule_about_customers_is_asked_about_the_customer_of_the_invoice(in_alder):
    with in_alder:
        kessler = a_customer()
        invoice = a_bill(kessler, late=70, amount=1_200_000)
        rule = go_live("escalate-with-approval")
        assert asked(invoice, "escalate-with-approval").would_act
        ran(rule)
        assert explain.why("escalate-with-approval", invoice_id=invoice).text == (
            "Customer: has an open invoice at least 60 days past due (11 September 2026); owes EUR 10,000 or more"
            " overdue (EUR 12,000)."
        )


def test_values_of_every_sort_are_told_in_words(in_alder):
    conditions = [
        {"field": "invoice.delivery", "op": "eq", "value": "bounced"},
        {"field": "invoice.evidence_level", "op": "at_least", "value": "open"},
        {"field": "invoice.reminder_count", "op": "gte", "value": 2},
        {"field": "invoice.delivered_at", "op": "within_last", "value": {"days": 1}},
        {"field": "invoice.last_reply_at", "op": "within_last", "value": {"days": 1}},
        {"field": "customer.country", "op": "eq", "value": "FR"},
        {"field": "invoice.purchase_order", "op": "is", "value": "PO-7"},
    ]
    with in_alder:
        go_live(document({"any": conditions}, then=[SEND]))
        texts = [said.text for said in asked(a_bill(purchase_order="PO-8"), "a-rule").conditions]
        assert texts == [
            "did not bounce (has arrived)",
            "was not opened by a person (grade 0 of 7)",
            "has not had at least 2 reminders (0 reminders)",
            "was not delivered in the last 1 day (12 November 2026)",
            "had no reply in the last 1 day (never)",
            "belongs to a customer not in France (“DE”)",
            "does not have the purchase order number “PO-7” (“PO-8”)",
        ]


def test_an_average_is_told_to_a_tenth_of_a_day(in_alder):
    with in_alder:
        customer = a_customer()
        for late in (2, 3):
            change(a_bill(customer, late=10), open_minor=0, settled_on=TODAY - days(10 - late))
        go_live(document({"field": "customer.avg_days_late_365", "op": "gt", "value": 3}))
        (said,) = asked(a_bill(customer), "a-rule").conditions
        assert said.text == (
            "belongs to a customer who did not pay on average more than 3 days late in the last 12 months (2.5 days)"
        )
