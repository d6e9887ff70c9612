"""Decides what a file of figures looks like: exactly what was seen, as CSV or as a workbook, safe to open.

A cell that a spreadsheet would run as a formula gets an apostrophe in CSV and is a plain string in a workbook: whoever
names a customer `=HYPERLINK(…)` must not act in somebody's office. Amounts are numbers with their currency's digits.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from fractions import Fraction

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from tenants.values import money
from tenants.values.faults import Kind, Refusal
from tenants.values.money import Money
from tenants.values.sheets import safe

MOST_ROWS = 100_000
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
WIDEST = 60
Cell = str | int | float | date | Money | Fraction | None


class Share(Fraction):
    """A part of a whole: a workbook shows it in per cent."""


class TooManyRows(Refusal):
    """The list is longer than a file that a person opens."""

    kind = Kind.CONFLICT
    code = "too_many_rows"
    remedy = "Narrow the list, or read it page by page from the API."


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of a file, with what must be known to read it."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[Cell]]
    notes: tuple[tuple[str, str], ...] = ()


def made(kind: str, sheets: Sequence[Sheet], *, now: datetime) -> bytes:
    """The file of a kind of TYPES. Raises TooManyRows."""
    if sum(len(sheet.rows) for sheet in sheets) > MOST_ROWS:
        raise TooManyRows(f"A file holds at most {MOST_ROWS:,} rows.")
    return _csv(sheets) if kind == "csv" else _xlsx(sheets, now)


def _csv(sheets: Sequence[Sheet]) -> bytes:
    """All tables below each other; money takes two cells, the amount and its currency."""
    paper = io.StringIO(newline="")
    pen = csv.writer(paper)
    for at, sheet in enumerate(sheets):
        if len(sheets) > 1:
            pen.writerows([[]] if at else [])
            pen.writerow([safe(sheet.title)])
        moneyed = _moneyed(sheet)
        heads = [[title, "Currency"] if column in moneyed else [title] for column, title in enumerate(sheet.columns)]
        pen.writerow([safe(title) for head in heads for title in head])
        for row in sheet.rows:
            pen.writerow([text for column, cell in enumerate(row) for text in _texts(cell, column in moneyed)])
    return "\ufeff".encode() + paper.getvalue().encode()


def _texts(cell: Cell, moneyed: bool) -> list[str]:
    if isinstance(cell, Money):
        return [cell.as_text(), cell.currency]
    return [_text(cell), ""] if moneyed else [_text(cell)]


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return safe(cell)
    if isinstance(cell, Fraction):
        return f"{float(cell):.6g}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _moneyed(sheet: Sheet) -> set[int]:
    return {column for row in sheet.rows for column, cell in enumerate(row) if isinstance(cell, Money)}


def _xlsx(sheets: Sequence[Sheet], now: datetime) -> bytes:
    """A sheet per table and one that says what they are; nothing in it is a formula or a link."""
    paper = io.BytesIO()
    with xlsxwriter.Workbook(
        paper, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    ) as book:
        book.set_properties({"created": now.astimezone(UTC).replace(tzinfo=None)})
        pens = _Pens(book)
        names: set[str] = set()
        for sheet in sheets:
            _sheet(book.add_worksheet(_name(sheet.title, names)), sheet, pens)
        notes = [(sheet.title, *note) for sheet in sheets for note in sheet.notes]
        if notes:
            _sheet(book.add_worksheet(_name("About", names)), Sheet("About", ("Table", "What", "Said"), notes), pens)
    return paper.getvalue()


class _Pens:
    """The formats of a workbook, each made once."""

    def __init__(self, book: Workbook) -> None:
        self._book = book
        self._made: dict[str, Format] = {}
        self.head = book.add_format({"bold": True, "bottom": 1})

    def of(self, digits: str) -> Format:
        """The format with these digits."""
        if digits not in self._made:
            self._made[digits] = self._book.add_format({"num_format": digits})
        return self._made[digits]

    def money(self, currency: str) -> Format:
        """Amounts of a currency with its code in front and as many digits as it has."""
        places = money.digits(currency)
        return self.of(f'"{currency}" #,##0' + (f".{'0' * places}" if places else ""))


def _sheet(page: Worksheet, sheet: Sheet, pens: _Pens) -> None:
    page.freeze_panes(1, 1)
    for column, title in enumerate(sheet.columns):
        page.write_string(0, column, title, pens.head)
        page.set_column(column, column, _width(title, [row[column] for row in sheet.rows[:200]]))
    for at, row in enumerate(sheet.rows, start=1):
        for column, cell in enumerate(row):
            _write(page, at, column, cell, pens)


def _write(page: Worksheet, row: int, column: int, cell: Cell, pens: _Pens) -> None:
    match cell:
        case None:
            return
        case str():
            page.write_string(row, column, cell)
        case Money():
            page.write_number(row, column, float(cell.as_decimal()), pens.money(cell.currency))
        case Fraction():
            page.write_number(row, column, float(cell), pens.of("0.0%" if isinstance(cell, Share) else "#,##0.0"))
        case date():
            page.write_datetime(row, column, cell, pens.of("yyyy-mm-dd"))
        case _:
            page.write_number(row, column, cell)


def _width(title: str, cells: Sequence[Cell]) -> int:
    longest = max([len(_shown(cell)) for cell in cells] + [len(title)])
    return min(longest + 2, WIDEST)


def _shown(cell: Cell) -> str:
    return f"{cell.as_text()} {cell.currency}" if isinstance(cell, Money) else _text(cell)


def _name(title: str, taken: set[str]) -> str:
    """A name that a workbook allows and that it has not yet."""
    plain = "".join(" " if letter in "[]:*?/\\'" else letter for letter in title).strip()[:28] or "Sheet"
    name, number = plain, 2
    while name.lower() in taken:
        name, number = f"{plain} {number}", number + 1
    taken.add(name.lower())
    return name


def plain_value(value: Fraction | int | None, unit: str, currency: str) -> Cell:
    """The value of a figure as a cell: money as money, a share or days as a number."""
    if value is None:
        return None
    if unit == "minor":
        return Money(round(value), currency)
    if unit == "count":
        return int(value)
    return Share(value) if unit == "ratio" else Fraction(value)
