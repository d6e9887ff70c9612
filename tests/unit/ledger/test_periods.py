"""Closed periods: what counts in them stands, and whatever is learned later is posted on an open day."""

from datetime import date, timedelta

import pytest

from tenants.events import history
from tenants.ledger import allocation, due_dates, invoices, periods, refunds, selfcheck
from tenants.ledger.periods import BadPeriod, PeriodClosed
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_allocation, an_invoice

CLOSED = date(2026, 10, 31)
OPEN = CLOSED + timedelta(days=1)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres")


@pytest.fixture
def closed_books(alder, in_alder: Door, dune):
    """October is closed with one invoice open and a payment half applied."""
    invoice = an_invoice(alder, dune, issued_on=date(2026, 10, 2), due_on=date(2026, 11, 2))
    payment = a_payment(alder, dune, on=date(2026, 10, 20))
    applied = an_allocation(alder, payment, invoice, amount=40_00, on=date(2026, 10, 20))
    with in_alder:
        periods.close(CLOSED, now=NOW, reason="month end")
    return invoice, payment, applied


def test_every_posting_into_a_closed_period_is_refused_and_told_the_way_out(alder, in_alder: Door, dune, closed_books):
    invoice, payment, applied = closed_books
    posts = [
        lambda on: an_invoice(alder, dune, issued_on=on, due_on=on),
        lambda on: a_credit_note(alder, dune, on=on),
        lambda on: a_payment(alder, dune, on=on),
        lambda on: allocation.apply(payment, parts=[(invoice, 1_00)], effective_on=on, now=NOW),
        lambda on: allocation.write_off(invoice, minor=1_00, effective_on=on, now=NOW, reason="x"),
        lambda on: allocation.discount(invoice, minor=1_00, effective_on=on, now=NOW),
        lambda on: allocation.reverse(applied, effective_on=on, now=NOW, reason="x"),
        lambda on: refunds.refund(payment, minor=1_00, effective_on=on, now=NOW, reason="x"),
        lambda on: due_dates.extend(invoice, due_on=TODAY, effective_on=on, now=NOW, reason="x"),
    ]
    with in_alder:
        for post in posts:
            with pytest.raises(PeriodClosed) as refusal:
                post(CLOSED)
            assert refusal.value.remedy == "Post it today." and "31 Oct 2026" in refusal.value.detail
        with pytest.raises(PeriodClosed):
            invoices.void(invoice, on=CLOSED, now=NOW, reason="x")
        for post in posts:
            post(OPEN)
        assert selfcheck.run(TODAY) == []


def test_what_the_books_said_is_kept_with_the_closing(in_alder: Door, closed_books):
    with in_alder:
        (closing,) = periods.closings()
        assert (closing.through_on, closing.reason, closing.actor) == (CLOSED, "month end", "test")
        (control,) = periods.controls(closing.id)
        assert (control.currency, control.open_minor, control.unapplied_minor) == ("EUR", 60_00, 60_00)


def test_a_period_is_opened_again_with_a_word_why(alder, in_alder: Door, dune, closed_books):
    with in_alder:
        periods.reopen(date(2026, 10, 15), now=NOW, reason="an invoice was forgotten")
        assert periods.closed_through() == date(2026, 10, 14)
        an_invoice(alder, dune, issued_on=date(2026, 10, 15), due_on=TODAY)
        with pytest.raises(PeriodClosed):
            an_invoice(alder, dune, issued_on=date(2026, 10, 14), due_on=TODAY)
        noted = [line for line in history.latest(since=NOW) if line["act"] == "period.reopened"]
        assert noted[0]["reason"] == "an invoice was forgotten"
        assert selfcheck.run(TODAY) == []
        periods.reopen(date.min, now=NOW, reason="all of it")
        assert periods.closed_through() is None


def test_only_days_that_are_over_and_later_ones_are_closed(in_alder: Door, closed_books):
    with in_alder:
        for day in (TODAY, TODAY + timedelta(days=1), CLOSED, CLOSED - timedelta(days=1)):
            with pytest.raises(BadPeriod):
                periods.close(day, now=NOW)
        with pytest.raises(BadPeriod):
            periods.reopen(OPEN, now=NOW, reason="x")
        periods.close(TODAY - timedelta(days=1), now=NOW)
        assert periods.closed_through() == TODAY - timedelta(days=1)


def test_birch_closes_its_own_books(in_alder: Door, in_birch: Door, closed_books):
    with in_birch:
        assert periods.closed_through() is None and periods.closings() == []
        with pytest.raises(BadPeriod):
            periods.reopen(CLOSED, now=NOW, reason="x")
