"""Late interest as each regime counts it, and shown only where a client entered a term."""

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest

from tenants.ledger import debtors, invoices, late_interest, late_terms
from tenants.ledger.late_terms import BadTerm, NoBaseRate
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_invoice


def at(percent):
    return lambda _: Fraction(percent)


def test_a_day_of_a_british_debt_of_ten_thousand_pounds():
    charge = late_interest.uk(
        10_000_00, due_on=date(2026, 8, 1), until_on=date(2026, 8, 2), base=at("3.75"), margin=Fraction(8)
    )
    assert (charge.slices[0].percent, round(float(charge.slices[0].minor) / 100, 4)) == (Fraction("11.75"), 3.2192)
    assert (charge.interest_minor, charge.fixed_minor, charge.total_minor) == (3_22, 100_00, 103_22)


@pytest.mark.parametrize(("pounds", "fixed"), [(999, 40), (1_000, 70), (9_999, 70), (10_000, 100)])
def test_the_british_fixed_sum_grows_with_the_debt(pounds, fixed):
    charge = late_interest.uk(pounds * 100, due_on=date(2026, 8, 1), until_on=date(2026, 8, 9), base=at(4))
    assert charge.fixed_minor == fixed * 100


@pytest.mark.parametrize(
    ("due_on", "fixed_on"),
    [
        (date(2026, 6, 29), date(2025, 12, 31)),
        (date(2026, 6, 30), date(2026, 6, 30)),
        (date(2026, 12, 30), date(2026, 6, 30)),
        (date(2026, 12, 31), date(2026, 12, 31)),
    ],
)
def test_the_british_rate_is_that_of_the_half_year_before_interest_starts(due_on, fixed_on):
    asked = []

    def base(day):
        asked.append(day)
        return Fraction(4)

    late_interest.uk(100_00, due_on=due_on, until_on=due_on + timedelta(days=400), base=base)
    assert asked == [fixed_on]


def test_the_european_rate_changes_with_the_half_year():
    rates = {date(2026, 1, 1): Fraction(2), date(2026, 7, 1): Fraction(3)}
    charge = late_interest.eu(365_00, due_on=date(2026, 6, 20), until_on=date(2026, 7, 10), base=rates.__getitem__)
    assert [(each.days, each.percent) for each in charge.slices] == [(10, 10), (10, 11)]
    assert (charge.interest_minor, charge.fixed_minor) == (round(36500 * (0.1 * 10 + 0.11 * 10) / 365), 40_00)
    assert (charge.slices[0].last_on, charge.slices[1].first_on) == (date(2026, 6, 30), date(2026, 7, 1))


def test_american_interest_joins_the_principal_every_thirty_days():
    due_on = date(2026, 1, 1)
    charge = late_interest.us_prompt_pay(1_500_00, due_on=due_on, until_on=due_on + timedelta(days=75), base=at(6))
    assert charge.interest_minor == 18_83
    year = late_interest.us_prompt_pay(1_500_00, due_on=due_on, until_on=due_on + timedelta(days=900), base=at(6))
    assert year.slices[0].days == 360
    assert (
        late_interest.us_prompt_pay(50_00, due_on=due_on, until_on=due_on + timedelta(days=30), base=at(6))
        .slices[0]
        .minor
        == 0
    )


def test_nothing_is_due_before_it_is_late():
    for count in (late_interest.uk, late_interest.eu):
        assert count(100_00, due_on=TODAY, until_on=TODAY, base=at(4)).total_minor == 0
    assert late_interest.us_prompt_pay(100_00, due_on=TODAY, until_on=TODAY, base=at(4)).slices == ()


def counted(invoice, *, until_on=TODAY):
    card = invoices.card(invoice)
    return late_terms.of_invoice(card, debtor=debtors.card(card.debtor_id), until_on=until_on)


def enter(country="", **over):
    told = {"regime": "contract", "base": "", "percent": Decimal(10), "from_on": date(2026, 1, 1), "source": "terms"}
    return late_terms.set_term(country, now=NOW, **told | over)


def test_without_a_term_no_interest_is_shown(alder, in_alder: Door, in_birch: Door):
    invoice = an_invoice(alder, late=73)
    with in_birch:
        enter()
    with in_alder:
        assert counted(invoice) is None and late_terms.terms() == []


def test_the_term_of_the_country_wins_and_only_what_is_open_and_late_counts(alder, in_alder: Door):
    dune = a_debtor(alder, country="DE")
    parts = [(TODAY - timedelta(days=73), 60_00), (TODAY + timedelta(days=9), 40_00)]
    invoice = an_invoice(alder, dune, issued_on=TODAY - timedelta(days=80), due_on=parts[1][0], parts=parts)
    a_payment(alder, dune, amount=10_00, parts=[(invoice, 10_00)])
    with in_alder:
        enter(percent=Decimal(50))
        enter("DE")
        enter("FR", percent=Decimal(40))
        term, (charge,) = counted(invoice)
        assert (term.country, charge.principal_minor, charge.interest_minor) == ("DE", 50_00, 1_00)
        before = invoices.card(invoice)
        assert (before.open_minor, before.amount_minor) == (90_00, 100_00)


def test_a_term_counts_for_invoices_issued_from_its_day_on_and_never_for_consumers(alder, in_alder: Door):
    old, person = an_invoice(alder, late=73), an_invoice(alder, a_debtor(alder, consumer=True), late=73)
    with in_alder:
        enter(from_on=TODAY)
        assert counted(old) is None
        enter()
        assert counted(old) is not None and counted(person) is None


def test_a_base_rate_must_be_known_and_is_corrected_by_a_newer_entry(alder, in_alder: Door):
    invoice = an_invoice(alder, a_debtor(alder, country="IE"), late=10)
    with in_alder:
        enter("IE", regime="eu", base="ecb", percent=Decimal(8))
        with pytest.raises(NoBaseRate):
            counted(invoice)
        for percent, hours in ((Decimal(2), 0), (Decimal("2.15"), 1)):
            late_terms.set_base_rate(
                "ecb", from_on=date(2026, 7, 1), percent=percent, source="ECB", now=NOW + timedelta(hours=hours)
            )
        _, (charge,) = counted(invoice)
        assert charge.slices[0].percent == Fraction("10.15")


@pytest.mark.parametrize("regime", ["uk", "us_prompt_pay"])
def test_each_regime_is_counted_for_an_invoice(alder, in_alder: Door, regime):
    invoice = an_invoice(alder, a_debtor(alder, country="GB"), late=90)
    with in_alder:
        enter("GB", regime=regime, base="boe", percent=Decimal(8))
        late_terms.set_base_rate("boe", from_on=date(2020, 1, 1), percent=Decimal(4), source="Bank", now=NOW)
        assert counted(invoice)[1][0].interest_minor > 0


def test_a_term_that_cannot_be_counted_is_refused(in_alder: Door):
    with in_alder:
        for wrong in (
            {"regime": "roman"},
            {"regime": "uk"},
            {"base": "boe"},
            {"percent": Decimal(61)},
            {"percent": Decimal(-1)},
            {"source": ""},
        ):
            with pytest.raises(BadTerm):
                enter(**wrong)
        with pytest.raises(BadTerm):
            late_terms.set_base_rate("", from_on=TODAY, percent=Decimal(1), source="x", now=NOW)
