"""Structured invoices: hundreds of made-up bills pass the official rules in both syntaxes, a wrong total does not."""

import io
import os
import random
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from tenants.adapters.schematron import Schematron
from tenants.delivery import printing
from tenants.delivery.einvoices import cii, hybrid, making, ubl
from tenants.delivery.einvoices.bill import Bill, Deduction, NotStructured, Party, Row
from tenants.delivery.facts import Item, Line, Reader
from tenants.intake.formats import pdf_file
from tenants.values import ids
from tenants.values.money import Money

SHORT, FULL = 60, 500
WRITERS = {"ubl": ubl.write, "cii": cii.write}
RATES = (Decimal(0), Decimal(7), Decimal("5.5"), Decimal(19), Decimal(25))


@pytest.fixture(scope="session")
def rules():
    return Schematron()


def made_up(seed: int) -> Bill:
    """A bill with several rates, discounts on lines and on the whole, returns, and now and then another currency."""
    rng = random.Random(seed)
    currency = rng.choice(("EUR", "EUR", "USD", "SEK", "JPY", "GBP"))
    rows = tuple(_row(rng, currency) for _ in range(rng.randint(1, 6)))
    seller = Party("Alder Tools GmbH", "DE", ("Werkstraße 1", "12345 Berlin"), "DE123456789", ("9930", "DE123456789"))
    known = rng.random() < 0.5
    buyer = Party("Kessler & Söhne <Bau>", rng.choice(("AT", "FR", "DE")), endpoint=("9930", "DE99") if known else None)
    draft = Bill(
        kind=rng.choice(("380", "380", "381")),
        number=f"A-{seed}",
        issued_on=date(2026, 1, 1 + seed % 28),
        due_on=date(2026, 3, 1),
        currency=currency,
        seller=seller,
        buyer=replace(buyer, reference=f"C-{seed}"),
        rows=rows,
        tax=Money(0, currency),
        total=Money(0, currency),
        deductions=_deductions(rng, rows),
        buyer_reference="PO-7",
        order="4711" if rng.random() < 0.5 else "",
        iban="DE89370400440532013000" if rng.random() < 0.7 else "",
        bic="COBADEFFXXX",
        terms="30 days net",
        precedes="A-0" if rng.random() < 0.3 else "",
    )
    tax = Money.total((part.tax for part in draft.breakdown), currency)
    return replace(draft, tax=tax, total=draft.net + tax)


def _row(rng: random.Random, currency: str) -> Row:
    quantity = Decimal(rng.randint(1, 4000)) / rng.choice((1, 10, 100))
    price = rng.randint(0, 200_00)
    net = int((quantity * price).to_integral_value(rounding="ROUND_HALF_UP"))
    if rng.random() < 0.4:
        net = int(net * rng.choice((0.9, 0.75, 1.1)))
    if rng.random() < 0.15:
        quantity, net = -quantity, -net
    return Row("Hammer, 1 kg", quantity, Money(price, currency), Money(net, currency), rng.choice(RATES))


def _deductions(rng: random.Random, rows: tuple[Row, ...]) -> tuple[Deduction, ...]:
    big = max(rows, key=lambda row: row.net.minor)
    if rng.random() < 0.6 or big.net.minor <= 0:
        return ()
    return (Deduction("Loyalty", Money(big.net.minor // 10, big.net.currency), big.tax_rate),)


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
@pytest.mark.timeout(600)
def test_made_up_bills_pass_the_official_rules(rules, syntax):
    count = FULL if os.environ.get("GOODTERMS_FULL") else SHORT
    faults = {seed: rules.faults(WRITERS[syntax](made_up(seed)), syntax=syntax) for seed in range(count)}
    assert {seed: found for seed, found in faults.items() if found} == {}


@pytest.mark.parametrize("syntax", ["ubl", "cii"])
def test_a_wrong_total_is_caught(rules, syntax):
    bill = made_up(3)
    document = WRITERS[syntax](bill)
    wrong = (bill.net + Money(1, bill.currency)).as_text().encode()
    right = bill.net.as_text().encode()
    faults = rules.faults(document.replace(b">" + right + b"<", b">" + wrong + b"<"), syntax=syntax)
    assert any("BR-CO-" in each for each in faults)


def test_a_document_of_another_kind_is_not_called_valid(rules):
    (said,) = rules.faults(b"<letter/>", syntax="ubl")
    assert "No rule applied" in said


# --- from the ledger -----------------------------------------------------------------------------------------------


@pytest.fixture
def creditor(shell, in_alder):
    from tenants.directory import clients

    with in_alder:
        found = clients.profile()
    return replace(found, country="DE", tax_number="DE 123 456 789", iban="DE89370400440532013000")


READER = Reader(ids.new(), "C-7", "Kessler Bau", "AT", None, "", "de")


def invoice(**over) -> Item:
    base = {
        "invoice_id": ids.new(),
        "number": "A-1",
        "currency": "EUR",
        "amount_minor": 119_00,
        "tax_minor": 19_00,
        "open_minor": 119_00,
        "issued_on": date(2026, 1, 5),
        "due_on": date(2026, 2, 4),
        "purchase_order": "",
    }
    return Item(**(base | over))


def test_a_total_with_one_clean_rate_becomes_one_line(rules, creditor):
    bill = making.of_invoice(invoice(), creditor=creditor, reader=READER, endpoint="9914:ATU12345678")
    assert [(row.net.minor, row.tax_rate) for row in bill.rows] == [(100_00, Decimal(19))]
    assert (bill.buyer_reference, bill.buyer.endpoint) == ("C-7", ("9914", "ATU12345678"))
    assert rules.faults(ubl.write(bill), syntax="ubl") == []


def test_lines_speak_for_themselves_and_what_is_taken_back_is_a_negative_quantity(rules, creditor):
    lines = (
        Line("Saw", Decimal(2), 60_00, 120_00, Decimal(19), 22_80),
        Line("Returned", Decimal(1), -20_00, -20_00, Decimal(19), -3_80),
    )
    bill = making.of_invoice(invoice(lines=lines, purchase_order="4711"), creditor=creditor, reader=READER)
    assert [(row.quantity, row.price.minor) for row in bill.rows] == [(2, 60_00), (-1, 20_00)]
    assert bill.buyer_reference == ""
    assert rules.faults(cii.write(bill), syntax="cii") == []


def test_cents_by_which_line_tax_differs_are_named_as_rounding(rules, creditor):
    lines = tuple(Line("Nut", Decimal(1), 33, 33, Decimal(19), 6) for _ in range(4))
    bill = making.of_invoice(invoice(lines=lines, amount_minor=156, tax_minor=24), creditor=creditor, reader=READER)
    assert bill.rounding.minor == -1
    assert rules.faults(ubl.write(bill), syntax="ubl") == []


@pytest.mark.parametrize(
    ("over", "said"),
    [
        ({"tax_minor": 18_37}, "is no rate of its net"),
        ({"amount_minor": 10_00, "tax_minor": 19_00}, "more tax than amount"),
        ({"currency": "KWD"}, "more than two decimals"),
        ({"lines": (Line("Saw", Decimal(1), 90_00, 90_00, Decimal(19), 17_10),)}, "asks for"),
    ],
)
def test_what_cannot_be_said_is_refused_with_the_reason(creditor, over, said):
    with pytest.raises(NotStructured, match=said):
        making.of_invoice(invoice(**over), creditor=creditor, reader=READER)


@pytest.mark.parametrize("missing", ["tax_number", "country"])
def test_a_client_must_be_known_to_the_tax_office(creditor, missing):
    with pytest.raises(NotStructured, match="is not known"):
        making.of_invoice(invoice(), creditor=replace(creditor, **{missing: ""}), reader=READER)


def test_a_credit_note_names_what_it_corrects(rules, creditor):
    bill = making.of_invoice(invoice(), creditor=creditor, reader=READER)
    given = {"number": "G-1", "issued_on": date(2026, 11, 20), "amount": Money(11_90, "EUR"), "reason": "Broken"}
    credit = making.credit_of(bill, **given)
    assert (credit.rows[0].net.minor, credit.tax.minor, credit.precedes) == (10_00, 1_90, "A-1")
    for syntax, write in WRITERS.items():
        assert rules.faults(write(credit), syntax=syntax) == []
    mixed = replace(bill, rows=(*bill.rows, replace(bill.rows[0], tax_rate=Decimal(7))))
    with pytest.raises(NotStructured, match="several tax rates"):
        making.credit_of(mixed, **given)


def test_a_pdf_carries_its_own_data(creditor):
    item = invoice()
    bill = making.of_invoice(item, creditor=creditor, reader=READER)
    sheet = printing.sheet(item, creditor=creditor, reader=READER, portal="http://127.0.0.1")
    document = cii.write(bill)
    made = hybrid.embed(printing.pdf(sheet), document=document, language="de")
    name, carried = pdf_file.embedded_xml(io.BytesIO(made))
    assert (name, carried) == (hybrid.NAME, document)
