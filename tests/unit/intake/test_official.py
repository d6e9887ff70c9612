"""The official rules of EN 16931 at the door: who claims the standard is held to it, by rule, place and line."""

import io
import re
from datetime import date
from decimal import Decimal

import pytest

from jobs.intake import HANDLERS, RULES
from tenants.adapters.schematron import Schematron
from tenants.delivery.einvoices import cii, ubl
from tenants.delivery.einvoices.bill import Bill, Party, Row
from tenants.intake import imports, runs
from tenants.intake.formats import official
from tenants.values.money import Money
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.test_lane import turn

EURO = Money(100_00, "EUR")
VALID = Bill(
    kind="380",
    number="O-1",
    issued_on=date(2026, 10, 5),
    due_on=date(2026, 11, 4),
    currency="EUR",
    seller=Party("Alder Tools GmbH", "DE", ("Werkstraße 1", "12345 Berlin"), "DE123456789", ("9930", "DE123456789")),
    buyer=Party("Dune Garden Centres", "AT", reference="C-1"),
    rows=(Row("Hammer", Decimal(1), EURO, EURO, Decimal(19)),),
    tax=Money(19_00, "EUR"),
    total=Money(119_00, "EUR"),
    buyer_reference="PO-7",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    terms="30 days net",
)
TAX_NUMBER = re.compile(rb"<(cac:PartyTaxScheme|ram:SpecifiedTaxRegistration)>.*?</\1>", re.DOTALL)


def untaxed(data):
    """The same, whose seller has no number for VAT."""
    return TAX_NUMBER.sub(b"", data, count=1)


def received(desk, data):
    with desk.door():
        return imports.receive(
            io.BytesIO(data), name="o.xml", source="erp", actor="Vera", now=desk.now, files=desk.files
        ).id


def checked(desk, data, rules=RULES):
    return desk.check(received(desk, data), rules=rules)


class Mute(Schematron):
    """Rules that only listen, or say what they were told to say."""

    def __init__(self, *faults):
        self.said, self.heard = faults, []

    def judge(self, document, *, syntax):
        self.heard.append((syntax, document))
        return list(self.said)


@pytest.mark.parametrize("write", [ubl.write, cii.write], ids=["ubl", "cii"])
def test_a_valid_invoice_lands_and_one_whose_seller_has_no_tax_number_is_refused_at_its_place(desk, write):
    assert checked(desk, write(VALID)).loadable
    report = checked(desk, untaxed(write(VALID)))
    assert report.accepted == 0
    fault = next(each for each in report.faults if each.code == "BR-S-02")
    assert fault.column.startswith(("/Invoice", "/CrossIndustryInvoice"))
    assert "Seller VAT Identifier" in fault.reason
    assert "[" not in fault.reason.partition(":")[2][:3]
    assert report.refusal_remedy


def test_the_place_is_the_line_of_the_file_that_was_sent(desk):
    data = b"\n\n\n".join(ubl.write(VALID).split(b"<cac:TaxTotal>")).replace(b"\n\n\n", b"\n\n\n<cac:TaxTotal>")
    rules = Mute(official.Fault("BR-CO-18", "[BR-CO-18]-No breakdown.", at("Invoice", "TaxTotal")))
    fault = checked(desk, data, rules).faults[0]
    lines = data.decode().splitlines()
    assert "TaxTotal" in lines[fault.row_no - 1]
    assert (fault.column, fault.reason) == ("/Invoice/TaxTotal", "BR-CO-18: No breakdown.")


def at(*names):
    return "".join(f"/*:{name}[namespace-uri()='urn:x'][1]" for name in names)


def test_lists_of_codes_that_change_are_told_and_refuse_nobody(desk):
    said = [
        official.Fault("BR-CL-25", "[BR-CL-25]-Not on the list.", at("Invoice")),
        official.Fault("FX-SCH-A-000556", "Value is not allowed.", "/"),
        official.Fault("UBL-SR-01", "Twice.", ""),
    ]
    report = checked(desk, ubl.write(VALID), Mute(*said))
    assert report.loadable
    assert any("BR-CL-25, UBL-SR-01" in note for note in report.notes)
    assert not any("FX-" in note for note in report.notes)


def test_a_currency_that_is_on_no_list_is_refused(desk):
    said = official.Fault("BR-CL-14", "[BR-CL-14]-Country.", "somewhere")
    assert checked(desk, ubl.write(VALID), Mute(said)).refusal.startswith("Rule BR-CL-14, line 1, somewhere: Country.")


@pytest.mark.parametrize(
    "profile",
    [
        made.PLAIN,
        "urn:cen.eu:en16931:2017#conformant#urn:factur-x.eu:1p0:extended",
        "urn:cen.eu:en16931:2017#compliant#urn:factur-x.eu:1p0:basicwl",
    ],
)
def test_who_claims_another_standard_or_an_extension_is_judged_by_the_figures_alone(desk, profile):
    rules = Mute(official.Fault("BR-01", "Never asked.", "/"))
    assert checked(desk, made.ubl(profile=profile), rules).loadable
    assert rules.heard == []


def test_attachments_are_not_read_and_very_long_invoices_are_not_judged(desk, monkeypatch):
    rules = Mute()
    attached = made.ubl(
        profile="urn:cen.eu:en16931:2017",
        extra="<cac:AdditionalDocumentReference><cbc:ID>1</cbc:ID><cac:Attachment><cbc:EmbeddedDocumentBinaryObject"
        ' mimeCode="text/csv">' + "A" * 3000 + "</cbc:EmbeddedDocumentBinaryObject></cac:Attachment>"
        "</cac:AdditionalDocumentReference>",
    )
    assert checked(desk, attached, rules).loadable
    assert rules.heard[0][0] == "ubl" and b"AAA" not in rules.heard[0][1]
    monkeypatch.setattr(official, "MOST_LINES", 1)
    assert any("not asked" in note for note in checked(desk, attached, rules).notes)
    assert len(rules.heard) == 1


def test_xml_of_another_version_is_refused_with_a_sentence(desk):
    report = checked(
        desk, ubl.write(VALID).replace(b'version="1.0"', b'version="2.0"').replace(b"version='1.0'", b"version='2.0'")
    )
    assert report.refusal.startswith("Rule schema, line 1") and "not well-formed" in report.refusal


def test_what_the_checker_cannot_read_is_told_and_not_raised():
    assert "cannot be judged" in RULES.judge(b"<a>", syntax="ubl")[0].words
    assert "not of the syntax" in RULES.judge(b"<a/>", syntax="ubl")[0].words


def test_a_process_without_the_rules_leaves_the_invoice_to_one_that_has_them(desk, alder, settings):
    import_id = received(desk, untaxed(ubl.write(VALID)))
    assert "official rules" in desk.check(import_id).notes[0]
    with desk.door():
        assert runs.one(import_id).state == "received"
    waiting = desk.asked("SELECT count(*) FROM work_item WHERE tenant_id = :tenant AND kind = 'check_import'")
    assert waiting[0][0] >= 2
    with desk.door():
        HANDLERS["check_import"](turn(desk, alder, settings, "check_import", import_id=import_id))
        assert runs.one(import_id).state == "refused"


def test_a_place_that_is_not_in_the_document_keeps_its_path():
    data = made.ubl()
    path, node = official._place(at("Invoice", "Nowhere"), official.etree.fromstring(data))
    assert (path, node) == ("/Invoice/Nowhere", None)
