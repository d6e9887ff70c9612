"""What a file is, by what stands in it; hostile and foreign ones are refused with a sentence."""

import io
from datetime import date

import pytest

from tenants.intake import imports, papers
from tenants.intake.formats import terms, xml_tree
from tenants.intake.formats.bill import Bill
from tenants.intake.formats.statement import Statement
from tenants.intake.formats.text import FileRefused
from tenants.intake.papers import Notice
from tenants.values.dates import written
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.test_bank_lines import BAI2, MT940, OFX
from tests.unit.intake.test_einvoices import send

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
REMINDER = f"""<Reminder xmlns="{UBL}:Reminder-2" {made.NAMES}><cbc:ID>7</cbc:ID><cac:LegalMonetaryTotal>
<cbc:PayableAmount currencyID="GBP">107.50</cbc:PayableAmount></cac:LegalMonetaryTotal></Reminder>""".encode()
RESPONSE = f"""<ApplicationResponse xmlns="{UBL}:ApplicationResponse-2" {made.NAMES}><cbc:ID>9</cbc:ID>
<cac:DocumentResponse>
<cac:Response><cbc:ResponseCode>RE</cbc:ResponseCode></cac:Response><cac:DocumentReference><cbc:ID>U-1</cbc:ID>
</cac:DocumentReference></cac:DocumentResponse></ApplicationResponse>""".encode()


def read(data):
    return papers.read(io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "kind", "form"),
    [
        (made.ubl(), Bill, "ubl"),
        (b"\xef\xbb\xbf\n" + made.ubl().partition(b"\n")[2], Bill, "ubl"),
        (made.ubl().decode().replace("UTF-8", "UTF-16").encode("utf-16"), Bill, "ubl"),
        (made.cii(), Bill, "cii"),
        (made.pdf(("xrechnung.xml", made.cii())), Bill, "factur-x"),
        (made.camt(), Statement, "camt.053"),
        (made.camt(kind="BkToCstmrAcctRpt/Rpt", version="camt.052.001.02"), Statement, "camt.052"),
        (made.camt(kind="BkToCstmrDbtCdtNtfctn/Ntfctn", version="camt.054.001.04"), Statement, "camt.054"),
        (OFX, Statement, "ofx"),
        (MT940, Statement, "mt940"),
        (MT940.replace(b":60F:C261117EUR10,00", b":34F:EURD0,00"), Statement, "mt942"),
        ("\n".join((MT940.decode(), ":86:Müller")).encode("cp1252"), Statement, "mt940"),
        (BAI2, Statement, "bai2"),
        (REMINDER, Notice, "ubl-reminder"),
        (RESPONSE, Notice, "ubl-response"),
    ],
)
def test_a_file_is_known_by_what_stands_in_it(data, kind, form):
    found = read(data)
    assert isinstance(found, kind)
    assert found.format == form


def test_a_table_is_left_to_those_who_read_tables():
    assert read(b"Invoice no;Amount\n1;2\n") is None
    assert read(b"<html><p>hello") is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (
            b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
            "Line 2: the XML declares a document type",
        ),
        (b"<a>\n<b>\n</a>", "Line 3: this is not well-formed XML"),
        (b"<a>" * 100 + b"</a>" * 100, "nested more than 80 deep"),
        (b'<?xml version="1.0" encoding="klingon"?><a/>', "Line 1: "),
        (b"<purchase/>", "XML of a format that we do not read (“purchase”)"),
        (
            b'<testSet xmlns="http://difi.no/xsd/vefa/validator/1.0"/>',
            "set of tests for a validator (testSet), not an invoice",
        ),
        (b"%PDF-1.7 and no more", "The PDF is damaged"),
        (made.pdf(), "nothing is attached to it"),
        (made.pdf(("notes.txt", b"hello")), "its attachments are “notes.txt”"),
        (made.pdf(("factur-x.xml", b"<a>")), "In “factur-x.xml”, which the PDF carries: Line 1"),
    ],
)
def test_hostile_and_foreign_files_are_refused_with_a_sentence(data, said):
    with pytest.raises(FileRefused) as refused:
        read(data)
    assert said in refused.value.detail


def test_files_without_measure_are_refused(monkeypatch):
    monkeypatch.setattr(xml_tree, "LARGEST", 100)
    with pytest.raises(FileRefused, match="more than 0 MB"):
        read(made.ubl())
    with pytest.raises(FileRefused, match="0 MB is the most"):
        xml_tree.parse(made.ubl())
    monkeypatch.setattr(papers.pdf_file, "LARGEST", 100)
    with pytest.raises(FileRefused, match="The PDF has"):
        read(made.pdf())


def test_elements_without_measure_are_refused(monkeypatch):
    monkeypatch.setattr(xml_tree, "MOST", 3)
    with pytest.raises(FileRefused, match="more than 3 elements"):
        read(b"<a><b/><b/><b/></a>")


def test_a_place_counts_twins():
    root = xml_tree.parse(b"<a><b/><b><c> x </c></b></a>")
    assert [each.path for each in root.all("b/c")] == ["/a/b[2]/c"]
    assert (root.say("d", "b/c"), root.say("d"), root.at("d")) == ("x", "", None)


def test_a_notice_is_told_and_moves_nothing(desk):
    report = desk.check(send(desk, REMINDER))
    assert report.notes == ("This is a reminder with the number 7 over 107.50 GBP. It moves nothing in the ledger.",)
    assert report.detection["stated"]["amount"] == "107.50"
    assert "which says that U-1 is rejected" in read(RESPONSE).sentence
    with pytest.raises(imports.NotLoadable):
        desk.load(send(desk, RESPONSE))


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("14 Tage netto", date(2026, 11, 14)),
        ("Payment within 30 days", date(2026, 11, 30)),
        ("zahlbar bis 24.12.2026", date(2026, 12, 24)),
        ("pay by 2026-12-24", date(2026, 12, 24)),
        ("Fällig sofort, ohne Abzug", date(2026, 10, 31)),
        ("2 % within 10 days", date(2026, 11, 30)),
        ("10 days or 20 days", date(2026, 11, 30)),
        ("by 31.02.2027", date(2026, 11, 30)),
        ("as agreed", date(2026, 11, 30)),
        ("2 % Skonto innerhalb 10 Tagen, 60 Tage rein netto", date(2026, 12, 30)),
        ("2/10 net 45", date(2026, 12, 15)),
        ("#SKONTO#TAGE=14#PROZENT=2.00#\n21 Tage netto", date(2026, 11, 21)),
        ("3 % discount within 10 days, 20 days net or 40 days net", date(2026, 11, 30)),
    ],
)
def test_terms_in_words_are_read_only_when_they_say_one_thing(words, due):
    day, said = terms.due_on(words, issued_on=date(2026, 10, 31))
    assert day == due
    assert written(due) in said
