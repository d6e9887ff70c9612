"""A workbook becomes the ledger that its CSV export would have become."""

import zipfile
from datetime import date, datetime, time
from io import BytesIO

import pytest
import xlsxwriter

from tenants.intake import imports
from tenants.intake.formats import csv_file, sheets, xlsx_file
from tenants.intake.formats.text import FileRefused
from tenants.intake.formats.xlsx_file import WorkbookRefused
from tests.unit.intake import papers_made_up as made
from tests.unit.intake.test_einvoices import send, take

HEADER = ("Invoice no", "Customer no", "Invoice date", "Due date", "Amount", "Disputed")
ROWS = (
    HEADER,
    ("0017", "C-1", date(2026, 10, 5), date(2026, 11, 4), 119.0, False),
    (),
    (18, "C-1", date(2026, 10, 6), date(2026, 11, 5), 1234.56, True),
    (19, "C-2", date(2026, 10, 6), date(2026, 11, 5), 0.1 + 0.2, ""),
)


def opened(data):
    with sheets.opened(BytesIO(data)) as (table, layout):
        return layout, list(csv_file.rows(table, layout))


def test_a_workbook_lands_as_a_ledger(desk):
    report, outcome = take(desk, made.workbook(*ROWS, sheets=("Cover", "Ledger")), name="ledger.xlsx")
    assert (report.detection["format"], report.detection["sheet"], report.blank) == ("xlsx", "Ledger", 1)
    assert (report.accepted, outcome.added) == (3, 3)
    found = desk.asked("SELECT number, amount_minor FROM invoice WHERE tenant_id = :tenant ORDER BY number")
    assert found == [("0017", 11900), ("18", 123456), ("19", 30)]


def test_faults_name_the_row_that_the_spreadsheet_shows(desk):
    rows = (*ROWS, (20, "C-3", "soon", date(2026, 11, 5), 5))
    report = desk.check(send(desk, made.workbook(*rows)))
    assert [(fault.row_no, fault.column) for fault in report.faults] == [(6, "Invoice date")]


def book(**sheets):
    out = BytesIO()
    with xlsxwriter.Workbook(out, {"default_date_format": "yyyy-mm-dd"}) as file:
        for name, rows in sheets.items():
            sheet = file.add_worksheet(name)
            for at, row in enumerate(rows):
                sheet.write_row(at, 0, row)
    return out


def test_the_first_sheet_that_is_understood_is_taken():
    cover = (("Open items", "As of"), ("Alder", "30 September"))
    with imports.opened(book(Cover=cover, Ledger=ROWS)) as (_, layout):
        assert (layout.sheet, layout.header) == ("Ledger", HEADER)
    with imports.opened(book(Cover=cover, Notes=(("of", "no"), ("use", 1)))) as (_, layout):
        assert layout.sheet == "Cover", "its columns can be chosen by a person"


def test_values_are_written_as_one_would_type_them():
    _, rows = opened(made.workbook(("Name", "Worth"), ("a\nb", 1234.567), ("c", 1e15), ("d", True)))
    assert [cells for _, cells in rows] == [["a b", "1234.5670"], ["c", "1000000000000000"], ["d", "yes"]]
    assert xlsx_file._shown(datetime(2026, 11, 5, 8, 30)) == "2026-11-05 08:30:00"  # noqa: DTZ001 - sheets know no zones
    assert (xlsx_file._shown(datetime(2026, 11, 5)), xlsx_file._shown(time(8, 30))) == ("2026-11-05", "08:30:00")  # noqa: DTZ001


def archive(**parts):
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in parts.items():
            file.writestr(name, data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"PK\x03\x04 and no more", "damaged"),
        (archive(readme="hello"), "This is an archive, not a workbook."),
        (archive(**{"xl/workbook.xml": "<broken"}), "damaged or locked"),
        (made.workbook(), "No sheet of the workbook holds a table."),
        (made.workbook(("alone",)), "No sheet of the workbook holds a table."),
    ],
)
def test_what_is_no_table_is_refused_with_a_sentence(data, said):
    with pytest.raises(FileRefused, match=said):
        opened(data)


def test_a_workbook_that_would_burst_is_not_unpacked(monkeypatch):
    monkeypatch.setattr(xlsx_file, "LARGEST", 1000)
    with pytest.raises(WorkbookRefused, match="Unpacked, the workbook would have"):
        opened(made.workbook(*ROWS))
