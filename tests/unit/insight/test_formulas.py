"""The arithmetic of the figures gives what the reference works out by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.insight import formulas

YEAR = [(2_500, 30), (1_750, 31), (2_250, 31), (2_500, 30), (2_000, 31), (2_250, 30)]
AMOUNTS = st.integers(0, 10**12)


def test_the_days_of_sales():
    assert formulas.days_of_sales(15_000, sales=10_000, days=30).value == 45
    assert formulas.average_dso(15_000, 21_000, sales=20_000, days=30).value == 27
    assert formulas.days_of_sales(4_000, sales=10_000, days=30).value == 12
    late = formulas.days_of_sales(15_000 - 4_000, sales=10_000, days=30)
    assert (late.value, late.numerator, late.denominator) == (33, 11_000, 10_000)


def test_counting_back_uses_up_whole_months_and_a_part_of_the_last():
    assert round(float(formulas.countback(12_000, YEAR).value), 2) == 166.33
    assert formulas.countback(2_500, YEAR).value == 30
    assert formulas.countback(0, YEAR).value == 0


@pytest.mark.parametrize("sales", [0, -1])
def test_a_month_without_sales_stops_the_count_and_says_so(sales):
    stopped = formulas.countback(12_000, [*YEAR[:2], (sales, 31), *YEAR[3:]])
    assert stopped.value is None and stopped.reason == "a month without sales stops the count after 61 days"


def test_more_than_was_ever_sold_cannot_be_counted_back():
    assert formulas.countback(100_000, YEAR).reason == "more is owed than was sold in the last 183 days"


def test_the_effectiveness_of_collection():
    found = formulas.effectiveness(6_200 * 3, sales=10_890, closing=6_340 * 3, not_due=3_590 * 3)
    assert round(float(found.value * 100), 2) == 55.93
    assert formulas.effectiveness(0, sales=5, closing=5, not_due=5).reason == "nothing could be collected in the period"


def test_nothing_sold_is_no_number():
    for found in (
        formulas.days_of_sales(5, sales=0, days=30),
        formulas.days_of_sales(5, sales=-2, days=30),
        formulas.average_dso(1, 2, sales=0, days=30),
    ):
        assert (found.value, found.reason) == (None, "nothing was sold on credit in the period")
    assert formulas.turnover(0, 0, sales=3).reason == "nothing was owed in the period"
    assert formulas.turnover(10, 20, sales=45).value == 3


@given(not_due=AMOUNTS, late=st.lists(AMOUNTS, min_size=5, max_size=5), sales=st.integers(1, 10**12))
def test_past_due_days_by_bucket_add_up_to_the_average_days_delinquent(not_due, late, sales):
    whole = formulas.days_of_sales(not_due + sum(late), sales=sales, days=90).value
    best = formulas.days_of_sales(not_due, sales=sales, days=90).value
    assert sum(formulas.days_of_sales(each, sales=sales, days=90).value for each in late) == whole - best
