"""How well each person collects, counted over the days on which a customer was theirs."""

import random
from collections import defaultdict
from datetime import date, timedelta
from fractions import Fraction
from itertools import pairwise

import pytest

from tenants.insight import collectors, family
from tenants.insight.facts import Period
from tenants.insight.narrowing import Narrow
from tenants.ledger import invoices, owners
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_invoice

QUARTER = Period(TODAY, 90)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def give(debtor, owner, days: int, *, now=NOW) -> None:
    owners.give([(debtor, owner.id if owner else None)], since_on=ago(days), today=TODAY, now=now)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres", country="FR")


def test_a_customer_who_was_given_on_counts_for_each_with_their_own_days(
    alder, dune, specialist, manager, in_alder: Door
):
    """Sofia collected the old 100 of Dune before it went to Marek; the 300 sold to it since are his."""
    old = an_invoice(alder, dune, late=100, amount=100_00)
    a_payment(alder, dune, amount=100_00, on=ago(40), parts=[(old, 100_00)])
    an_invoice(alder, dune, amount=300_00, issued_on=ago(20), due_on=ago(5))
    an_invoice(alder, a_debtor(alder, name="Fern"), late=-3, amount=70_00)
    with in_alder:
        give(dune, specialist, 100)
        give(dune, manager, 30)
        marek, sofia, nobody = collectors.of(QUARTER)
        assert (marek.name, sofia.name, nobody.name) == ("Marek Novak", "Sofia Lindqvist", "nobody")
        assert sofia.effectiveness.value == 1 and sofia.held == () and sofia.customers == 0
        assert (marek.opening_minor, marek.sales_minor, marek.closing_minor) == (0, 300_00, 300_00)
        assert (marek.effectiveness.value, marek.customers, marek.percent_current.value) == (0, 1, 0)
        assert nobody.effectiveness.reason == "nothing could be collected in the period"
        (his,) = collectors.one(QUARTER, owner=manager.id, currency="EUR").stretches
        assert (his.debtor_id, his.first_on, his.last_on, his.collected_minor) == (dune, ago(30), TODAY, 0)
        assert collectors.one(QUARTER, owner=manager.id, currency="USD").effectiveness.value is None
        assert [each.name for each in collectors.of(QUARTER, narrow=Narrow(country="FR"))] == [marek.name, sofia.name]


def test_who_owned_a_customer_is_told_as_it_was_known(alder, dune, specialist, manager, in_alder: Door):
    an_invoice(alder, dune, late=100, amount=100_00, now=NOW - timedelta(days=99))
    with in_alder:
        give(dune, specialist, 60)
        give(dune, manager, 60, now=NOW + timedelta(days=10))
        assert {each.name for each in collectors.of(QUARTER)} == {"Marek Novak", "nobody"}
        then = Period(TODAY, 90, NOW + timedelta(days=5))
        assert {each.name for each in collectors.of(then)} == {"Sofia Lindqvist", "nobody"}
        before = Period(TODAY, 90, NOW - timedelta(days=20))
        assert {each.name for each in collectors.of(before)} == {"nobody"}


@pytest.mark.parametrize("seed", range(3))
def test_the_parts_of_each_stretch_are_those_of_the_books_on_its_days(alder, specialist, manager, in_alder: Door, seed):
    """A customer’s stretch is a period of its own: its parts are those that the figures of that customer tell."""
    dice = random.Random(seed)
    debtors = [a_debtor(alder, name=f"Customer {at}") for at in range(4)]
    for debtor in debtors:
        for _ in range(4):
            issued, days = dice.randint(5, 150), dice.choice((0, 14, 30))
            parts = [(ago(issued - 3), 30_00), (ago(issued - days - 5), 70_00)] if dice.random() < 0.4 else []
            due_on = parts[-1][0] if parts else ago(issued - days)
            made = an_invoice(alder, debtor, amount=100_00, issued_on=ago(issued), due_on=due_on, parts=parts)
            if dice.random() < 0.6:
                paid = dice.choice((40_00, 100_00))
                a_payment(alder, debtor, amount=paid, on=ago(dice.randint(0, issued)), parts=[(made, paid)])
            elif dice.random() < 0.3:
                with in_alder:
                    invoices.void(made, on=ago(dice.randint(0, issued)), now=NOW, reason="wrong")
        a_credit_note(alder, debtor, amount=9_00, on=ago(dice.randint(0, 120)))
    with in_alder:
        for debtor in debtors:
            for days in sorted((dice.randint(0, 120) for _ in range(2)), reverse=True):
                give(debtor, dice.choice((specialist, manager, None)), days)
        found = collectors.of(QUARTER)
        seen = defaultdict(list)
        for row in (row for each in found for row in each.stretches):
            seen[row.debtor_id].append((row.first_on, row.last_on))
            span = Period(row.last_on, (row.last_on - row.first_on).days + 1)
            names = ("open", "not-due", "sales", "cei")
            told = family.of(span, names=names, narrow=Narrow(debtor_id=row.debtor_id), currencies=["EUR"])
            closing, not_due, sales, cei = (each.value for each in told)
            assert (row.closing_minor, row.not_due_minor, row.sales_minor) == (closing, not_due, sales)
            whole = row.opening_minor + row.sales_minor - row.not_due_minor
            assert cei == (Fraction(row.collected_minor, whole) if whole > 0 else None)
        for spans in seen.values():
            spans.sort()
            assert all(one[1] < other[0] for one, other in pairwise(spans)), "no day counts twice"


def test_amounts_of_all_people_add_up_to_those_of_the_client_while_nobody_moves(
    alder, dune, specialist, in_alder: Door
):
    an_invoice(alder, dune, late=20, amount=120_00)
    an_invoice(alder, late=-9, amount=80_00)
    with in_alder:
        give(dune, specialist, 90)
        found = collectors.of(QUARTER)
        (cei,) = family.of(QUARTER, names=["cei"], currencies=["EUR"])
        assert sum(each.opening_minor + each.sales_minor - each.closing_minor for each in found) == cei.numerator
        assert sum(each.opening_minor + each.sales_minor - each.not_due_minor for each in found) == cei.denominator
