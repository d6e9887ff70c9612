"""Debtors, contacts, invoices, payments and credit notes: what can be put into the books, and what cannot."""

from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest

from tenants.events import history
from tenants.ledger import balances, contacts, credit_notes, debtors, invoices, lines, payments
from tenants.ledger.lines import Line
from tenants.values import ids
from tenants.values.money import UnknownCurrency
from tests.cast import NOW, TODAY, Door
from tests.factories import a_contact, a_credit_note, a_debtor, a_payment, an_invoice

YESTERDAY = TODAY - timedelta(days=1)


def test_a_debtor_has_one_number_and_belongs_to_groups(alder, in_alder: Door):
    dune = a_debtor(alder, name="Dune Garden Centres", number="1001", groups=["key", "south"], language="de")
    with in_alder:
        card = debtors.card(dune)
        assert (card.number, card.name, card.groups, card.language) == (
            "1001",
            "Dune Garden Centres",
            ("key", "south"),
            "de",
        )
        debtors.join(dune, key="key")
        debtors.leave(dune, key="south")
        assert debtors.card(dune).groups == ("key",)
        with pytest.raises(debtors.DebtorKnown):
            debtors.open("1001", name="Another", now=NOW)


def test_a_debtor_of_birch_is_unknown_in_alder(in_alder: Door, birch):
    harbour = a_debtor(birch, name="Harbour Cafe")
    with in_alder, pytest.raises(debtors.UnknownDebtor):
        debtors.card(harbour)


def test_a_contact_is_kept_once_and_can_be_retired_and_taken_back(alder, in_alder: Door):
    dune = a_debtor(alder)
    dana = a_contact(alder, dune, email="dana@dune.test", name="Dana")
    with in_alder:
        contacts.retire(dana)
        (card,) = contacts.of_debtor(dune)
        assert (card.active, card.pixel_consent) == (False, "unknown")
        assert contacts.add(dune, email="dana@dune.test", name="Dana Reyes", now=NOW) == dana
        (card,) = contacts.of_debtor(dune)
        assert (card.active, card.name) == (True, "Dana Reyes")


@pytest.mark.parametrize("email", ["", "dana", "@dune.test", "dana@", "da na@dune.test"])
def test_what_is_no_address_is_refused(alder, in_alder: Door, email):
    dune = a_debtor(alder)
    with in_alder, pytest.raises(contacts.BadAddress):
        contacts.add(dune, email=email, now=NOW)


def test_a_contact_that_is_not_there_is_unknown(in_alder: Door):
    with in_alder:
        for act in (contacts.retire, contacts.debtor_of):
            with pytest.raises(contacts.UnknownContact):
                act(ids.new())


def test_an_invoice_is_open_with_its_whole_amount(alder, in_alder: Door):
    dune = a_debtor(alder, name="Dune Garden Centres", number="1001")
    invoice = an_invoice(alder, dune, amount=119_00, tax_minor=19_00, number="R-1", purchase_order="PO 7", late=3)
    with in_alder:
        card = invoices.card(invoice)
        assert card == invoices.numbered("R-1")
        assert (card.debtor_name, card.debtor_number, card.purchase_order) == ("Dune Garden Centres", "1001", "PO 7")
        assert (card.open_minor, card.amount_minor, card.tax_minor, card.standing) == (119_00, 119_00, 19_00, "open")
        assert card.due_on == TODAY - timedelta(days=3)


def test_an_invoice_is_issued_once_and_told_of_once(alder, in_alder: Door, statements):
    an_invoice(alder, number="R-1")
    with in_alder, pytest.raises(invoices.InvoiceKnown):
        an_invoice(alder, number="R-1")
    told = statements(f"SELECT kind FROM app.work_item WHERE tenant_id = '{alder}' ORDER BY kind")
    assert told == [("queue_invoice_messages",), ("run_rules_on_issue",)]


def test_an_invoice_over_nothing_is_settled_on_the_day_it_is_issued(alder, in_alder: Door):
    invoice = an_invoice(alder, amount=0, issued_on=TODAY, due_on=TODAY)
    with in_alder:
        assert (invoices.card(invoice).standing, invoices.card(invoice).settled_on) == ("settled", TODAY)
        assert balances.drift() == []


@pytest.mark.parametrize(
    ("over", "refusal"),
    [
        ({"amount": -1}, invoices.BadInvoice),
        ({"amount": 10, "tax_minor": 11}, invoices.BadInvoice),
        ({"issued_on": TODAY, "due_on": YESTERDAY}, invoices.BadInvoice),
        ({"currency": "EURO"}, UnknownCurrency),
        ({"contents": [Line("Spades", 99_00, 99_00)]}, lines.LinesDiffer),
    ],
)
def test_an_invoice_that_cannot_be_right_is_refused(alder, over, refusal):
    with pytest.raises(refusal):
        an_invoice(alder, **over)


def test_lines_are_kept_in_order_and_add_up(alder, in_alder: Door):
    written = [
        Line("Spades", 84_03, 28_01, quantity=Decimal(3), tax_rate=Decimal("19"), tax_minor=15_97),
        Line("Delivery", 0, 0),
    ]
    invoice = an_invoice(alder, amount=100_00, tax_minor=15_97, contents=written)
    with in_alder:
        assert list(lines.of_invoice(invoice)) == written


def test_a_void_invoice_is_owed_no_more(alder, in_alder: Door):
    invoice = an_invoice(alder, late=3)
    with in_alder:
        invoices.void(invoice, on=TODAY, now=NOW, reason="sent to the wrong customer")
        assert invoices.card(invoice).standing == "void"
        assert balances.drift() == []
        (line,) = history.about("invoice", invoice)
        assert line["reason"] == "sent to the wrong customer"
        with pytest.raises(invoices.InvoiceHasPostings):
            invoices.void(invoice, on=TODAY, now=NOW, reason="again")


def test_an_invoice_over_nothing_can_be_void_too(alder, in_alder: Door):
    invoice = an_invoice(alder, amount=0)
    with in_alder:
        invoices.void(invoice, on=TODAY, now=NOW, reason="wrong")
        assert balances.drift() == []


def test_a_paid_invoice_cannot_be_void_nor_one_that_is_not_issued_yet_nor_one_that_is_not_there(alder, in_alder: Door):
    dune = a_debtor(alder)
    paid = an_invoice(alder, dune, late=3)
    a_payment(alder, dune, amount=1_00, parts=[(paid, 1_00)])
    coming = an_invoice(alder, dune, issued_on=TODAY + timedelta(days=2), due_on=TODAY + timedelta(days=30))
    with in_alder:
        for invoice, refusal in (
            (paid, invoices.InvoiceHasPostings),
            (coming, invoices.BadInvoice),
            (ids.new(), invoices.UnknownInvoice),
        ):
            with pytest.raises(refusal):
                invoices.void(invoice, on=TODAY, now=NOW, reason="wrong")


def test_a_payment_is_kept_once_for_each_source(alder, in_alder: Door):
    dune = a_debtor(alder)
    payment = a_payment(alder, dune, amount=50_00, reference="TX-1", source="bank")
    a_payment(alder, dune, amount=50_00, reference="TX-1", source="cards")
    with in_alder:
        assert payments.card(payment).unapplied_minor == 50_00
    with pytest.raises(payments.PaymentKnown):
        a_payment(alder, dune, amount=50_00, reference="TX-1", source="bank")


def test_a_credit_note_has_one_number(alder, in_alder: Door):
    dune = a_debtor(alder)
    note = a_credit_note(alder, dune, amount=5_00, reason="broken pots")
    with in_alder:
        card = credit_notes.card(note)
        assert (card.unapplied_minor, card.reason) == (5_00, "broken pots")
        with pytest.raises(credit_notes.CreditNoteKnown):
            credit_notes.issue(card.number, debtor_id=dune, currency="EUR", amount_minor=1, issued_on=TODAY, now=NOW)


def test_money_that_is_nothing_is_refused(alder):
    dune = a_debtor(alder)
    with pytest.raises(payments.BadPayment):
        a_payment(alder, dune, amount=0)
    with pytest.raises(credit_notes.BadCreditNote):
        a_credit_note(alder, dune, amount=-5)


def test_what_is_not_there_is_unknown(in_alder: Door):
    with in_alder:
        for card, refusal in (
            (invoices.card, invoices.UnknownInvoice),
            (payments.card, payments.UnknownPayment),
            (credit_notes.card, credit_notes.UnknownCreditNote),
        ):
            with pytest.raises(refusal):
                card(ids.new())


def test_an_import_adds_what_its_invoices_leave_open(alder, in_alder: Door, database_urls):
    """The importer writes invoices set by set; their balances are added once, afterwards."""
    dune, import_id = a_debtor(alder), ids.new()
    an_invoice(alder, dune, number="OLD", late=3)
    with psycopg.connect(database_urls["admin"], options="-c search_path=app") as admin:
        for number, amount, left in (("N-1", 100_00, 100_00), ("N-2", 50_00, 20_00), ("N-3", 70_00, 0)):
            admin.execute(
                "INSERT INTO invoice (tenant_id, id, debtor_id, number, currency, amount_minor, issued_on, due_on,"
                " open_minor, known_at, import_id) VALUES (%s, %s, %s, %s, 'EUR', %s, %s, %s, %s, %s, %s)",
                (alder, ids.new(), dune, number, amount, TODAY, TODAY, left, NOW, import_id),
            )
    with in_alder:
        assert [(each.true_minor, each.true_count) for each in balances.drift()] == [(120_00, 2)]
        balances.add_for_import(import_id)
        assert balances.drift() == []
