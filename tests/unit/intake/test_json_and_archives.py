"""Ledgers as JSON, and many files in one archive: read like any other, and nothing unsafe is opened."""

import io
import json
import zipfile

import pytest

from tenants.intake import imports, runs
from tenants.intake.formats import archive, json_file
from tenants.intake.imports import NotLoadable
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.desk import HEADER, OPEN

ROWS = [
    {
        "invoice_number": "J-001",
        "customer": {"number": "C-1", "name": "Dune Garden"},
        "issued_on": "2026-10-05T00:00:00Z",
        "due_on": "2026-11-04",
        "amount": {"amount": "119.00", "currency": "EUR"},
        "tags": ["key", "north"],
        "lines": [{"text": "pots"}],
    },
    {
        "invoice_number": "J-002",
        "customer": {"number": "C-1", "name": "Dune Garden"},
        "issued_on": "2026-10-06",
        "due_on": "2026-11-05",
        "amount": {"amount": "80.10", "currency": "EUR"},
        "note": None,
    },
]
BOOKED = "SELECT number, amount_minor, due_on::text FROM invoice WHERE tenant_id = :tenant ORDER BY number"


def send(desk, data, name="ledger"):
    with desk.door():
        return imports.receive(
            io.BytesIO(data), name=name, source="api", actor="ERP", now=desk.now, files=desk.files
        ).id


def lines(rows):
    return "\n".join(json.dumps(row) for row in rows).encode()


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (json.dumps(ROWS).encode(), "json"),
        (json.dumps({"count": 2, "invoices": ROWS}, indent=1).encode(), "json"),
        (json.dumps({"data": ROWS}).encode(), "json"),
        (lines(ROWS), "ndjson"),
        (b"\xef\xbb\xbf" + lines(ROWS) + b"\n\n", "ndjson"),
    ],
)
def test_the_same_ledger_lands_however_the_json_is_written(desk, data, form):
    import_id = send(desk, data)
    report = desk.check(import_id)
    assert (report.detection["format"], report.accepted, report.questions) == (form, 2, ())
    assert desk.load(import_id).added == 2
    assert desk.asked(BOOKED) == [("J-001", 11_900, "2026-11-04"), ("J-002", 8_010, "2026-11-05")]


def test_a_row_that_cannot_be_read_is_told_by_its_number(desk):
    broken = [ROWS[0], ROWS[1] | {"due_on": "2026-02-30"}]
    report = desk.check(send(desk, lines(broken)))
    assert [(fault.row_no, fault.column) for fault in report.faults] == [(2, "due_on")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"[1, 2]", "Row 1: this is no object with fields."),
        (b'{\n"a": 1}', "There is no list in it"),
        (b'[{"a": 1}]', "There is no list of objects with fields in it."),
        (b'[{"a": 1, "a": 2}]', "stands twice in one object"),
        (b'{"a": 1, "b": 2}\n{"a": 1,\n', "Line 2 is not JSON"),
        (b'[{"a": ', "The file is not JSON"),
        (json.dumps([{f"f{n}": n for n in range(600)}]).encode(), "more than 512 different fields"),
        (b"[" + b'{"a":' * 20 + b"1" + b"}" * 20 + b"]", "nested more than 8 deep"),
    ],
)
def test_json_without_rows_is_refused_with_its_place(desk, data, said):
    assert said in desk.check(send(desk, data)).refusal


def test_lines_and_documents_have_limits(monkeypatch):
    monkeypatch.setattr(json_file, "LONGEST", 40)
    monkeypatch.setattr(json_file, "LARGEST", 40)
    for data in (lines(ROWS), json.dumps(ROWS, indent=1).encode()):
        with pytest.raises(json_file.JsonRefused, match="has more than"):
            json_file.as_table(io.BytesIO(data))


def packed(*files, mark=False):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, data in files:
            parts.writestr(name, data)
    data = buffer.getvalue()
    if not mark:
        return data
    place = data.rfind(b"PK\x01\x02")
    return data[: place + 8] + bytes([data[place + 8] | 1]) + data[place + 9 :]


def test_each_file_of_an_archive_becomes_an_import_of_its_own(desk):
    ledger = "\n".join((HEADER, OPEN, "")).encode()
    data = packed(("a/../../etc/ledger.csv", ledger), ("b/note.xml", made.ubl("U-9")), ("__MACOSX/x", b"litter"))
    import_id = send(desk, data, name="month.zip")
    report = desk.check(import_id)
    assert report.notes == ("Its 2 files came in as imports of their own.",)
    inside = report.detection["files"]
    assert [each["name"] for each in inside] == ["month.zip/ledger.csv", "month.zip/note.xml"]
    with desk.door():
        found = [
            run for run in runs.latest(before=desk.now.replace(year=2030), before_id=import_id) if "/" in run.file_name
        ]
    for run in found:
        desk.check(run.id)
        desk.load(run.id)
    assert [row[0] for row in desk.asked(BOOKED)] == ["A-1", "U-9"]
    with pytest.raises(NotLoadable):
        desk.check(import_id)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (packed(), "The archive holds no file."),
        (packed(("inner.zip", packed(("a", b"b")))), "“inner.zip” is an archive inside the archive."),
        (packed(("inner.gz", b"\x1f\x8b0000")), "is an archive inside the archive."),
        (packed(("bomb.csv", b"0" * (2 << 20))), "“bomb.csv” unpacks to far more than it should."),
        (packed(("a.csv", b"a"), mark=True), "“a.csv” is locked with a password."),
        (packed(("a.csv", b"a" * 2000))[:-30], "The archive is damaged."),
    ],
    ids=("empty", "zip", "gz", "bomb", "locked", "damaged"),
)
def test_an_archive_that_is_not_safe_is_refused_whole(desk, data, said):
    report = desk.check(send(desk, data))
    assert said in report.refusal
    assert desk.asked("SELECT count(*) FROM import_run WHERE tenant_id = :tenant") == [(1,)]


def test_an_archive_of_too_many_files_is_refused(desk, monkeypatch):
    monkeypatch.setattr(archive, "MOST_FILES", 1)
    assert "1 is the most" in desk.check(send(desk, packed(("a", b"1"), ("b", b"2")))).refusal
