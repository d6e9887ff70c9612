"""Electronic invoices on their way into the ledger: what they state lands, what they contradict is refused."""

from datetime import date, timedelta
from decimal import Decimal
from io import BytesIO

import pytest

from tenants.intake import billing, imports, originals, runs
from tenants.intake.formats import terms
from tenants.intake.imports import NotLoadable
from tenants.intake.originals import NoOriginal
from tenants.ledger import selfcheck
from tenants.values import ids
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.desk import OPEN

TODAY = date(2026, 11, 20)
INVOICE = """
SELECT i.number, d.number, d.name, i.currency, i.amount_minor, i.tax_minor, i.open_minor, i.issued_on, i.due_on
FROM invoice i JOIN debtor d ON d.tenant_id = i.tenant_id AND d.id = i.debtor_id
WHERE i.tenant_id = :tenant AND d.tenant_id = :tenant ORDER BY i.number
"""
LINES = """
SELECT l.description, l.quantity, l.unit_price_minor, l.net_minor, l.tax_minor FROM invoice_line l
WHERE l.tenant_id = :tenant ORDER BY l.position
"""


def send(desk, data, *, name="invoice.xml", source="erp"):
    with desk.door():
        return imports.receive(BytesIO(data), name=name, source=source, actor="Vera", now=desk.now, files=desk.files).id


def take(desk, data, **over):
    import_id = send(desk, data, **over)
    return desk.check(import_id), desk.load(import_id)


def test_a_ubl_invoice_lands_with_what_it_states(desk, in_alder):
    report, outcome = take(desk, made.ubl())
    assert (report.detection["kind"], report.detection["format"]) == ("invoice", "ubl")
    assert report.detection["stated"]["gross"] == "238.00"
    assert (outcome.added, outcome.debtors_added) == (1, 1)
    assert desk.asked(INVOICE) == [
        ("U-1", "C-1", "Dune Garden Centres", "EUR", 23800, 3800, 23800, date(2026, 10, 31), date(2026, 11, 30))
    ]
    assert desk.asked(LINES) == [("Pots", 3, 5000, 15000, 2850), ("Soil", 1, 5000, 5000, 950)]
    assert desk.asked("SELECT email FROM contact WHERE tenant_id = :tenant") == [("bills@dune.test",)]
    with in_alder:
        assert selfcheck.run(TODAY) == []


def test_a_cii_invoice_lands_with_its_charges_and_its_terms_in_words(desk, in_alder):
    report, _ = take(desk, made.cii())
    assert report.notes[0].endswith("say 14 days, which is 14 Nov 2026.")
    assert desk.asked(INVOICE)[0][1:] == (
        *("desk@elm.test", "Elm Street Books", "EUR", 11200, 1200, 11200),
        *(date(2026, 10, 31), date(2026, 11, 14)),
    )
    assert [row[0] for row in desk.asked(LINES)] == ["Pots", "Freight", "Allowance", "Charge"]
    with in_alder:
        assert selfcheck.run(TODAY) == []


def test_a_discount_that_its_terms_offer_is_kept_with_the_invoice(desk):
    note = "#SKONTO#TAGE=7#PROZENT=2.00#\n#SKONTO#TAGE=14#PROZENT=1.00#"
    said = f"<cac:PaymentTerms><cbc:Note>{note}</cbc:Note></cac:PaymentTerms>"
    report, _ = take(desk, made.ubl(terms=said))
    assert "4.76 EUR may be kept by paying until 7 Nov 2026." in report.notes
    assert desk.asked("SELECT until_on, amount_minor FROM discount_term WHERE tenant_id = :tenant") == [
        (date(2026, 11, 7), 476)
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("#SKONTO#TAGE=14#PROZENT=2.00#BASISBETRAG=50.00#", (14, "1")),
        ("Bei Zahlungen binnen 14 Tagen, 2% Skonto", (14, "2")),
        ("Zahlbar innerhalb 30 Tagen netto bis 04.07.2018, 3% Skonto innerhalb 10 Tagen bis 15.06.2018", (10, "3")),
        ("10 Tage 3 % Skonto, 30 Tage netto", (10, "3")),
        ("2,5 % escompte sous 8 jours", (8, "2.5")),
        ("2/10 net 30", (10, "2")),
        ("2 % Skonto 7 Tage, 1 % Skonto 14 Tage", None),
        ("#SKONTO#TAGE=30#PROZENT=0.00#", None),
        ("30 days net, 8 % interest after 30 days", None),
        ("", None),
    ],
)
def test_terms_in_words_offer_one_discount_or_none(words, said):
    found = terms.discount(words, issued_on=TODAY, amount=Decimal(100))
    assert found == (None if said is None else (TODAY + timedelta(days=said[0]), Decimal(said[1])))


def test_a_pdf_lands_by_the_invoice_it_carries_and_stays_the_document_of_record(desk, in_alder):
    paper = made.pdf(("notes.txt", b"hello"), ("factur-x.xml", made.cii("X-9")))
    import_id = send(desk, paper, name="invoice.pdf")
    desk.check(import_id)
    desk.load(import_id)
    ((invoice_id,),) = desk.asked("SELECT id FROM invoice WHERE tenant_id = :tenant")
    with in_alder:
        kept = originals.of(invoice_id, files=desk.files)
        assert (kept.media_type, kept.name, kept.content) == ("application/pdf", "invoice.pdf", paper)
        with pytest.raises(NoOriginal):
            originals.of(ids.new(), files=desk.files)


def test_a_credit_note_lowers_the_debt(desk, in_alder):
    take(desk, made.ubl("CN-1", credit=True, due=""))
    assert desk.asked("SELECT number, amount_minor, unapplied_minor FROM credit_note WHERE tenant_id = :tenant") == [
        ("CN-1", 23800, 23800)
    ]
    assert desk.asked("SELECT media_type FROM original WHERE tenant_id = :tenant") == [("application/xml",)]
    with in_alder:
        assert selfcheck.run(TODAY) == []


def test_what_was_paid_in_advance_is_paid_and_the_rest_is_open(desk, in_alder):
    _, outcome = take(desk, made.ubl(prepaid="100.00", payable="138.00"))
    assert outcome.payments_added == 1
    assert [(row[4], row[6]) for row in desk.asked(INVOICE)] == [(23800, 13800)]
    with in_alder:
        assert selfcheck.run(TODAY) == []


@pytest.mark.parametrize(
    ("over", "rule", "place"),
    [
        ({"line_net": "140.00"}, "BR-CO-10", "/Invoice/LegalMonetaryTotal/LineExtensionAmount"),
        ({"net": "201.00", "tax": "38.19", "gross": "239.19", "payable": "239.19"}, "BR-CO-13", "TaxExclusiveAmount"),
        ({"gross": "240.00", "payable": "240.00"}, "BR-CO-15", "TaxInclusiveAmount"),
        ({"payable": "237.00"}, "BR-CO-16", "PayableAmount"),
        ({"tax": "50.00", "gross": "250.00", "payable": "250.00"}, "BR-CO-17", "/Invoice/TaxTotal/TaxSubtotal"),
        ({"due": ""}, "BR-CO-25", "PayableAmount"),
        ({"currency": "XYZ"}, "BR-CL-04", "DocumentCurrencyCode"),
        ({"number": ""}, "BR-02", "/Invoice"),
        ({"gross": "238.001", "payable": "238.001"}, "BR-DEC", "TaxInclusiveAmount"),
        ({"gross": "many"}, "schema", "TaxInclusiveAmount"),
        ({"due": "<cbc:DueDate>2026-02-30</cbc:DueDate>"}, "schema", "DueDate"),
        ({"buyer": ""}, "BR-07", "/Invoice"),
        ({"number": "N" * 80}, "too_long", "/Invoice/ID"),
    ],
)
def test_an_invoice_that_contradicts_itself_is_refused_with_rule_and_place(desk, over, rule, place):
    import_id = send(desk, made.ubl(**over))
    report = desk.check(import_id)
    assert report.refusal.startswith(f"Rule {rule}, line ")
    assert place in report.refusal
    assert (report.accepted, report.refused, report.faults[0].code) == (0, 1, rule)
    with pytest.raises(NotLoadable, match=f"Rule {rule}"):
        desk.load(import_id)


def test_parts_that_are_missing_are_all_told(desk):
    bare = b'<Invoice xmlns="urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"/>'
    report = desk.check(send(desk, bare))
    assert {"BR-02", "BR-03", "BR-04", "BR-05", "BR-06", "BR-07", "BR-12", "BR-15", "BR-16"} <= set(report.fault_codes)
    space = b"urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
    report = desk.check(send(desk, b'<CrossIndustryInvoice xmlns="' + space + b'"/>'))
    assert report.refusal.startswith("Rule BR-02")


def test_a_line_that_its_price_does_not_explain_is_told_and_lands(desk):
    report, outcome = take(desk, made.cii(price="9.00"))
    assert report.notes[-1].endswith("is 100.00, but quantity and price give 90.00.")
    assert outcome.added == 1


@pytest.mark.parametrize(
    ("price", "base", "lands"), [("10.00", "1", True), ("100.00", "1", True), ("7.90", "1", False)]
)
def test_a_price_that_says_what_it_is_for_must_explain_its_line(desk, price, base, lands):
    report = desk.check(send(desk, made.cii(price=price, base=base)))
    assert ("PEPPOL-EN16931-R120" not in report.fault_codes) == lands


def test_factur_x_is_held_to_its_schema_and_others_are_told(desk):
    data = made.cii().replace(b"<ram:Reason>Freight</ram:Reason>", b"<ram:Colour>red</ram:Colour>")
    report = desk.check(send(desk, data))
    assert report.accepted == 1
    assert any("Colour" in note for note in report.notes)
    strict = data.replace(made.PLAIN.encode(), b"urn:factur-x.eu:1p0:en16931")
    refused = desk.check(send(desk, strict))
    assert refused.refusal.startswith("Rule schema, line ")


def test_the_same_paper_again_adds_nothing_and_another_one_waits_beside_it(desk):
    first, second = send(desk, made.ubl("U-1")), send(desk, made.ubl("U-2"))
    desk.check(first)
    desk.check(second)
    assert desk.load(first).added == desk.load(second).added == 1
    outcome = take(desk, made.ubl("U-2"))[1]
    assert (outcome.added, outcome.same) == (0, 1)
    assert outcome.differences[0].startswith("This is the very file that was loaded")


def test_a_ledger_and_an_invoice_of_one_source_do_not_disturb_each_other(desk, in_alder):
    invoice = send(desk, made.ubl())
    desk.check(invoice)
    assert desk.take(OPEN).added == 1
    assert desk.load(invoice).added == 1
    assert desk.take(OPEN).same == 1
    with in_alder:
        assert runs.one(invoice).kind == "invoice"


def test_an_invoice_in_yen_has_no_decimals(desk):
    take(desk, made.ubl(currency="JPY"))
    assert desk.asked(INVOICE)[0][3:5] == ("JPY", 238)
    assert desk.asked(LINES)[0][1:3] == (Decimal(3), 50)


@pytest.mark.parametrize(
    ("was", "becomes", "rule"),
    [
        (b'PriceAmount currencyID="EUR">50.00', b'PriceAmount currencyID="EUR">-50.00', "BR-27"),
        (b"<cbc:Name>Pots</cbc:Name>", b"", "BR-25"),
        (b'TaxAmount currencyID="EUR">38.00', b'TaxAmount currencyID="EUR">39.00', "BR-CO-14"),
        (
            b"<cbc:TaxExclusiveAmount>",
            b"<cbc:ChargeTotalAmount>5.00</cbc:ChargeTotalAmount><cbc:TaxExclusiveAmount>",
            "BR-CO-12",
        ),
        (b"<cbc:PayableAmount>", b"<cbc:PayableAmount>99999999999999", "schema"),
        (b">3</cbc:InvoicedQuantity>", b">9999999999999</cbc:InvoicedQuantity>", ""),
    ],
)
def test_one_changed_figure_is_found(desk, was, becomes, rule):
    data = made.ubl()
    assert was in data
    report = desk.check(send(desk, data.replace(was, becomes, 1)))
    assert rule in report.fault_codes if rule else report.accepted == 1


def test_a_profile_without_lines_lands_as_one_line(desk, in_alder):
    data = made.cii().replace(made.PLAIN.encode(), b"urn:zferd.de:2p0:minimum")
    head, _, rest = data.partition(b"<ram:IncludedSupplyChainTradeLineItem>")
    rest = rest.partition(b"</ram:IncludedSupplyChainTradeLineItem>")[2]
    for name in (b"SpecifiedTradeAllowanceCharge", b"SpecifiedLogisticsServiceCharge"):
        while b"<ram:" + name in rest:
            before, _, after = rest.partition(b"<ram:" + name)
            rest = before + after.partition(b"</ram:" + name + b">")[2]
    take(desk, head + rest)
    assert [(row[0], row[3], row[4]) for row in desk.asked(LINES)] == [("Goods and services as invoiced", 10000, 1200)]
    with in_alder:
        assert selfcheck.run(TODAY) == []


def test_an_invoice_of_more_lines_than_anybody_reads_is_refused(desk, monkeypatch):
    monkeypatch.setattr(billing, "MOST_LINES", 1)
    assert "It has more than 1 lines." in desk.check(send(desk, made.ubl())).refusal


@pytest.mark.parametrize(("code", "kind"), [("380", "invoice"), ("383", "debit_note"), ("84", "debit_note")])
def test_a_debit_note_lands_as_one(desk, code, kind):
    take(desk, made.cii(code=code))
    assert desk.asked("SELECT kind FROM invoice WHERE tenant_id = :tenant") == [(kind,)]
