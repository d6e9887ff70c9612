"""Amounts: parsing, adding, sharing out, showing."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.values.money import BadAmount, CurrenciesDiffer, Money, UnknownCurrency, digits

MINOR = st.integers(-(10**15), 10**15)
CURRENCY = st.sampled_from(["EUR", "USD", "JPY", "BHD", "CLF"])


@pytest.mark.parametrize(
    ("currency", "expected"),
    [("EUR", 2), ("JPY", 0), ("BHD", 3), ("ISK", 0), ("RSD", 2), ("IQD", 3), ("HUF", 2), ("CLF", 4), ("MGA", 2)],
)
def test_digits_follow_iso_4217_and_not_cash_habits(currency, expected):
    assert digits(currency) == expected


@pytest.mark.parametrize("currency", ["", "eur", "EU", "EURO", "ZZZ", "XXX", "XTS", "€"])
def test_an_unknown_currency_is_refused(currency):
    with pytest.raises(UnknownCurrency):
        Money(1, currency)


@given(MINOR, CURRENCY)
def test_text_and_money_agree(minor, currency):
    money = Money(minor, currency)
    assert Money.parse(money.as_text(), currency) == money
    assert Money.from_decimal(money.as_decimal(), currency) == money


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("1234.50", "EUR", 123450), ("-0.01", "EUR", -1), ("+7", "EUR", 700), (" 5.2 ", "EUR", 520), ("1.100", "EUR", 110)]
    + [("12", "JPY", 12), ("12.0", "JPY", 12), ("1.234", "BHD", 1234), ("0", "EUR", 0)],
)
def test_canonical_text_is_read(text, currency, minor):
    assert Money.parse(text, currency) == Money(minor, currency)


@pytest.mark.parametrize(
    "text", ["", "-", ".", "1.", ".5", "1,5", "1e3", "NaN", "1 000", "--1", "1.2.3", "١٢", "0x1", "1_0"]
)
def test_other_text_is_refused(text):
    with pytest.raises(BadAmount):
        Money.parse(text, "EUR")


@pytest.mark.parametrize(("text", "currency"), [("0.001", "EUR"), ("0.5", "JPY"), ("1.2345", "BHD"), ("9" * 30, "EUR")])
def test_nothing_is_rounded_or_cut_while_reading(text, currency):
    with pytest.raises(BadAmount):
        Money.parse(text, currency)


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_is_no_amount(value):
    with pytest.raises(BadAmount):
        Money.from_decimal(value, "EUR")


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_floats_never_become_money(minor):
    with pytest.raises(TypeError):
        Money(minor, "EUR")


@given(MINOR, MINOR, CURRENCY)
def test_sums_and_differences_undo_each_other(one, other, currency):
    a, b = Money(one, currency), Money(other, currency)
    assert a + b - b == a and a + b == b + a and a + -a == Money.zero(currency) and abs(a).minor == abs(one)
    assert (a < b, a <= b, a > b, a >= b) == (one < other, one <= other, one > other, one >= other)


def test_two_currencies_never_meet():
    euro, dollar = Money(1, "EUR"), Money(1, "USD")
    for meeting in (lambda: euro + dollar, lambda: euro - dollar, lambda: euro < dollar, lambda: euro >= dollar):
        with pytest.raises(CurrenciesDiffer):
            meeting()
    assert euro != dollar


def test_a_total_of_nothing_is_zero():
    assert Money.total([], "EUR") == Money.zero("EUR") and not Money.zero("EUR")
    assert Money.total([Money(1, "EUR"), Money(2, "EUR")], "EUR") == Money(3, "EUR")


@given(MINOR, st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_shares_add_up_to_the_whole_and_are_fair_to_a_unit(minor, weights):
    shares = Money(minor, "EUR").allocate(weights)
    assert sum(share.minor for share in shares) == minor
    exact = [Fraction(minor * weight, sum(weights)) for weight in weights]
    assert all(abs(share.minor - fair) < 1 for share, fair in zip(shares, exact, strict=True))


def test_the_odd_cent_goes_to_the_first_of_equals():
    assert [share.minor for share in Money(100, "EUR").allocate([1, 1, 1])] == [34, 33, 33]
    assert [share.minor for share in Money(-100, "EUR").allocate([1, 1, 1])] == [-34, -33, -33]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1, 5]])
def test_impossible_weights_are_a_fault(weights):
    with pytest.raises(ValueError, match="weights"):
        Money(100, "EUR").allocate(weights)


@pytest.mark.parametrize(
    ("minor", "ratio", "expected"),
    [(1, Fraction(1, 2), 0), (3, Fraction(1, 2), 2), (5, Decimal("0.5"), 2), (-3, Fraction(1, 2), -2), (7, 3, 21)],
)
def test_multiples_are_rounded_half_to_even(minor, ratio, expected):
    assert Money(minor, "EUR").times(ratio) == Money(expected, "EUR")


@pytest.mark.parametrize(
    ("money", "locale", "expected"),
    [(Money(123450, "EUR"), "en", "€1,234.50"), (Money(123450, "EUR"), "de", "1.234,50\xa0€")]
    + [(Money(500, "JPY"), "en", "¥500"), (Money(-1234, "BHD"), "en", "-BHD\xa01.234")]
    + [(Money(150, "RSD"), "en", "RSD\xa01.50")],
)
def test_people_see_amounts_in_their_own_writing(money, locale, expected):
    assert money.shown(locale) == expected
