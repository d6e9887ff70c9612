"""Trying: what a rule would do, for how much money, and what keeps the rest back, without doing any of it."""

from tenants.rules import dryrun, language
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import OPEN, SEND, a_bill, a_customer, a_rule, days, go_live, hold, ran, recipe, rows


def test_a_dry_run_counts_sums_and_shows_the_largest_and_does_nothing(in_alder):
    with in_alder:
        kessler = a_customer()
        for amount in (200_000, 900_000):
            a_bill(kessler, amount=amount, late=10)
        a_bill(kessler, amount=5_000, currency="GBP", late=10)
        hold(a_bill(kessler, late=10), "promise", ends_on=TODAY + days(3))
        a_bill(a_customer("Nobody", contact=False), late=10)
        tried = dryrun.count(language.read(recipe("overdue-reminder")), now=NOW)
        assert (tried.matched, tried.would_act, tried.held, tried.nobody, tried.stopped_by_cap) == (
            5,
            3,
            {"promise": 1},
            1,
            0,
        )
        assert [money.shown() for money in tried.sums] == ["€11,000.00", "£50.00"]
        assert [row["open_minor"] for row in tried.top] == [900_000, 200_000, 5_000]
        assert rows("message") == rows("rule_firing") == rows("rule_run") == []


def test_the_funnel_narrows_condition_by_condition(in_alder):
    with in_alder:
        a_bill()
        a_bill(first_seen_at=NOW)
        a_bill(amount=1)
        hold(a_bill(), "dispute")
        tried = dryrun.count(language.read(recipe("unopened-key-account")), now=NOW)
        assert tried.funnel == (
            ("is open", 4),
            ("was delivered more than 3 business days ago", 4),
            ("has not been seen by anyone yet", 3),
            ("has EUR 1,000 or more left to pay", 2),
            ("belongs to a customer in Key accounts or Strategic accounts", 2),
            ("was not acted on before", 2),
            ("nothing holds it back", 1),
            ("no other rule comes first today", 1),
        )


def test_what_the_rule_did_before_counts_when_it_is_named(in_alder):
    with in_alder:
        a_bill()
        rule = go_live("unopened-key-account")
        ran(rule)
        document = language.read(recipe("unopened-key-account"))
        assert dryrun.count(document, now=NOW).matched == 1
        assert dryrun.count(document, now=NOW, rule_id=rule).matched == 0


def test_the_cap_is_foreseen(in_alder):
    with in_alder:
        kessler = a_customer()
        for _ in range(3):
            a_bill(kessler)
        tried = dryrun.count(a_rule({"any": [OPEN, OPEN]}, then=[SEND], caps={"per_run": 1}), now=NOW)
        assert (tried.would_act, tried.stopped_by_cap) == (1, 2)
        assert tried.funnel[0][0] == "and the further conditions hold"


def test_a_rule_about_customers_lists_customers(in_alder):
    with in_alder:
        a_customer("Brandt", channel="paper")
        a_customer("Adler", channel="paper")
        a_customer("Online")
        tried = dryrun.count(language.read(recipe("paper-to-email")), now=NOW)
        assert ([row["customer"] for row in tried.top], tried.sums) == (["Adler", "Brandt"], ())
