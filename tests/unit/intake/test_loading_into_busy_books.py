"""A file meets books with instalments and closed periods: both are kept."""

from datetime import date, timedelta

import pytest

from tenants.ledger import balances, due_dates, invoices, payments, periods, registers, selfcheck
from tenants.ledger.periods import PeriodClosed
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, an_invoice
from tests.unit.intake.desk import Desk

HEADER = "InvoiceNumber,CustomerNumber,InvoiceDate,DueDate,Amount,PaidOn,PaidAmount"


def taken(desk: Desk, *rows: str):
    run = desk.receive(*rows, header=HEADER)
    desk.check(run)
    return desk.load(run)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, number="C-1", name="Dune Garden Centres")


def test_what_a_file_says_was_paid_pays_the_oldest_instalment(alder, in_alder: Door, dune, desk):
    parts = [(date(2026, 11, 1), 40_00), (date(2026, 12, 1), 60_00)]
    an_invoice(alder, dune, number="A-1", issued_on=date(2026, 10, 1), due_on=date(2026, 12, 1), parts=parts)
    taken(desk, "A-1,C-1,2026-10-01,2026-12-01,100.00,2026-11-10,50.00")
    with in_alder:
        card = invoices.numbered("A-1")
        assert (card.open_minor, card.due_on, card.original_due_on) == (50_00, date(2026, 12, 1), date(2026, 12, 1))
        assert balances.drift() == [] and selfcheck.run(TODAY) == []


def test_an_agreed_due_date_is_no_difference_between_file_and_books(alder, in_alder: Door, dune, desk):
    invoice = an_invoice(alder, dune, number="A-1", issued_on=date(2026, 10, 1), due_on=date(2026, 11, 1))
    with in_alder:
        due_dates.extend(invoice, due_on=date(2026, 12, 1), effective_on=TODAY, now=NOW, reason="flood")
    outcome = taken(desk, "A-1,C-1,2026-10-01,2026-11-01,100.00,,")
    assert (outcome.added, outcome.changed, outcome.same) == (0, 0, 1)


def test_nothing_new_is_issued_in_a_closed_period(alder, in_alder: Door, dune, desk):
    an_invoice(alder, dune, number="A-1", issued_on=date(2026, 10, 1), due_on=date(2026, 11, 1))
    with in_alder:
        periods.close(date(2026, 10, 31), now=NOW)
    with pytest.raises(PeriodClosed, match="A-2 was issued before"):
        taken(desk, "A-1,C-1,2026-10-01,2026-11-01,100.00,,", "A-2,C-1,2026-10-31,2026-11-30,9.00,,")


def test_what_was_paid_in_a_closed_period_counts_from_the_first_open_day(alder, in_alder: Door, dune, desk):
    an_invoice(alder, dune, number="A-1", issued_on=date(2026, 10, 1), due_on=date(2026, 11, 1))
    with in_alder:
        periods.close(date(2026, 10, 31), now=NOW)
    taken(desk, "A-1,C-1,2026-10-01,2026-11-01,100.00,2026-10-20,100.00")
    with in_alder:
        (paid,) = registers.payments(debtor_id=dune).rows
        assert payments.card(paid["id"]).received_on == date(2026, 10, 31) + timedelta(days=1)
        assert invoices.numbered("A-1").settled_on == date(2026, 11, 1)
        assert selfcheck.run(TODAY) == []
