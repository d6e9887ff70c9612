"""Rates of exchange: a source and a day, or no sum at all."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from tenants.ledger import rates
from tenants.ledger.rates import BadRates, NoRate, Rate
from tenants.values.money import UnknownCurrency
from tests.cast import NOW, TODAY, Door

ECB = b"""Date,USD,JPY,BGN,CYP,
2026-11-20,1.0812,162.45,1.9558,N/A,
2026-11-19,1.0800,162.00,1.9558,0.58,
"""


def loaded() -> None:
    rates.keep(rates.read_ecb(ECB), source=rates.ECB, now=NOW)


def test_the_file_of_the_central_bank_is_read_as_it_is(in_alder: Door):
    found = rates.read_ecb(ECB)
    assert {(each.quote, each.on_day) for each in found} >= {("USD", TODAY), ("JPY", date(2026, 11, 19))}
    assert all(each.base == "EUR" and each.source == rates.ECB for each in found)
    with in_alder:
        assert rates.keep(found, source=rates.ECB, now=NOW) == len(found)
        assert rates.keep(found, source=rates.ECB, now=NOW + timedelta(hours=1)) == 0
        assert {each.quote for each in rates.of_day(TODAY)} >= {"USD", "JPY"}


def test_the_daily_file_names_its_day_in_words():
    (found,) = rates.read_ecb(b"Date, USD, \n20 November 2026, 1.0812, \n")
    assert (found.on_day, found.rate) == (TODAY, Decimal("1.0812"))


def test_amounts_meet_by_a_rate_or_by_way_of_the_euro(in_alder: Door):
    with in_alder:
        loaded()
        into_euros = rates.table("EUR", day=TODAY)
        assert into_euros.convert(108_12, currency="USD") == 100_00
        assert into_euros.convert(16245, currency="JPY") == 100_00
        assert into_euros.sum([(108_12, "USD"), (16245, "JPY"), (1_00, "EUR")]) == 201_00
        into_dollars = rates.table("USD", day=TODAY)
        assert into_dollars.convert(16245, currency="JPY") == 108_12
        assert [each.quote for each in into_dollars.used("JPY")] == ["JPY", "USD"]


def test_the_newest_rate_before_a_weekend_counts_and_an_old_one_does_not(in_alder: Door):
    with in_alder:
        loaded()
        assert rates.table("EUR", day=TODAY + timedelta(days=2)).used("USD")[0].on_day == TODAY
        with pytest.raises(NoRate, match="no rate between USD and EUR"):
            rates.table("EUR", day=TODAY + timedelta(days=30)).convert(1, currency="USD")


def test_a_correction_counts_from_when_it_was_known(in_alder: Door):
    later = NOW + timedelta(hours=2)
    with in_alder:
        loaded()
        rates.keep([Rate("EUR", "USD", TODAY, Decimal("1.2"), "")], source="by hand", now=later)
        assert rates.table("EUR", day=TODAY).used("USD")[0].rate == Decimal("1.2")
        assert rates.table("EUR", day=TODAY, known_at=NOW).used("USD")[0].rate == Decimal("1.0812")


@pytest.mark.parametrize(
    "body", [b"", b"\xff\xfe\x00", b"Day,USD\n", b"Date,USD\n", b"Date,USD\nsoon,1\n", b"Date,USD\n2026-11-20,-1\n"]
)
def test_what_is_no_file_of_rates_is_refused(body):
    with pytest.raises(BadRates):
        rates.read_ecb(body)


def test_a_rate_is_above_nothing_and_between_two_currencies(in_alder: Door):
    with in_alder:
        for wrong in (Rate("EUR", "USD", TODAY, Decimal(0), ""), Rate("EUR", "EUR", TODAY, Decimal(1), "")):
            with pytest.raises(BadRates):
                rates.keep([wrong], source="hand", now=NOW)
        with pytest.raises(UnknownCurrency):
            rates.keep([Rate("EUR", "ABC", TODAY, Decimal(1), "")], source="hand", now=NOW)


def test_birchs_rates_are_not_alders(in_alder: Door, in_birch: Door):
    with in_birch:
        loaded()
    with in_alder, pytest.raises(NoRate):
        rates.table("EUR", day=TODAY).convert(1, currency="USD")
