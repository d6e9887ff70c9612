"""The figures of a client, each counted from rows that can be looked at."""

from datetime import date, datetime, timedelta
from fractions import Fraction

import pytest

from tenants.collections import holds
from tenants.insight import family
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.facts import ALL_SETS, Period, gather
from tenants.ledger import allocation, invoices
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_invoice

QUARTER = Period(TODAY, 90)


def days_ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def ago(days: int) -> datetime:
    return NOW - timedelta(days=days)


def of(name: str, period: Period = QUARTER, currency: str = "EUR") -> family.Figure:
    return next(each for each in family.of(period, names=[name]) if each.currency == currency)


@pytest.fixture
def dune(alder, birch):
    """A customer of Alder; beside it another client's books and another currency's."""
    an_invoice(birch, late=10)
    debtor = a_debtor(alder, name="Dune Garden Centres")
    an_invoice(alder, debtor, late=10, currency="JPY", amount=5)
    return debtor


@pytest.fixture
def books(alder, dune, in_alder):
    """A quarter in which a bit of everything happens."""
    for late, amount in ((-20, 100_00), (5, 200_00), (40, 300_00), (70, 40_00), (100, 50_00), (200, 60_00)):
        an_invoice(alder, dune, late=late, amount=amount, issued_on=days_ago(max(late, 0) + 10), due_on=days_ago(late))
    old = an_invoice(alder, dune, late=80, amount=500_00)
    part = an_invoice(alder, dune, late=50, amount=80_00)
    gone = an_invoice(alder, dune, late=60, amount=30_00)
    a_payment(alder, dune, amount=600_00, on=days_ago(20), parts=[(old, 500_00), (part, 10_00)])
    a_credit_note(alder, dune, amount=25_00, on=days_ago(100))
    a_credit_note(alder, dune, amount=15_00, on=days_ago(3))
    with in_alder:
        lost = allocation.write_off(gone, minor=20_00, effective_on=days_ago(9), now=NOW, reason="gone")
        allocation.write_off(gone, minor=10_00, effective_on=days_ago(9), now=NOW, reason="gone")
        allocation.reverse(lost, effective_on=days_ago(2), now=NOW, reason="came after all")
        holds.open(
            "promise", debtor_id=dune, invoice_id=part, starts_on=days_ago(25), ends_on=days_ago(15), now=ago(25),
            amount_minor=10_00, currency="EUR",
        )  # fmt: skip
        holds.open("promise", debtor_id=dune, invoice_id=gone, starts_on=days_ago(25), ends_on=days_ago(5), now=ago(25))
        taken_back = holds.open(
            "promise", debtor_id=dune, invoice_id=gone, starts_on=days_ago(20), ends_on=days_ago(4), now=ago(20)
        )
        holds.end(taken_back, now=ago(10), outcome="a new day was agreed")
        closed = holds.open("dispute", debtor_id=dune, invoice_id=part, starts_on=days_ago(14), now=ago(14))
        holds.end(closed, now=ago(7), outcome="right after all")
        holds.open("dispute", debtor_id=dune, invoice_id=part, starts_on=days_ago(4), now=ago(4))
    return dune


def test_every_amount_is_the_sum_of_the_rows_behind_it(books, in_alder: Door):
    with in_alder:
        for figure in family.of(QUARTER):
            known = DEFINITIONS[figure.name]
            for side, rows in (("numerator", known.top), ("denominator", known.bottom)):
                if rows is None:
                    continue
                page = family.behind(figure.name, side=side, currency=figure.currency, period=QUARTER, limit=200)
                assert (sum(row.minor for row in page.rows), len(page.rows)) == (page.minor, page.count)
                assert all(type(row.minor) is int for row in page.rows), (figure.name, side)
                if figure.name.startswith("days-"):
                    continue
                by_number = figure.name.endswith("-count") or figure.name in ("dispute-repeat", "adoption-customers")
                assert (page.count if by_number else page.minor) == getattr(figure, side), (figure.name, side)


def test_days_of_sales_are_one_family(books, in_alder: Door):
    with in_alder:
        found = {each.name: each for each in family.of(QUARTER) if each.currency == "EUR"}
    late = [each.value for name, each in found.items() if name.startswith("past-due-dso-")]
    assert len(late) == 5 and sum(late) == found["add"].value == found["dso"].value - found["dso-best"].value
    assert found["turnover"].value * found["collection-period"].value == 90
    assert found["dso-average"].value == found["collection-period"].value
    assert found["dso"].numerator == 100_00 + 200_00 + 300_00 + 40_00 + 50_00 + 60_00 + 70_00 + 20_00
    assert found["percent-current"].value == Fraction(100_00, found["dso"].numerator)


def test_a_client_that_sold_in_every_month_is_counted_back(alder, in_alder: Door):
    """The receivable of 12,000 of the reference, at the end of a September."""
    debtor, end = a_debtor(alder), date(2026, 9, 30)
    for month, amount in ((9, 2_500), (8, 1_750), (7, 2_250), (6, 2_500), (5, 2_000), (4, 2_250)):
        issued = date(2026, month, 5)
        made = an_invoice(alder, debtor, amount=amount, issued_on=issued, due_on=issued)
        if month == 4:
            a_payment(alder, debtor, amount=1_250, on=issued, parts=[(made, 1_250)])
    with in_alder:
        assert round(float(of("dso-countback", Period(end, 30)).value), 2) == 166.33
        (known,) = gather(Period(end, 30))
        assert known.months[:3] == [(2_500, 30), (1_750, 31), (2_250, 31)]
        assert of("dso-countback", Period(date(2026, 11, 1), 30)).reason.startswith("a month without sales stops")


def test_how_customers_pay(alder, in_alder: Door, dune):
    """Paid after 15, 30 and 45 days: 30 on average, 32.5 by weight; one is on time; one is still open and late."""
    for amount, days in ((1_000, 15), (3_000, 30), (2_000, 45)):
        made = an_invoice(alder, dune, amount=amount, issued_on=days_ago(60), due_on=days_ago(40))
        a_payment(alder, dune, amount=amount, on=days_ago(60 - days), parts=[(made, amount)])
    an_invoice(alder, dune, amount=4_000, issued_on=days_ago(60), due_on=days_ago(40))
    with in_alder:
        assert (of("days-to-pay").value, of("days-beyond-terms").value) == (30, 10)
        assert of("days-to-pay-weighted").value == Fraction(65, 2)
        assert of("on-time-count").value == Fraction(1, 4)
        assert of("on-time-amount").value == Fraction(1, 10)
        assert of("days-to-pay", currency="JPY").reason == "nothing was settled in the period"


def test_a_returned_payment_is_no_payment(alder, in_alder: Door, dune):
    made = an_invoice(alder, dune, late=10)
    a_payment(alder, dune, on=days_ago(15), parts=[(made, 100_00)])
    with in_alder:
        assert of("on-time-count").value == 1
        (posting,) = family.behind("days-to-pay-weighted", side="numerator", currency="EUR", period=QUARTER).rows
        allocation.reverse(posting.id, effective_on=days_ago(12), now=NOW, reason="returned")
        assert of("on-time-count").value == 0
        assert of("days-to-pay").value is None and of("days-to-pay-weighted").value is None


def test_what_was_not_known_is_not_counted(alder, in_alder: Door, dune):
    made = an_invoice(alder, dune, late=10, now=ago(40))
    a_payment(alder, dune, on=days_ago(15), parts=[(made, 100_00)], now=NOW)
    then = Period(TODAY, 90, ago(1))
    with in_alder:
        assert (of("on-time-count").value, of("on-time-count", then).value) == (1, 0)
        assert (of("dso").numerator, of("dso", then).numerator) == (0, 100_00)


def test_items_roll_on_by_one_bucket_in_thirty_days(books, in_alder: Door):
    with in_alder:
        rolled = of("roll-1-to-30")
        assert rolled.value == Fraction(300_00 + 70_00 + 20_00, 300_00 + 80_00 + 30_00)
        page = family.behind("roll-1-to-30", side="numerator", currency="EUR", period=QUARTER)
        assert {row.days for row in page.rows} <= set(range(31, 61)) and page.minor == rolled.numerator
        assert of("roll-not-due").reason == "nothing was in the bucket 30 days before"


def test_the_newest_month_that_had_its_ninety_days(books, in_alder: Door):
    with in_alder:
        risk = of("at-risk")
        (row,) = family.behind("at-risk", side="denominator", currency="EUR", period=QUARTER).rows
    assert (risk.numerator, risk.denominator, row.minor) == (row.minor, row.minor, 60_00)


def test_bad_debt_with_and_without_what_came_back(books, in_alder: Door):
    with in_alder:
        assert (of("bad-debt-gross").numerator, of("bad-debt-net").numerator) == (30_00, 10_00)


def test_promises_and_disputes(books, in_alder: Door):
    """One kept, one broken, one taken back in time; a week of dispute is five working days."""
    with in_alder:
        assert of("promises-kept-count").value == Fraction(1, 2)
        assert of("promises-kept-amount").value == Fraction(10_00, 40_00)
        assert (of("dispute-days").value, of("dispute-days-p90").value) == (5, 5)
        assert of("dispute-age").value == 4
        assert of("dispute-age", currency="JPY").reason == "no dispute is open"


def test_unapplied_cash_by_age(books, in_alder: Door):
    with in_alder:
        found = {name: of(name).value for name in DEFINITIONS if name.startswith("unapplied-")}
    assert found == {
        "unapplied-0-to-30": 90_00 + 15_00,
        "unapplied-31-to-60": 0,
        "unapplied-61-to-90": 0,
        "unapplied-91-to-120": 25_00,
        "unapplied-121-up": 0,
    }


def test_rows_come_page_by_page(books, in_alder: Door):
    with in_alder:
        whole = family.behind("dso", side="denominator", currency="EUR", period=QUARTER)
        seen, after = [], None
        while True:
            page = family.behind("dso", side="denominator", currency="EUR", period=QUARTER, after=after, limit=2)
            seen, after = [*seen, *page.rows], page.next
            assert page.minor == whole.minor
            if after is None:
                break
    assert seen == whole.rows


def test_what_is_no_figure_or_has_no_rows_is_refused(in_alder: Door):
    with in_alder:
        with pytest.raises(family.UnknownFigure):
            family.of(QUARTER, names=["best-guess"])
        with pytest.raises(family.NoRows):
            family.behind("cei", side="numerator", currency="EUR", period=QUARTER)


def test_a_client_without_books_has_no_figures(in_alder: Door):
    with in_alder:
        assert family.of(QUARTER) == []


def test_every_figure_is_counted_from_a_known_set():
    for each in DEFINITIONS.values():
        for rows in (each.top, each.bottom):
            assert rows is None or rows.of == "open" or rows.of in ALL_SETS
        assert each.formula and each.basis and each.unit in ("days", "ratio", "times", "minor")


def test_what_was_cancelled_since_has_not_rolled_on(alder, in_alder: Door):
    gone = an_invoice(alder, late=40)
    an_invoice(alder, late=45)
    with in_alder:
        invoices.void(gone, on=days_ago(1), now=NOW, reason="billed twice")
        assert of("roll-1-to-30").value == Fraction(1, 2)
