"""The document of an invoice says what was invoiced, in the reader's language, and nobody's name can change it."""

import io
from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pypdf
import pytest

from tenants.delivery import documents, printing
from tenants.delivery.facts import Item, Line, Reader
from tenants.directory import clients
from tests.cast import NOW
from tests.factories import an_invoice

HOSTILE = '#panic("x") *bold* _it_ $y$ @ref <label> [box] \\ // `raw` = head'


@pytest.fixture
def creditor(in_alder):
    with in_alder:
        clients.change(
            address="Werkzeugweg 1\n10115 Berlin",
            iban="DE02120300000000202051",
            bic="BYLADEM1001",
            bank_name="Alder Bank",
            tax_number="DE123456789",
            terms="14 days net",
            contact_name="Eva Holm",
        )
        return clients.profile()


LINES = (
    Line("Drill", Decimal(2), 50_00, 100_00, Decimal(19), 19_00),
    Line(HOSTILE, Decimal("0.5"), 20_00, 10_00, Decimal(19), 1_90),
)
ITEM = Item(uuid4(), "A-7", "EUR", 130_90, 20_90, 130_90, date(2026, 11, 1), date(2026, 11, 15), "PO-9", LINES)
READER = Reader(uuid4(), "C-1", "Dune Garden Centres", "DE", None, "Dana", "en")


def text_of(pdf):
    return " ".join("\n".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(pdf)).pages).split())


def made(creditor, item=ITEM, reader=READER, **more):
    return printing.pdf(printing.sheet(item, creditor=creditor, reader=reader, portal="http://goodterms.test", **more))


def test_the_document_says_who_owes_what_to_whom_until_when_and_how_to_pay_or_object(creditor):
    text = text_of(made(creditor))
    for wanted in (
        "Alder Tools GmbH",
        "Werkzeugweg 1",
        "Dune Garden Centres",
        "Invoice A-7",
        "15 November 2026",
        "PO-9",
        "130,90 €",
        "110,00 €",
        "20,90 €",
        "19 %",
        "14 days net",
        "DE02120300000000202051",
        "BYLADEM1001",
        "Reference A-7",
        "Something is not right?",
        "http://goodterms.test",
        "Page 1 of 1",
    ):
        assert wanted in text, wanted


def test_what_looks_like_markup_is_printed_as_text(creditor):
    text = text_of(made(creditor, reader=replace(READER, debtor_name=HOSTILE)))
    assert text.count('#panic("x") *bold* _it_ $y$ @ref <label> [box]') == 2


def test_a_german_reader_gets_german(creditor):
    text = text_of(made(creditor, reader=replace(READER, language="de-AT")))
    assert (
        "Rechnung A-7" in text and "15. November 2026" in text and "130,90 €" in text and "Stimmt etwas nicht?" in text
    )


def test_a_language_that_we_do_not_write_falls_back_to_english(creditor):
    assert "Invoice A-7" in text_of(made(creditor, reader=replace(READER, language="fi")))


def test_the_same_invoice_gives_the_same_bytes_and_a_changed_one_another_version(creditor):
    sheets = [
        printing.sheet(item, creditor=creditor, reader=READER, portal="http://goodterms.test")
        for item in (ITEM, replace(ITEM, open_minor=0), replace(ITEM, amount_minor=1))
    ]
    assert sheets[0].version == sheets[1].version != sheets[2].version
    assert printing.pdf(sheets[0]) == printing.pdf(sheets[1])


def test_it_declares_archive_and_accessibility_standards(creditor):
    reader = pypdf.PdfReader(io.BytesIO(made(creditor)))
    metadata = reader.trailer["/Root"]["/Metadata"].get_data().decode()
    assert "<pdfaid:part>3</pdfaid:part>" in metadata and "<pdfuaid:part>1</pdfuaid:part>" in metadata
    assert reader.trailer["/Root"]["/Lang"] == "en" and reader.metadata.title == "Invoice A-7"
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]


def test_a_ledger_that_holds_totals_only_gives_one_honest_line(creditor):
    text = text_of(made(creditor, item=replace(ITEM, lines=(), tax_minor=0)))
    assert "As invoiced" in text and "Net total" not in text


def test_a_colour_that_is_none_cannot_break_the_page(creditor):
    assert made(replace(creditor, accent='red"); #panic()'))


def test_a_logo_stands_on_the_letterhead_with_words_for_those_who_cannot_see_it(creditor):
    logo = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><rect width="10" height="10"/></svg>'
    assert len(made(creditor, logo=logo)) != len(made(creditor))


def test_a_client_without_bank_details_still_names_the_payee(creditor):
    bare = replace(creditor, iban="", bic="", bank_name="", tax_number="", terms="", country="US", address="")
    text = text_of(made(bare, reader=replace(READER, country="")))
    assert "Payee Alder Tools GmbH" in text and "IBAN" not in text
    page = pypdf.PdfReader(io.BytesIO(made(bare))).pages[0]
    assert round(float(page.mediabox.width)) == 612, "American letter paper"


def test_a_long_invoice_runs_over_pages(creditor):
    long = replace(ITEM, lines=LINES * 60)
    assert "Page 3 of" in text_of(made(creditor, item=long))


def test_an_invoice_is_printed_once_and_found_again(post):
    invoice = an_invoice(post.tenant)
    with post.unit():
        assert documents.newest(invoice) is None
        first = documents.make_invoice(invoice, documents_in=post.documents, settings=post.settings, now=NOW)
        again = documents.make_invoice(invoice, documents_in=post.documents, settings=post.settings, now=NOW)
        assert first == again and documents.newest(invoice)["sha256"] == first.sha256
    assert post.ask("SELECT count(*) FROM document WHERE tenant_id = :tenant") == [1]


def test_another_clients_invoice_has_no_document_here(post, birch):
    theirs = an_invoice(birch, currency="GBP")
    with pytest.raises(documents.UnknownInvoice), post.unit():
        documents.make_invoice(theirs, documents_in=post.documents, settings=post.settings, now=NOW)
