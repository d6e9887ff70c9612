"""The books check themselves: right books give no answer, and each question finds what breaks its invariant."""

from datetime import date, timedelta
from io import BytesIO

import psycopg
import pytest

from tenants.adapters.documents import MemoryStore
from tenants.events import history
from tenants.intake import imports, undoing
from tenants.ledger import allocation, balances, invoices, periods, refunds, selfcheck
from tenants.ledger.lines import Line
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_allocation, an_invoice

BREAKS = {
    "UPDATE app.invoice SET open_minor = open_minor - 1 WHERE number = 'R-1'": {
        "open amounts that are not the amount less what was applied",
        "balances that are not what the invoices say",
    },
    "UPDATE app.invoice SET open_minor = -1 WHERE number = 'R-2'": {
        "open amounts that are not the amount less what was applied",
        "open amounts below nothing or above the amount",
        "settled invoices without a day of settlement, or the reverse",
    },
    "UPDATE app.invoice SET settled_on = NULL WHERE number = 'R-2'": {
        "settled invoices without a day of settlement, or the reverse"
    },
    "UPDATE app.payment SET unapplied_minor = 1": {"payments whose parts do not add up"},
    "UPDATE app.credit_note SET unapplied_minor = 1": {"credit notes whose parts do not add up"},
    "UPDATE app.payment SET currency = 'USD'": {"payments applied to what they do not fit"},
    "UPDATE app.payment SET received_on = received_on + 30": {"payments applied to what they do not fit"},
    "UPDATE app.credit_note SET issued_on = issued_on + 30": {"credit notes applied to what they do not fit"},
    "UPDATE app.allocation SET currency = 'USD' WHERE kind = 'write_off'": {
        "invoices with postings that do not fit them"
    },
    "UPDATE app.allocation SET effective_on = '2027-01-01' WHERE kind = 'discount'": {
        "postings that count before their day has come"
    },
    "UPDATE app.allocation SET amount_minor = -9 WHERE kind = 'discount'": {
        "open amounts that are not the amount less what was applied",
        "negative postings that reverse nothing, or the reverse",
    },
    "UPDATE app.allocation SET amount_minor = 999999 WHERE kind = 'discount'": {
        "open amounts that are not the amount less what was applied",
        "invoices that were overpaid on some day",
    },
    "UPDATE app.allocation SET kind = 'discount' WHERE kind = 'write_off' AND reverses_id IS NOT NULL": {
        "reversals that do not mirror what they reverse"
    },
    "UPDATE app.invoice SET voided_at = NULL WHERE number = 'R-5'": {"void invoices with something applied"},
    "UPDATE app.invoice_line SET net_minor = 1": {"invoices whose lines do not add up"},
    "UPDATE app.open_balance SET open_count = 7": {"balances that are not what the invoices say"},
    "DELETE FROM app.open_balance": {"balances that are not what the invoices say"},
    "UPDATE app.payment SET unapplied_minor = 7 WHERE reference = 'R-BACK'": {
        "returned or undone money of which something still counts",
        "payments whose parts do not add up",
    },
    "UPDATE app.invoice SET voided_on = voided_on + 1 WHERE import_id IS NOT NULL AND voided_on IS NOT NULL": {
        "invoices of an undone import that still count"
    },
    "UPDATE app.instalment SET amount_minor = amount_minor + 1": {"due dates in parts that do not add up"},
    "UPDATE app.invoice SET schedule_id = NULL WHERE number = 'R-7'": {
        "due dates that are not those of the newest schedule",
        "balances that are not what the invoices say",
    },
    "UPDATE app.invoice SET due_on = due_on + 1 WHERE number = 'R-7'": {
        "due dates that are not those of the newest schedule"
    },
    "UPDATE app.invoice SET issued_on = '2024-12-31' WHERE number = 'R-1'": {"closed periods that changed"},
}


@pytest.fixture
def busy_books(alder, in_alder: Door):
    """Alder's books with one of everything in them."""
    dune = a_debtor(alder)
    an_invoice(alder, dune, number="R-1", late=40, contents=[Line("Spades", 100_00, 100_00)])
    paid = an_invoice(alder, dune, number="R-2", late=20)
    a_payment(alder, dune, amount=100_00, on=TODAY - timedelta(days=5), parts=[(paid, 100_00)])
    part = an_invoice(alder, dune, number="R-3", late=9)
    note = a_credit_note(alder, dune, on=TODAY - timedelta(days=3))
    an_allocation(alder, note, part, amount=20_00)
    void = an_invoice(alder, dune, number="R-5", late=3)
    off = an_invoice(alder, dune, number="R-6", late=3)
    with in_alder:
        allocation.discount(part, minor=5_00, effective_on=TODAY, now=NOW)
        invoices.void(void, on=TODAY, now=NOW, reason="wrong")
        lost = allocation.write_off(off, minor=30_00, effective_on=TODAY, now=NOW, reason="lost")
        allocation.reverse(lost, effective_on=TODAY, now=NOW, reason="found")
    parts = [(TODAY - timedelta(days=2), 40_00), (TODAY + timedelta(days=28), 60_00)]
    an_invoice(alder, dune, number="R-7", late=-28, parts=parts)
    back = a_payment(alder, dune, amount=55_00, on=TODAY - timedelta(days=2), reference="R-BACK")
    with in_alder:
        refunds.return_payment(back, effective_on=TODAY, now=NOW, reason="account closed")
        periods.close(date(2025, 1, 31), now=NOW)
        an_undone_import()


def an_undone_import():
    """A file that brought an invoice with its payment, and was taken back."""
    files = MemoryStore()
    text = (
        b"Invoice no,Customer no,Invoice date,Due date,Amount,Paid on\nR-8,C-8,2026-10-05,2026-11-04,60.00,2026-11-01\n"
    )
    run = imports.receive(BytesIO(text), name="x.csv", source="x", actor="Vera", now=NOW, files=files)
    imports.check(run.id, files=files)
    imports.load(run.id, now=NOW, today=TODAY)
    assert undoing.undo(run.id, now=NOW, real=NOW, reason="wrong file") is not None


def test_busy_books_are_right(busy_books, in_alder: Door):
    with in_alder:
        assert selfcheck.run(TODAY) == []
        assert selfcheck.watch(TODAY, now=NOW) == []
        assert balances.drift() == []


@pytest.mark.parametrize("harm", BREAKS)
def test_each_question_finds_what_breaks_it(busy_books, alder, in_alder: Door, database_urls, harm):
    where = f"tenant_id = '{alder}'"
    damage = f"{harm} AND {where}" if "WHERE" in harm else f"{harm} WHERE {where}"
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute(damage)
    with in_alder:
        found = {each.question: each for each in selfcheck.run(TODAY)}
    assert BREAKS[harm] <= set(found)
    assert all(each.count >= 1 and each.examples for each in found.values())


def test_every_question_is_tried_by_some_harm():
    assert set(selfcheck.QUESTIONS) == set().union(*BREAKS.values())


def test_what_is_found_is_kept_where_people_look(busy_books, alder, in_alder: Door, database_urls):
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("DELETE FROM app.open_balance WHERE tenant_id = %s", (alder,))
    with in_alder:
        (found,) = selfcheck.watch(TODAY, now=NOW)
        assert found.count >= 3 and "EUR" in found.examples[0]
        noted = [line for line in history.latest(since=NOW) if line["act"] == "ledger.discrepant"]
        assert noted[0]["became"]["question"] == found.question


def test_rebuilding_mends_what_was_derived(busy_books, alder, in_alder: Door, database_urls):
    with psycopg.connect(database_urls["admin"]) as admin:
        for table, change in (
            ("invoice", "open_minor = 1"),
            ("payment", "unapplied_minor = 1"),
            ("credit_note", "unapplied_minor = 1"),
            ("open_balance", "open_minor = 1"),
        ):
            admin.execute(f"UPDATE app.{table} SET {change} WHERE tenant_id = '{alder}'")
    with in_alder:
        assert balances.drift()
        balances.rebuild()
        assert balances.drift() == [] and selfcheck.run(TODAY) == []
        assert invoices.numbered("R-2").settled_on == TODAY - timedelta(days=5)
        assert invoices.numbered("R-1").open_minor == 100_00


def test_birchs_trouble_is_not_alders(busy_books, in_alder: Door, birch, database_urls):
    an_invoice(birch, number="B-1", currency="GBP", late=3)
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("UPDATE app.invoice SET open_minor = 1 WHERE tenant_id = %s", (birch,))
    with in_alder:
        assert selfcheck.run(TODAY) == []
