"""By when a customer must have paid: instalments, agreements, and the contract beside them."""

from datetime import date, timedelta

import psycopg
import pytest

from tenants.delivery import facts, printing
from tenants.directory import clients
from tenants.events import history
from tenants.insight import aging, items
from tenants.ledger import allocation, balances, due_dates, instalments, invoices, selfcheck
from tenants.ledger.due_dates import NothingToAgree
from tenants.ledger.instalments import BadSchedule
from tenants.ledger.invoices import BadInvoice, UnknownInvoice
from tests.cast import NOW, TODAY, Door
from tests.factories import a_debtor, a_payment, an_allocation, an_invoice


def on(days: int) -> date:
    return TODAY + timedelta(days=days)


@pytest.fixture
def dune(alder):
    return a_debtor(alder, name="Dune Garden Centres")


@pytest.fixture
def thirds(alder, dune):
    """An invoice in three parts: one forty days late, one today, one in forty days."""
    parts = [(on(-40), 30_00), (on(0), 30_00), (on(40), 40_00)]
    return an_invoice(alder, dune, number="T-1", issued_on=on(-60), due_on=on(40), parts=parts)


def agree(invoice, *parts, since: int = 0):
    due_dates.agree(invoice, parts=parts, effective_on=on(since), now=NOW, reason="asked for time")


def late_and_not_due():
    line = aging.today(TODAY).of("EUR")
    assert balances.drift() == [] and selfcheck.run(TODAY) == []
    assert {each.key: each.minor for each in line.late if each.minor} == {
        each.key: each.minor for each in aging.as_of(TODAY).of("EUR").late if each.minor
    }
    return line.overdue.minor, line.not_due.minor


def test_each_instalment_ages_by_its_own_day(in_alder: Door, thirds):
    with in_alder:
        card = invoices.card(thirds)
        assert (card.due_on, card.original_due_on) == (on(-40), on(40))
        assert late_and_not_due() == (30_00, 70_00)
        page = items.behind("all", currency="EUR", day=TODAY)
        assert [(each.due_on, each.open_minor, each.late) for each in page.items] == [
            (on(-40), 30_00, 40),
            (on(0), 30_00, 0),
            (on(40), 40_00, -40),
        ]
        assert page.total.count == 3
        by_invoice = aging.as_of(TODAY, basis="invoice").of("EUR")
        assert (by_invoice.gross.count, by_invoice.overdue.minor) == (1, 100_00)


def test_money_pays_the_oldest_part_first_and_opens_it_last_when_it_goes_back(alder, in_alder: Door, dune, thirds):
    payment = a_payment(alder, dune, amount=45_00, on=on(-5))
    applied = an_allocation(alder, payment, thirds, amount=45_00, on=on(-5))
    with in_alder:
        assert late_and_not_due() == (0, 55_00)
        shares = instalments.shares(invoices.card(thirds).schedule_id, applied=45_00)
        assert [each.open_minor for each in shares] == [0, 15_00, 40_00]
        assert invoices.card(thirds).due_on == on(0)
        allocation.reverse(applied, effective_on=TODAY, now=NOW, reason="bounced")
        assert late_and_not_due() == (30_00, 70_00)
        allocation.write_off(thirds, minor=100_00, effective_on=TODAY, now=NOW, reason="lost")
        assert late_and_not_due() == (0, 0)
        assert invoices.card(thirds).due_on == on(40)


def test_an_agreed_day_counts_from_then_on_and_not_before(in_alder: Door, alder, dune):
    invoice = an_invoice(alder, dune, late=20)
    with in_alder:
        due_dates.extend(invoice, due_on=on(30), effective_on=on(-2), now=NOW, reason="a flood")
        assert late_and_not_due() == (0, 100_00)
        card = invoices.card(invoice)
        assert (card.due_on, card.original_due_on) == (on(30), on(-20))
        assert aging.as_of(on(-3)).of("EUR").overdue.minor == 100_00
        (line,) = history.about("invoice", invoice)
        assert (line["act"], line["reason"]) == ("invoice.due_agreed", "a flood")
        due_dates.take_back(invoice, effective_on=TODAY, now=NOW, reason="not kept")
        assert late_and_not_due() == (100_00, 0)
        assert aging.as_of(on(-1)).of("EUR").overdue.minor == 0


def test_what_is_paid_already_is_no_part_of_an_agreement(alder, in_alder: Door, dune):
    invoice = an_invoice(alder, dune, late=20)
    applied = an_allocation(alder, a_payment(alder, dune, on=on(-4)), invoice, amount=40_00, on=on(-4))
    with in_alder:
        agree(invoice, (on(10), 20_00), (on(40), 40_00))
        assert late_and_not_due() == (0, 60_00)
        allocation.reverse(applied, effective_on=TODAY, now=NOW, reason="bounced")
        assert late_and_not_due() == (40_00, 60_00)
        assert invoices.card(invoice).due_on == on(-20)


def test_a_contract_in_parts_counts_again_part_by_part(in_alder: Door, thirds):
    with in_alder:
        agree(thirds, (on(90), 100_00))
        assert late_and_not_due() == (0, 100_00)
        due_dates.take_back(thirds, effective_on=TODAY, now=NOW, reason="not kept")
        assert late_and_not_due() == (30_00, 70_00)


def test_a_cancelled_invoice_has_no_open_part(in_alder: Door, thirds):
    with in_alder:
        invoices.void(thirds, on=TODAY, now=NOW, reason="wrong")
        assert late_and_not_due() == (0, 0)
        with pytest.raises(NothingToAgree):
            agree(thirds, (on(9), 100_00))


def test_parts_that_do_not_divide_the_amount_are_refused(in_alder: Door, in_birch: Door, alder, dune, thirds):
    with in_alder:
        for parts in (
            [],
            [(on(1), 99_00)],
            [(on(1), 100_01)],
            [(on(5), 50_00), (on(5), 50_00)],
            [(on(5), 0), (on(6), 100_00)],
            [(on(-61), 100_00)],
        ):
            with pytest.raises(BadSchedule):
                agree(thirds, *parts)
        for since in (1, -61):
            with pytest.raises(BadSchedule):
                agree(thirds, (on(9), 100_00), since=since)
        agree(thirds, (on(9), 100_00))
        with pytest.raises(BadSchedule, match="of the last agreement on"):
            agree(thirds, (on(19), 100_00), since=-1)
    with in_birch, pytest.raises(UnknownInvoice):
        agree(thirds, (on(9), 100_00))


def test_parts_of_a_new_invoice_end_on_its_due_date(alder, in_alder: Door, dune):
    with in_alder, pytest.raises(BadInvoice):
        an_invoice(alder, dune, issued_on=on(-1), due_on=on(9), parts=[(on(3), 50_00), (on(8), 50_00)])
    with in_alder, pytest.raises(NothingToAgree):
        due_dates.take_back(an_invoice(alder, dune), effective_on=TODAY, now=NOW, reason="x")


def test_the_document_stays_what_it_was_whatever_is_agreed_or_paid(alder, in_alder: Door, dune, thirds):
    def version() -> str:
        item, reader = facts.invoice(thirds)
        return printing.sheet(item, creditor=clients.profile(), reader=reader, portal="").version

    with in_alder:
        before = version()
        agree(thirds, (on(90), 100_00))
        assert version() == before
    a_payment(alder, dune, amount=30_00, parts=[(thirds, 30_00)])
    with in_alder:
        assert version() == before


def test_a_debit_note_is_owed_like_an_invoice(alder, in_alder: Door, dune):
    note = an_invoice(alder, dune, late=3, kind=invoices.DEBIT_NOTE)
    with in_alder:
        assert invoices.card(note).kind == "debit_note"
        assert late_and_not_due() == (100_00, 0)


def test_rebuilding_finds_parts_and_due_dates_again(alder, in_alder: Door, thirds, database_urls):
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("UPDATE app.invoice SET schedule_id = NULL, due_on = %s WHERE tenant_id = %s", (on(9), alder))
    with in_alder:
        assert balances.drift()
        balances.rebuild()
        assert late_and_not_due() == (30_00, 70_00)
        assert invoices.card(thirds).due_on == on(-40)
