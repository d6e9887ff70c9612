"""What a written amount means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.intake.formats import amounts
from tenants.intake.formats.amounts import AmountReader, sign_of
from tenants.values.money import Money


@pytest.mark.parametrize(
    ("cells", "sign"),
    [
        (["1,234.50", "7"], "."),
        (["1.234,50", "7"], ","),
        (["12.5"], "."),
        (["12,5", "1.234"], ","),
        (["1.234.567"], ","),
        (["1,234,567"], "."),
        (["100", "200"], "."),
        (["1'234.50"], "."),
        (["€ 0,99"], ","),
        (["1234.567"], "."),
        (["1.234", "5.678"], None),
        (["1.5", "1,5"], None),
        ([], "."),
    ],
)
def test_the_whole_column_decides(cells, sign):
    assert sign_of({amounts.shape(cell) for cell in cells}).sign == sign


def test_cells_that_contradict_the_rest_are_counted():
    evidence = sign_of(["9.9", "99.99", "9,99"])
    assert (evidence.sign, evidence.deciding, evidence.contradicting) == (".", 2, 1)


LOCALES = st.sampled_from(["en", "de", "fr", "de_CH"])


@given(st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY", "BHD"]), LOCALES)
def test_what_people_write_is_read_back(minor, currency, locale):
    money = Money(minor, currency)
    sign = "," if locale in ("de", "fr") else "."
    assert AmountReader(currency, sign)(money.shown(locale)) == minor


@pytest.mark.parametrize(
    ("text", "minor"),
    [
        ("55.94", 5594),
        ("97.6", 9760),
        ("12", 1200),
        ("12.", 1200),
        (".5", 50),
        ("1,234.50", 123450),
        ("1 234.50", 123450),
        ("1'234.50", 123450),
        ("1.500", 150),
        ("-5.00", -500),
        ("5.00-", -500),
        ("−5.00", -500),
        ("(5.00)", -500),
        ("+5.00", 500),
        ("$ -5.00", -500),
        ("USD 5.00", 500),
        ("5.00 USD", 500),
        ("12,34,567.80", 123456780),
        ("12,34,567 Dr", 123456700),
        ("5.00 Cr", -500),
        ("5.00 H", -500),
        ("(5.00) S", -500),
        ("0", 0),
        ("", None),
        ("  ", None),
    ],
)
def test_ways_of_writing_an_amount(text, minor):
    assert AmountReader("USD", ".")(text) == minor


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("soon", amounts.NOT_AN_AMOUNT),
        ("1,5", amounts.NOT_AN_AMOUNT),
        ("1.2.3", amounts.NOT_AN_AMOUNT),
        ("-", amounts.NOT_AN_AMOUNT),
        (".", amounts.NOT_AN_AMOUNT),
        ("١٢.٠٠", amounts.NOT_AN_AMOUNT),
        ("1e5", amounts.NOT_AN_AMOUNT),
        ("12,34,56.80", amounts.NOT_AN_AMOUNT),
        ("Cr", amounts.NOT_AN_AMOUNT),
        ("1.005", amounts.TOO_FINE),
        ("9" * 16 + ".00", amounts.TOO_LARGE),
        ("€5.00", amounts.OTHER_CURRENCY),
        ("5.00 EUR", amounts.OTHER_CURRENCY),
    ],
)
def test_what_is_no_amount_says_why(text, flaw):
    assert AmountReader("USD", ".")(text) is flaw and flaw.remedy


def test_a_credit_mark_raises_what_lies_in_a_bank():
    assert AmountReader("USD", ".", credit=1)("5.00 Cr") == 500 and AmountReader("USD", ".", credit=1)("5 D") == -500


def test_yen_have_no_decimals():
    reader = AmountReader("JPY", ".")
    assert reader("500") == 500 and reader("1,500") == 1500 and reader("5.5") is amounts.TOO_FINE
