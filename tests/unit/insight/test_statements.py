"""Statements of account: what Dune owed, what happened, and what is open, as of any day."""

import csv
import io
from datetime import timedelta

import pytest

from tenants.directory import clients
from tenants.insight import aging, statement_files, statements
from tenants.insight.statement_words import NAMES, WORDS
from tenants.insight.statements import BadStatement
from tenants.ledger import allocation, invoices, refunds
from tenants.ledger.debtors import UnknownDebtor
from tests.cast import NOW, TODAY, Door
from tests.factories import a_credit_note, a_debtor, a_payment, an_invoice


def ago(days: int):
    return TODAY - timedelta(days=days)


@pytest.fixture
def dune(alder):
    an_invoice(alder, a_debtor(alder, name="Fern & Sons"), late=7)
    return a_debtor(alder, name="Dune Garden Centres", language="de")


@pytest.fixture
def account(alder, dune, in_alder: Door):
    """An old invoice, a paid one, one in instalments, a credit, money too much, a refund, a cancelled one."""
    an_invoice(alder, dune, number="S-1", late=100)
    paid = an_invoice(alder, dune, number="S-2", late=40, amount=80_00)
    a_payment(alder, dune, on=ago(20), amount=100_00, parts=[(paid, 70_00)], reference="WIRE 7")
    parts = [(ago(3), 30_00), (ago(-27), 20_00)]
    an_invoice(alder, dune, number="S-3", amount=50_00, issued_on=ago(10), due_on=ago(-27), parts=parts)
    a_credit_note(alder, dune, on=ago(8), amount=15_00)
    over = a_payment(alder, dune, on=ago(6), amount=9_00)
    void = an_invoice(alder, dune, number="=S-4", issued_on=ago(5), due_on=ago(-25), amount=11_00)
    with in_alder:
        allocation.discount(paid, minor=4_00, effective_on=ago(19), now=NOW)
        allocation.reverse(
            allocation.write_off(paid, minor=6_00, effective_on=ago(9), now=NOW, reason="lost"),
            effective_on=ago(4),
            now=NOW,
            reason="found",
        )
        refunds.refund(over, minor=9_00, effective_on=ago(2), now=NOW, reason="paid twice")
        invoices.void(void, on=ago(1), now=NOW, reason="wrong")
    return dune


def test_movements_lead_from_the_opening_to_the_closing_balance(account, in_alder: Door):
    with in_alder:
        said = statements.of(account, day=TODAY, first_on=ago(30), today=TODAY)
        (line,) = said.accounts
        assert line.opening_minor == 180_00
        assert [(each.kind, each.minor) for each in line.movements] == [
            ("payment", -100_00),
            ("discount", -4_00),
            ("invoice", 50_00),
            ("write_off", -6_00),
            ("credit_note", -15_00),
            ("payment", -9_00),
            ("invoice", 11_00),
            ("write_off_back", 6_00),
            ("refund", 9_00),
            ("cancelled", -11_00),
        ]
        assert line.closing_minor == line.movements[-1].balance_minor == 111_00
        assert [(each.number, each.due_on, each.open_minor) for each in line.open_items] == [
            ("S-1", ago(100), 100_00),
            ("S-2", ago(40), 6_00),
            ("S-3", ago(3), 30_00),
            ("S-3", ago(-27), 20_00),
        ]
        assert line.aging.unapplied_minor == 45_00


@pytest.mark.parametrize("back", range(0, 130, 13))
def test_the_account_balances_on_every_day(account, in_alder: Door, back):
    with in_alder:
        said = statements.of(account, day=ago(back), first_on=ago(back + 9), today=TODAY)
        narrow = statements.Narrow(debtor_id=account)
        owed = aging.as_of(ago(back), narrow=narrow).of("EUR")
        assert sum(each.closing_minor for each in said.accounts) == owed.outstanding_minor


def test_a_statement_as_it_was_known_leaves_out_what_was_learned_since(account, alder, in_alder: Door):
    a_payment(alder, account, on=ago(3), amount=1_00, now=NOW + timedelta(hours=1))
    with in_alder:
        now = statements.of(account, day=TODAY, today=TODAY)
        then = statements.of(account, day=TODAY, today=TODAY, known_at=NOW)
    assert now.accounts[0].closing_minor == then.accounts[0].closing_minor - 1_00


def test_the_file_says_the_same_in_the_customers_language(account, in_alder: Door):
    with in_alder:
        said = statements.of(account, day=TODAY, first_on=ago(30), today=TODAY)
        creditor = clients.profile()
    sheet = statement_files.sheet(said, creditor=creditor)
    assert (sheet["language"], sheet["labels"]["title"]) == ("de", "Kontoauszug")
    assert sheet["accounts"][0]["closing"].startswith("111,00")
    assert statement_files.sheet(said, creditor=creditor, language="en")["labels"]["title"] == "Statement of account"
    made = statement_files.pdf(said, creditor=creditor)
    assert made.startswith(b"%PDF-1.7") and made == statement_files.pdf(said, creditor=creditor)


def test_the_table_adds_up_and_starts_no_formula(account, in_alder: Door):
    with in_alder:
        said = statements.of(account, day=TODAY, first_on=ago(30), today=TODAY)
    rows = list(csv.DictReader(io.StringIO(statement_files.table(said))))
    moved = sum(float(row["amount"]) for row in rows if row["section"] == "movement")
    assert float(rows[0]["balance"]) + moved == 111.0
    assert sum(float(row["amount"]) for row in rows if row["section"] == "open") == 156.0
    assert {row["reference"] for row in rows if "S-4" in row["reference"]} == {"'=S-4"}


def test_each_language_has_every_word_and_prints(account, in_alder: Door):
    with in_alder:
        said = statements.of(account, day=TODAY, first_on=ago(30), today=TODAY)
        creditor = clients.profile()
    for code, label in WORDS.items():
        assert label.keys() == WORDS["en"].keys() and all(label.values()), code
        sheet = statement_files.sheet(said, creditor=creditor, language=code)
        assert (sheet["language"], sheet["labels"]["title"]) == (code, label["title"])
        rows = list(csv.reader(io.StringIO(statement_files.table(said, language=code))))
        assert rows[0][1:3] == [label["date"], label["what"]] and label["invoice"] in {row[2] for row in rows}
    assert statement_files.pdf(said, creditor=creditor, language="pl").startswith(b"%PDF-1.7")
    assert statement_files.sheet(said, creditor=creditor, language="xx")["language"] == "en"
    assert NAMES.keys() == WORDS.keys()


def test_a_quiet_account_says_so(alder, in_alder: Door):
    quiet = a_debtor(alder, name="Quarry Ltd")
    with in_alder:
        said = statements.of(quiet, day=TODAY, today=TODAY)
        assert said.accounts == ()
        assert statement_files.pdf(said, creditor=clients.profile()).startswith(b"%PDF")


def test_currencies_are_accounts_of_their_own(alder, account, in_alder: Door):
    an_invoice(alder, account, currency="JPY", amount=500)
    with in_alder:
        said = statements.of(account, day=TODAY, today=TODAY)
    assert [(each.currency, each.closing_minor) for each in said.accounts] == [("EUR", 111_00), ("JPY", 500)]


def test_days_that_make_no_statement_are_refused(account, birch, in_alder: Door, in_birch: Door):
    with in_alder:
        for first_on, day in ((None, ago(-1)), (TODAY, ago(1)), (ago(5000), TODAY)):
            with pytest.raises(BadStatement):
                statements.of(account, day=day, first_on=first_on, today=TODAY)
    with in_birch, pytest.raises(UnknownDebtor):
        statements.of(account, day=TODAY, today=TODAY)
