"""What banks write differently from each other, and what is read of it."""

from io import BytesIO

import pytest

from tenants.intake import imports, papers
from tenants.intake.formats import bank_sheet
from tenants.intake.formats.statement import StatementRefused

SPARKASSE = """Auftragskonto;Buchungstag;Buchungstext;Verwendungszweck;Kontonummer/IBAN;Betrag;Waehrung;Info
DE02;19.11.26;GUTSCHRIFT;RE-1 und RE-2;DE75;1.190,00;EUR;Umsatz gebucht
DE02;20.11.26;GUTSCHRIFT;RE-3;DE75;500,00;EUR;Umsatz vorgemerkt
"""
ING = """Datum;Naam / Omschrijving;Rekening;Tegenrekening;Af Bij;Bedrag (CHF);Mededelingen
20261120;De Vries BV;NL20;NL32;Bij;1210,00;Factuur 7
20261119;Kosten;NL20;;Af;1,56;Kosten
"""
COMDIRECT = """"Umsätze";"Zeitraum: 10 Tage";
"Neuer Kontostand";"1.234,56 EUR";

"Buchungstag";"Vorgang";"Buchungstext";"Umsatz in EUR";
"20.11.2026";"Überweisung";"Auftraggeber: Elm RE-1";"1.190,00";

"Alter Kontostand";"100,00 EUR";
"""
DKB = """Buchungsdatum;Status;Zahlungspflichtige*r;Verwendungszweck;IBAN;Betrag (€)
20.11.26;Gebucht;Elm;RE-1;DE75512108001245126199;1.190,00 H
"""


def sheet(words):
    with imports.opened(BytesIO(words.encode())) as (table, layout):
        return bank_sheet.read(table, layout, places=bank_sheet.columns(layout.header), base_currency="EUR")


def told(said):
    return [
        (str(each.amount), each.currency, each.account, each.party, each.party_account, each.words)
        for each in said.entries
    ]


@pytest.mark.parametrize(
    ("words", "expected", "note"),
    [
        (SPARKASSE, [("1190.00", "EUR", "DE02", "", "DE75", "RE-1 und RE-2")], "1 pending lines were left out"),
        (
            ING,
            [("1210.00", "CHF", "NL20", "De Vries BV", "NL32", "Factuur 7")]
            + [("-1.56", "CHF", "NL20", "Kosten", "", "Kosten")],
            "",
        ),
        (
            COMDIRECT,
            [("1190.00", "EUR", "", "", "", "Überweisung Auftraggeber: Elm RE-1")],
            "Row 7 holds no line: Alter",
        ),
        (DKB, [("1190.00", "EUR", "", "Elm", "DE75512108001245126199", "RE-1")], ""),
    ],
)
def test_sheets_of_banks_say_what_was_booked_and_in_which_words(words, expected, note):
    said = sheet(words)
    assert told(said) == expected
    assert note in "".join(said.notes)


def test_a_last_row_with_a_day_and_no_more_is_a_gap_and_no_remark():
    with pytest.raises(StatementRefused, match="Row 4: it has 2 cells"):
        sheet(SPARKASSE + "DE02;21.11.26\n")


SLASHED = """:20:X\n:25:NL20INGB0001234567\n:28C:0\n:60F:C261119EUR662,23
:61:2611201120C1250,56NTRFEREF//B1\n/TRCD/00100/
:86:/EREF/E-1//CNTP/NL32INGB0000012345/INGBNL2\nA/ELM BOOKS BV///REMI/USTD//INV 7/2026/
:61:2611201120C500,00N247NONREF
:86:/TRTP/SEPA OVERBOEKING/IBAN/NL12RABO0123456789/BIC/RABONL2U/NAME/\nJ JANSEN/REMI/Factuur 9/EREF/NOTPROVIDED
:61:2611201120D18,50N426NONREF\n:86:BEA NR:1/2
:62F:C261120EUR2394,29\n-\n"""


def test_details_between_slashes_are_cut_at_their_words():
    found = papers.read(BytesIO(SLASHED.encode()))
    assert [(each.party, each.party_account, each.words, each.reference) for each in found.entries] == [
        ("ELM BOOKS BV", "NL32INGB0000012345", "INV 7/2026", "E-1"),
        ("J JANSEN", "NL12RABO0123456789", "Factuur 9", ""),
        ("", "", "BEA NR:1/2", ""),
    ]


OFX = """OFXHEADER:100\n\n<OFX><STMTRS><CURDEF>USD<BANKACCTFROM><ACCTID>7</BANKACCTFROM><BANKTRANLIST>
<STMTTRN><DTPOSTED>20261119<TRNAMT>920.00<NAME>Elm<{kind}><CURRATE>1.08<CURSYM>EUR</{kind}></STMTTRN>
</BANKTRANLIST></STMTRS></OFX>"""


@pytest.mark.parametrize(("kind", "currency"), [("ORIGCURRENCY", "USD"), ("CURRENCY", "EUR")])
def test_an_amount_that_the_bank_has_converted_is_in_the_currency_of_the_account(kind, currency):
    (line,) = papers.read(BytesIO(OFX.format(kind=kind).encode())).entries
    assert (str(line.amount), line.currency) == ("920.00", currency)
