"""Damaged files: cut off, bent, doubled, written in another encoding. Each is answered by a sentence, never by a fault.

GOODTERMS_FULL=1 takes some thousands of mutations of the published samples too; GOODTERMS_SEED starts elsewhere.
"""

import io
import os
import random
from pathlib import Path

import pytest

from tenants.intake import imports
from tenants.intake.report import Report
from tenants.ledger import selfcheck
from tenants.values.faults import Refusal
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.desk import HEADER, LEDGER

PROJECT = Path(__file__).parents[3]
FULL = os.environ.get("GOODTERMS_FULL") == "1"
SEED = int(os.environ.get("GOODTERMS_SEED", "1"))
ROUNDS = 6
LARGEST_SAMPLE = 60_000
NASTY = (
    *(
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b'"',
        b"'",
        b"\r",
        b"\n",
        b";",
        b",",
        b"<",
        b">",
        b"&",
        b"]]>",
        b"-",
        b":",
    ),
    *(b"9" * 40, b"1e999", b"NaN", b"-0.00", b"2026-02-30", b"30.02.2026", b"\xe2\x80\xae", b"<!DOCTYPE a>", b"&#0;"),
    *(b"A" * 5000, b"\xc3\x28", b"{", b"[" * 300, b"/", b"XXX", b"\xd9\xa3", b"0" * 30, b"<a>" * 300),
)


def cut(data, rng):
    return data[: rng.randrange(len(data) + 1)]


def behead(data, rng):
    return data[rng.randrange(len(data) + 1) :]


def bend(data, rng):
    out = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        out[rng.randrange(len(out))] = rng.randrange(256)
    return bytes(out)


def drop(data, rng):
    at = rng.randrange(len(data))
    return data[:at] + data[at + rng.randint(1, 60) :]


def double(data, rng):
    at, long = rng.randrange(len(data)), rng.randint(1, 400)
    return data[: at + long] + data[at : at + long] * rng.randint(1, 4) + data[at + long :]


def stick(data, rng):
    at = rng.randrange(len(data) + 1)
    return data[:at] + rng.choice(NASTY) + data[at:]


def digits(data, rng):
    return bytes(rng.choice(b"0123456789") if byte in b"0123456789" and rng.random() < 0.1 else byte for byte in data)


def swap(data, rng):
    lines = data.split(b"\n")
    rng.shuffle(lines)
    return b"\n".join(lines)


def recode(data, rng):
    text = data.decode("utf-8", errors="replace")
    return text.encode(rng.choice(("utf-16", "utf-16-le", "cp1252", "utf-8-sig", "cp037")), errors="replace")


WAYS = (cut, behead, bend, drop, double, stick, digits, swap, recode)
SMALL = {
    "csv": "\n".join((HEADER, *LEDGER, "")).encode(),
    "ubl": made.ubl(),
    "cii": made.cii(),
    "camt": made.camt(made.entry("5.00"), made.entry("2.00", side="DBIT")),
    "json": b'[{"number": "A-1", "customer": "C-1", "date": "2026-10-05", "due": "2026-11-04", "amount": "119.00"}]',
    "mt940": b":20:1\r\n:25:DE02120300000000202051\r\n:28C:1/1\r\n:60F:C261101EUR0,00\r\n:61:2611021102C5,00NTRFA-1\r\n"
    b":86:Dune\r\n:62F:C261102EUR5,00\r\n-\r\n",
    "bai2": b"01,A,B,261102,1000,1,,,2/\n02,B,A,1,261102,,EUR,2/\n03,123,EUR,010,0,,/\n16,165,500,,r,,Dune/\n"
    b"49,500,3/\n98,500,1,5/\n99,500,1,7/\n",
    "ofx": b"OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKACCTFROM><ACCTID>1</BANKACCTFROM>"
    b"<BANKTRANLIST><STMTTRN><TRNTYPE>CREDIT<DTPOSTED>20261102<TRNAMT>5.00<FITID>1<NAME>Dune</STMTTRN></BANKTRANLIST>"
    b"</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>",
    "pdf": made.pdf(("factur-x.xml", made.cii())),
    "xlsx": made.workbook(tuple(HEADER.split(",")), tuple(LEDGER[0].split(","))),
}


class TakenBack(Exception):
    """Ends a round without keeping any of it."""


def told(desk, data):
    """What intake says of a file, through the whole pipeline; nothing is kept."""
    answer = None
    try:
        with desk.door():
            try:
                run = imports.receive(
                    io.BytesIO(data), name="x", source="erp", actor="Vera", now=desk.now, files=desk.files
                )
                answer = imports.check(run.id, files=desk.files, rules=Silent())
                if answer.loadable:
                    imports.load(run.id, now=desk.now, today=desk.today)
                    assert selfcheck.run(desk.today) == []
            except Refusal as refusal:
                answer = refusal
            raise TakenBack
    except TakenBack:
        return answer


class Silent:
    """Rules that say nothing: what is asked here is whether the readers hold."""

    def judge(self, document, *, syntax):
        return []


def has_sentence(answer):
    if isinstance(answer, Refusal):
        return bool(answer.detail)
    assert isinstance(answer, Report)
    return answer.loadable or bool(answer.refusal or answer.faults or answer.questions or answer.notes)


def rounds(desk, name, data, count, faults=None):
    """Bend a file so many times; a fault is raised at once, or kept with its name where a list is given."""
    for at in range(count):
        rng = random.Random(f"{SEED}/{name}/{at}")
        way = WAYS[at % len(WAYS)]
        bent = way(data, rng) if data else data
        try:
            answer = told(desk, bent)
        except Exception as fault:
            if faults is None:
                raise
            faults.append((name, at, way.__name__, repr(fault)[:300]))
            continue
        assert has_sentence(answer) or answer.read == 0, (name, at, way.__name__, answer)


@pytest.mark.parametrize("name", sorted(SMALL))
def test_a_damaged_file_is_answered_by_a_sentence(desk, name):
    rounds(desk, name, SMALL[name], ROUNDS * len(WAYS) if FULL else len(WAYS))


@pytest.mark.timeout(900)
@pytest.mark.skipif(not FULL, reason="thousands of mutations: set GOODTERMS_FULL=1")
def test_no_mutation_of_the_published_samples_is_a_fault(desk, record_property):
    folder = Path(os.environ.get("GOODTERMS_SHARED") or PROJECT.parent / "shared") / "data"
    if not folder.is_dir():
        pytest.skip("the published samples are not here: set GOODTERMS_SHARED to the folder that holds data/")
    taken, faults = 0, []
    for kind in ("ar", "bank", "einvoice", "remittance"):
        for path in sorted((folder / kind).rglob("*")):
            if path.is_file() and "rule-unit" not in str(path) and path.stat().st_size < LARGEST_SAMPLE:
                rounds(desk, path.name, path.read_bytes(), ROUNDS * 3, faults)
                taken += ROUNDS * 3
    record_property("mutations", taken)
    assert taken and faults == []
