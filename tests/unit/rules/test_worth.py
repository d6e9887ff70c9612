"""Amounts in a client's own currency, held against what is owed in others by the rates of the day."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from tenants import store
from tenants.ledger import rates
from tenants.ledger.rates import Rate
from tenants.rules import bounds, compiler, explain, statements
from tenants.rules.worth import Worth
from tenants.values.money import Money
from tests.cast import NOW, TODAY
from tests.unit.rules.desk import a_bill, a_customer, a_rule, document, go_live, ran

BIG = {"field": "invoice.open_amount", "op": "gte", "value": {"amount": "1000", "currency": "EUR"}}


def amount(op, *given, currency="EUR", field="invoice.open_amount"):
    made = [{"amount": each, "currency": currency} for each in given]
    return {"field": field, "op": op, "value": made if len(made) > 1 else made[0]}


def matching(*conditions, about="invoice", now=NOW):
    asked = compiler.compile(a_rule(*conditions, about=about), at=bounds.here(now))
    return set(store.run(statements.matching(asked, gate=False), **asked.values).scalars())


@pytest.fixture
def priced(in_alder):
    """One euro costs 1.25 dollars and 160 yen, today and for days past; of the pound nobody has said."""
    with in_alder:
        said = [
            Rate("EUR", code, TODAY - timedelta(days=3), Decimal(price), "")
            for code, price in (("USD", "1.25"), ("JPY", "160"))
        ]
        rates.keep(said, source="ecb", now=NOW)
    return in_alder


@pytest.mark.parametrize(
    ("op", "limit"), [("gte", 11), ("gt", 10), ("lte", 10), ("lt", 11)], ids=["gte", "gt", "lte", "lt"]
)
def test_a_limit_between_two_units_lets_in_no_unit_too_many(op, limit):
    known = Worth("EUR", {"USD": Fraction(96, 1000)})
    assert known.limits(Money(1, "EUR"), op, without=frozenset()) == {"USD": limit}
    assert known.limits(Money(1, "EUR"), op, without=frozenset({"USD"})) == {}
    assert known.limits(Money(1, "GBP"), op, without=frozenset()) == {}


def test_an_amount_in_the_clients_currency_is_held_against_the_others_by_the_day(priced):
    with priced:
        just, short = a_bill(amount=125_000, currency="USD"), a_bill(amount=124_999, currency="USD")
        yen, unknown = a_bill(amount=160_000, currency="JPY"), a_bill(amount=9_000_000, currency="GBP")
        own = a_bill(amount=100_000)
        assert matching(BIG) == {just, yen, own}
        assert matching(amount("lt", "1000")) == {short}
        assert matching(amount("between", "999.99", "1000")) == {just, short, yen, own}
        assert matching(amount("gte", "1000", currency="USD")) == {just, short}, "another currency means itself"
        assert matching(BIG, {"not": amount("gte", "1", currency="GBP")}) == {just, yen, own}
        assert unknown not in matching(BIG)


def test_an_own_limit_for_a_currency_goes_before_the_rate(priced):
    with priced:
        bill = a_bill(amount=125_000, currency="USD")
        both = BIG | {"value": [BIG["value"], {"amount": "2000", "currency": "USD"}]}
        assert matching(both) == set() and matching(BIG) == {bill}


def test_what_a_customer_owes_is_added_up_in_the_clients_currency(priced):
    with priced:
        kessler, marigold = a_customer(), a_customer("Marigold")
        a_bill(kessler, amount=60_000, late=5)
        a_bill(kessler, amount=50_000, currency="USD", late=5)
        a_bill(marigold, amount=60_000, late=5)
        a_bill(marigold, amount=90_000, currency="GBP", late=5)
        owing = amount("gte", "1000", field="customer.overdue_total")
        assert matching(owing, about="customer") == {kessler}


def test_without_a_rate_on_the_day_an_amount_means_its_own_currency_alone(priced):
    with priced:
        a_bill(amount=500_000, currency="USD", late=30)
        assert matching(BIG, now=NOW - timedelta(days=20)) == set()


def test_an_explanation_shows_the_amount_as_it_stands(priced):
    with priced:
        bill = a_bill(amount=125_000, currency="USD")
        done = ran(go_live(document(BIG)))
        assert done.acted == 1
        (said,) = explain.why("a-rule", invoice_id=bill).conditions
        assert said.text == "has EUR 1,000 or more left to pay (USD 1,250)"
