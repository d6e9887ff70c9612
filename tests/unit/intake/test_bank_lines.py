"""Bank statements on their way in: each line once, and money only where the line itself says whose it is."""

from datetime import UTC, date, datetime
from io import BytesIO
from uuid import UUID

import pytest

from tenants.directory import clients
from tenants.intake import bank_lines, imports
from tenants.intake.formats import bai2
from tenants.intake.formats.statement import StatementRefused
from tenants.intake.imports import NotLoadable
from tenants.intake.mapping import Mapping
from tenants.ledger import selfcheck
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.desk import LEDGER

LINES = """
SELECT amount_minor, party, words, payment_id IS NOT NULL FROM bank_line WHERE tenant_id = :tenant ORDER BY amount_minor
"""
OFX = b"""OFXHEADER:100\nDATA:OFXSGML\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR
<BANKACCTFROM><ACCTID>77</BANKACCTFROM><BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261118120000[-5:EST]
<TRNAMT>12.34<FITID>f1<NAME>Dune &amp; Sons<MEMO>thanks</STMTTRN>
</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"""
MT940 = b""":20:X\n:25:123/456\n:28C:1\n:60F:C261117EUR10,00
:61:2611181118C12,34NTRFNONREF//B1
:86:166?00CREDIT?20EREF+A-9?21SVWZ+thanks for pots?32Dune?33 Garden
:62F:C261118EUR22,34\n-\n"""
BAI2 = b"""01,A,B,261118,0800,1,,,2/\n02,B,A,1,261118,0800,EUR,2/\n03,55,EUR,010,100,,/\n16,142,1234,V,261119,,r1,A-9/
88,THANKS\n49,1334,4/\n98,1334,1,6/\n99,1334,1,8/\n"""
SHEET = b"""Booking date;Description;Paid in;Paid out;Currency
18.11.2026;thanks;1.012,34;;EUR\n19.11.2026;rent;;700,00;EUR
"""


def send(desk, data, *, source="bank"):
    with desk.door():
        return imports.receive(
            BytesIO(data), name="statement", source=source, actor="Vera", now=desk.now, files=desk.files
        ).id


def take(desk, data, **over):
    import_id = send(desk, data, **over)
    return desk.check(import_id), desk.load(import_id)


def test_a_statement_books_nothing_by_itself(desk, in_alder):
    desk.take(*LEDGER)
    data = made.camt(made.entry("119.00", "invoice A-1?"), made.entry("80.00", "Re. INV/A-3, thank you"))
    report, outcome = take(desk, data)
    assert (report.detection["kind"], report.detection["format"], report.accepted) == ("bank", "camt.053", 2)
    assert (outcome.added, outcome.payments_added) == (2, 0)
    with in_alder:
        assert selfcheck.run(desk.today) == []
        waiting = bank_lines.page(before=date.max, before_id=UUID(int=0), unmatched=True)
        assert sorted(line.amount_minor for line in waiting) == [8000, 11900]


def test_a_line_that_is_reported_twice_is_one_line_and_two_alike_are_two(desk):
    twice = made.camt(made.entry("5.00", "cash"), made.entry("5.00", "cash"))
    assert take(desk, twice)[1].added == 2
    outcome = take(desk, made.camt(made.entry("5.00", "cash"), made.entry("5.00", "cash"), made.entry("6.00", "more")))[
        1
    ]
    assert (outcome.added, outcome.same) == (1, 2)
    assert [row[0] for row in desk.asked(LINES)] == [500, 500, 600]


def test_pending_lines_wait_and_collected_payments_are_cut_apart(desk):
    collected = f"""<Ntry><Amt Ccy="EUR">30.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts>BOOK</Sts><ValDt><Dt>2026-11-18</Dt>
    </ValDt><NtryDtls>{made.payment("one", "10.00")}{made.payment("two", "20.00")}</NtryDtls></Ntry>"""
    uneven = collected.replace("30.00", "31.00").replace("CRDT", "DBIT")
    bare = collected.replace('<Amt Ccy="EUR">10.00</Amt>', "").replace("30.00", "32.00")
    report, _ = take(desk, made.camt(collected, uneven, bare, made.entry("7.00", status="PDNG")))
    assert report.notes == ("1 pending lines were left out; they come again once they are booked.",)
    assert [row[:3] for row in desk.asked(LINES)] == [
        (-3100, "", "one two"),
        (1000, "Dune Garden", "one"),
        (2000, "Dune Garden", "two"),
        (3200, "", "one two"),
    ]


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (OFX, "ofx", (1234, "Dune & Sons", "Dune & Sons thanks")),
        (MT940, "mt940", (1234, "Dune Garden", "thanks for pots")),
        (BAI2, "bai2", (1234, "", "THANKS")),
    ],
)
def test_other_formats_say_the_same(desk, data, form, said):
    report, outcome = take(desk, data)
    assert (report.detection["format"], outcome.added) == (form, 1)
    assert desk.asked(LINES)[0][:3] == said


def test_a_sheet_of_a_bank_is_a_statement_and_no_ledger(desk):
    report, _ = take(desk, SHEET)
    assert report.detection == {
        "kind": "bank",
        "format": "csv-statement",
        "accounts": [""],
        "dates": {"booked_on": "dmy"},
    }
    assert [row[0] for row in desk.asked(LINES)] == [-70000, 101234]
    rows = (
        ("Date", "Label", "Amount", "D/C"),
        (date(2026, 11, 18), "thanks", 12.34, "C"),
        (date(2026, 11, 19), "rent", 7, "D"),
    )
    assert take(desk, made.workbook(*rows))[0].detection["format"] == "xlsx-statement"
    assert [row[0] for row in desk.asked(LINES)] == [-70000, -700, 1234, 101234]


def test_the_feed_is_as_fresh_as_its_newest_line(desk, in_alder):
    take(desk, made.camt(made.entry("5.00", "cash", day=date(2026, 11, 1))))
    with in_alder:
        assert clients.profile().bank_feed_at == datetime(2026, 11, 2, tzinfo=UTC)
    take(desk, made.camt(made.entry("5.00", "cash", day=desk.today)))
    with in_alder:
        assert clients.profile().bank_feed_at == desk.now
    take(desk, made.camt(made.entry("6.00", "cash", day=date(2026, 11, 3))))
    with in_alder:
        assert clients.profile().bank_feed_at == desk.now


def test_loading_again_adds_nothing_and_an_empty_statement_loads_nothing(desk):
    import_id = send(desk, made.camt(made.entry("5.00", "cash")))
    desk.check(import_id)
    assert desk.load(import_id).added == 1
    assert desk.load(import_id).added == 0
    empty = send(desk, made.camt())
    assert desk.check(empty).notes == ("The statement tells of no movement.",)
    with pytest.raises(NotLoadable):
        desk.load(empty)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (made.camt(), ""),
        (made.camt().replace(b"<IBAN>DE02120300000000202051</IBAN>", b""), "Acct: rule schema: the account is missing"),
        (made.camt(made.entry("5.001")), "more decimals than EUR"),
        (made.camt(made.entry("x")), "“x” is not an amount"),
        (made.camt(made.entry("5").replace("CRDT", "?")), "CdtDbtInd: rule schema"),
        (made.camt(made.entry("5").replace("2026-11-18", "2026-02-30")), "“2026-02-30” is not a day"),
        (made.camt(made.entry("5").replace("EUR", "XYZ")), "“XYZ” is not a currency"),
        (made.camt(kind="BkToCstmrStmt/Other"), "there is no statement in it"),
        (OFX.replace(b"<DTPOSTED>20261118120000[-5:EST]", b""), "STMTTRN/DTPOSTED: rule OFX: it is missing"),
        (b"OFXHEADER:100\n", "the header is followed by nothing"),
        (b"<OFX></OFX>", "there is no account statement"),
        (b"<!DOCTYPE x><OFX></OFX>", "DOCTYPE"),
        (b"<OFX><STATUS><CODE>15500<SEVERITY>ERROR<MESSAGE>No</STATUS></OFX>", "answered with error 15500: No"),
        (MT940.replace(b":25:123/456\n", b""), ":25:: the account is missing"),
        (MT940.replace(b":60F:C261117EUR10,00", b""), ":60F:: the opening balance is missing"),
        (MT940.replace(b"EUR10,00", b"10,00"), "is not a balance"),
        (MT940.replace(b"C12,34", b"12,34"), "is not a statement line"),
        (MT940.replace(b"2611181118", b"261318"), "there is no day 2026-13-18"),
        (b":20:X\n", ":25:: the account is missing"),
        (b":25:1/2\n", ":60F:: the opening balance is missing"),
        (BAI2.replace(b"49,1334,4", b"49,1334,5"), "rule BAI2 49: the trailer counts 5 records, there are 4"),
        (BAI2.replace(b"49,1334", b"49,1335"), "rule BAI2 49: the control total is 1335, the amounts give 1334"),
        (BAI2.replace(b"49,1334", b"47,1334"), "there is no record “47”"),
        (BAI2.replace(b"99,1334,1,8/", b""), "begins with record 01 and ends with record 99"),
        (BAI2.replace(b"1234,V", b"12x4,V"), "“12x4” is not an amount"),
        (BAI2.replace(b"EUR", b"XYZ"), "“XYZ” is not a currency"),
        (BAI2.replace(b"03,55", b"16,142,1/\n03,55"), "record 16 stands outside an account"),
        (SHEET.replace(b"1.012,34", b"lots"), "Row 2, column “Paid in”: This is not an amount."),
        (SHEET.replace(b"19.11.2026", b"31.11.2026"), "Row 3, column “Booking date”: There is no such day"),
        (SHEET.replace(b"19.11.2026", b""), "Row 3, column “Booking date”: it is empty"),
        (SHEET.replace(b";EUR\n19", b";XYZ\n19"), "Row 2, column “Currency”: “XYZ” is not a currency"),
        (SHEET + b"19.11.2026;x\n", "Row 4: it has 2 cells, the header 5."),
        (b"Date,Label,Amount\n3/4/2026,x,1.00\n", "is 3/4 the 3rd of April"),
        (b"Date,Label,Amount,D/C\n2026-04-03,x,1.00,?\n", "“?” is neither debit nor credit"),
    ],
)  # fmt: skip
def test_a_statement_that_does_not_hold_is_refused_whole_with_its_place(desk, data, said):
    report = desk.check(send(desk, data))
    assert said in report.refusal
    assert bool(report.refusal) == bool(said)
    assert desk.asked("SELECT count(*) FROM import_bank_line WHERE tenant_id = :tenant") == [(0,)]


SLASHES = b"Date,Value date,Label,Amount\n3/4/2026,%s,invoice A-1,100.00\n"
DAYS = "SELECT DISTINCT booked_on FROM bank_line WHERE tenant_id = :tenant ORDER BY booked_on"


def test_who_says_in_which_order_a_statement_writes_its_dates_is_asked_once(desk):
    waiting = send(desk, SLASHES % b"3/4/2026")
    assert "Choose the order of dates" in desk.check(waiting).refusal_remedy
    told = Mapping.read({"columns": {"amount": "Amount"}, "dates": "mdy"})
    with desk.door():
        assert imports.check(waiting, files=desk.files, chosen=told).detection["dates"] == {"booked_on": "mdy"}
    desk.load(waiting)
    take(desk, (SLASHES % b"3/4/2026").replace(b"3/4", b"3/5"))
    assert desk.asked(DAYS) == [(date(2026, 3, 4),), (date(2026, 3, 5),)]
    take(desk, (SLASHES % b"13/4/2026").replace(b"A-1", b"A-2"))
    assert desk.asked(DAYS)[-1] == (date(2026, 4, 3),), "what a file proves itself goes before"
    assert "3rd of April" in desk.check(send(desk, SLASHES % b"3/4/2026", source="another bank")).refusal
    assert desk.check(send(desk, (SLASHES % b"3/4/2026").replace(b"/", b"."), source="a third")).accepted == 1


def test_records_of_bai2_that_book_nothing_are_counted_only(desk):
    data = b"""01,A,B,261118,0800,1,,,2/\n02,B,A,1,261118,0800,,2/\n03,55,EUR,010,100,,D,1,0,100,015,5,,/\n88,100,7,,/
16,890,1,,r,,loan/\n16,475,300,D,1,0,300,r2,,cheque/\n49,413,5/\n98,413,1,7/\n99,413,1,9/\n"""
    take(desk, data)
    assert [row[0] for row in desk.asked(LINES)] == [-300]
    for broken, said in (
        (data.replace(b"02,B,A,1,261118,0800,,2/\n", b""), "outside a group"),
        (b"88,x,,,,,,,/\n", "continues nothing"),
    ):
        with pytest.raises(StatementRefused, match=said):
            bai2.read(broken.decode())
