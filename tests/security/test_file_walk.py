"""Every file that somebody downloads to open it in a spreadsheet: what strangers wrote runs in none of them."""

import csv
import io
import zipfile
from contextlib import contextmanager, suppress
from dataclasses import replace

import psycopg
from psycopg import sql
from python_calamine import CalamineWorkbook

from tenants.values import sheets
from tests.security.probe.canaries import TEXTS, WRITTEN_BY_PEOPLE
from tests.security.walks import FULL, send, stops, welcome

VERBS = ("=", "+", "-", "@", "\t", "\r", "|", "＝", "＠")
WORD = "1+cmd."
SPOIL = sql.SQL("UPDATE app.{0} SET {1} = {2} || {1} WHERE tenant_id = {3} AND {1} <> ''")
MEND = sql.SQL("UPDATE app.{0} SET {1} = substr({1}, {2}) WHERE tenant_id = {3} AND {1} LIKE {4}")
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@contextmanager
def spoilt(stage, tenant):
    """Every text that people write begins as a formula does, for a while."""
    with stage.eye() as line:
        found = [(sql.Identifier(table), sql.Identifier(column)) for table, column in written(line)]
        for number, names in enumerate(found):
            with suppress(psycopg.errors.IntegrityError), line.transaction():  # the column takes words of code alone
                line.execute(SPOIL.format(*names, VERBS[number % len(VERBS)] + WORD, tenant))
    yield
    with stage.eye() as line:
        for names in found:
            line.execute(MEND.format(*names, len(WORD) + 2, tenant, f"_{WORD}%"))


def written(line):
    return [each for each in line.execute(TEXTS).fetchall() if WRITTEN_BY_PEOPLE.search(each[1])]


def cells(answer):
    """Every cell of a table."""
    if answer.mimetype == BOOK:
        book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
        return [cell for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row]
    return [cell for row in csv.reader(io.StringIO(answer.data.decode("utf-8-sig"), newline="")) for cell in row]


def has_formula(book):
    """Whether any sheet of a workbook has one."""
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        return any(b"<f>" in parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/"))


def files(stage):
    """Every table that somebody can download, in each of its forms."""
    for stop in (each for each in stops(stage) if each.route.method == "GET" and welcome(stage, each.route)):
        fields = stop.route.query().fields if stop.route.query else {}
        if not (FULL or "file" in fields or stop.route.produces == "text/csv"):
            continue
        for more in ("file=csv", "file=xlsx") if "file" in fields else ("",):
            path = stop.path + (("&" if "?" in stop.path else "?") + more if more else "")
            answer = send(welcome(stage, stop.route).client, replace(stop, path=path))
            if answer.status_code == 200 and answer.mimetype in ("text/csv", BOOK):
                yield stop.name, answer


def test_no_cell_of_any_file_is_a_formula(stage):
    seen, marked, wrong = set(), 0, []
    with spoilt(stage, stage.alder.tenant):
        for name, answer in files(stage):
            told = [each for each in cells(answer) if isinstance(each, str)]
            seen.add((name, answer.mimetype))
            marked += sum(WORD in each for each in told)
            runs = [each for each in told if sheets.safe(each) != each] if answer.mimetype == "text/csv" else []
            wrong += [f"{name}: {each[:60]!r}" for each in runs]
            wrong += [f"{name} holds a formula"] if answer.mimetype == BOOK and has_formula(answer.data) else []
    assert wrong == []
    assert len(seen) >= 5 and marked >= 5
