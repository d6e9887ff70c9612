"""How much of its credit a customer uses."""

from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from tenants.insight import credit
from tenants.ledger import rates
from tenants.ledger.rates import Rate
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice


def test_exposure_is_what_is_open_less_what_is_not_applied(alder, in_alder: Door):
    dune = a_debtor(alder, credit_limit_minor=200_00)
    an_invoice(alder, dune, late=-9, amount=150_00)
    an_invoice(alder, dune, late=9, amount=50_00)
    an_invoice(alder, dune, issued_on=TODAY + timedelta(days=1), due_on=TODAY + timedelta(days=31), amount=70_00)
    a_payment(alder, dune, amount=15_00)
    with in_alder:
        said = credit.of(dune, today=TODAY)
    assert (said.exposure_minor, said.free_minor, said.use) == (185_00, 15_00, Fraction(185, 200))
    assert said.is_tight


def test_nine_tenths_are_not_tight_yet(alder, in_alder: Door):
    dune = a_debtor(alder, credit_limit_minor=200_00)
    an_invoice(alder, dune, amount=180_00)
    with in_alder:
        assert not credit.of(dune, today=TODAY).is_tight
    an_invoice(alder, dune, amount=1)
    with in_alder:
        assert credit.of(dune, today=TODAY).is_tight


def test_without_a_limit_nothing_is_tight_and_with_none_at_all_everything_is(alder, in_alder: Door):
    free, none = a_debtor(alder), a_debtor(alder, credit_limit_minor=0)
    for debtor in (free, none):
        an_invoice(alder, debtor)
    with in_alder:
        assert (credit.of(free, today=TODAY).use, credit.of(free, today=TODAY).is_tight) == (None, False)
        assert (credit.of(none, today=TODAY).use, credit.of(none, today=TODAY).is_tight) == (None, True)


def test_another_currency_counts_by_the_rate_of_the_day_or_there_is_no_figure(alder, in_alder: Door):
    dune = a_debtor(alder, credit_limit_minor=200_00)
    an_invoice(alder, dune, amount=100_00)
    an_invoice(alder, dune, currency="USD", amount=110_00)
    with in_alder:
        blind = credit.of(dune, today=TODAY)
        assert (blind.exposure_minor, blind.is_tight) == (None, False) and "USD" in blind.reason
        assert [each.debtor_id for each in credit.tight(today=TODAY)] == [dune]
        rates.keep([Rate("EUR", "USD", TODAY, Decimal("1.1"), "")], source="hand", now=NOW)
        said = credit.of(dune, today=TODAY)
    assert (said.exposure_minor, said.use, said.is_tight) == (200_00, 1, True)
    assert [(part.currency, len(part.rates)) for part in said.parts] == [("EUR", 0), ("USD", 1)]


def test_the_tightest_come_first(alder, birch, in_alder: Door):
    an_invoice(birch, a_debtor(birch, credit_limit_minor=1), currency="GBP")
    tight, over, easy = (a_debtor(alder, credit_limit_minor=limit) for limit in (105_00, 50_00, 900_00))
    for debtor in (tight, over, easy):
        an_invoice(alder, debtor)
    with in_alder:
        assert [each.debtor_id for each in credit.tight(today=TODAY)] == [over, tight]
