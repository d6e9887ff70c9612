"""Decides how a CSV file is cut into cells: delimiter, quoting, and which row is the header; then streams its rows.

Row numbers are those that a spreadsheet shows: the header counts, blank rows count, a line break inside a cell does
not. A million rows pass through in the memory of one.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO

from tenants.intake.formats import text
from tenants.intake.formats.text import FileRefused

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 200
_WIDEST = 512
_SEP = re.compile(r'^"?sep=(.)"?\s*$', re.IGNORECASE)
_DECIMAL = re.compile(r"\d,\d\d?(?!\d)")
"""A comma that is no delimiter, where the file has other signs that may be."""
_VALUE = re.compile(r"^[\s$€£(+-]*\d[\d.,'/\s:-]*\)?$")
"""A cell that is a number, an amount or a date: headers do not contain such."""


@dataclass(frozen=True, slots=True)
class Layout:
    """How the file is cut."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    """The names of the columns, made up (`Column 3`) where the file gives none."""
    header_row: int
    """The row number of the header, 0 when the file has none."""
    skipped: int
    """Rows before the first data row: titles, the header, Excel's `sep=` line."""
    format: str = "csv"
    sheet: str = ""
    """The sheet of the workbook that the table stands in."""


def inspect(file: BinaryIO, *, delimiter: str = "") -> Layout:
    """Look at the file and decide, unless the delimiter is known; refuses what is no table."""
    encoding = text.encoding_of(file)
    lines = text.lines(file, encoding=encoding)
    sample = list(islice(lines, _SAMPLE))
    lines.close()  # type: ignore[attr-defined]
    stated = None if delimiter else _SEP.match(sample[0])
    delimiter = delimiter or (stated[1] if stated else _delimiter(sample))
    records = _records(sample[1:] if stated else sample, delimiter)
    return _layout(encoding, delimiter, records, 1 if stated else 0)


def rows(file: BinaryIO, layout: Layout) -> Iterator[tuple[int, list[str]]]:
    """Row number and cells of every row after the header, blank ones included."""
    reader = csv.reader(text.lines(file, encoding=layout.encoding), delimiter=layout.delimiter)
    try:
        yield from islice(enumerate(reader, 1), layout.skipped, None)
    except csv.Error as fault:
        raise FileRefused(
            f"Near line {reader.line_num:,} a cell never ends: it is over {csv.field_size_limit():,} characters long.",
            remedy="Look for a quotation mark that is opened and never closed.",
        ) from fault


def _records(sample: list[str], delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(sample, delimiter=delimiter))
    except csv.Error:
        return []


def _delimiter(sample: list[str]) -> str:
    """The sign that cuts most rows into the same number of cells, more than one; more cells win over fewer."""

    others = any(";" in line or "\t" in line for line in sample)

    def fitness(sign: str) -> tuple[float, int]:
        records = [record for record in _records(sample, sign) if record]
        if sign == "," and others:
            records = [record for record in records if len(record) > 2 or not _DECIMAL.search(",".join(record))]
        widths = Counter(map(len, records))
        if not widths:
            return 0.0, 0
        width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
        return (0.0, 0) if width == 1 else (round(count / widths.total(), 1), width)

    best = max(_DELIMITERS, key=fitness)
    if fitness(best) == (0.0, 0):
        raise FileRefused("The file has only one column: no comma, semicolon, tab or bar separates anything.")
    return best


def _layout(encoding: str, delimiter: str, records: list[list[str]], before: int) -> Layout:
    widths = Counter(len(record) for record in records if "".join(record).strip())
    if not widths:
        raise FileRefused("The file cannot be cut into rows.")
    width = max(widths.items(), key=lambda item: (item[1] * item[0], item[0]))[0]
    if width > _WIDEST:
        raise FileRefused(f"The file has {width:,} columns; {_WIDEST} is the most.")
    first = next(_tops(records, width))
    names = [cell.strip() for cell in records[first]]
    if _is_header(names):
        return Layout(encoding, delimiter, _named(names), before + first + 1, before + first + 1)
    return Layout(encoding, delimiter, _named([""] * width), 0, before + first)


def _tops(records: list[list[str]], width: int) -> Iterator[int]:
    """Where the table may begin, the likeliest first: at a header, else at a row that is filled, else at any row.

    A title above the table stands in a row as wide as the table where a spreadsheet has filled it up.
    """
    square = [at for at, record in enumerate(records) if len(record) == width and any(cell.strip() for cell in record)]
    full = [at for at in square if sum(bool(cell.strip()) for cell in records[at]) > width // 2]
    yield from full[:1]
    yield square[0]


def _is_header(names: list[str]) -> bool:
    return not any(_VALUE.match(name) for name in names) and sum(map(bool, names)) > len(names) // 2


def _named(names: list[str]) -> tuple[str, ...]:
    """Every column gets a name of its own: empty ones are counted, repeated ones numbered."""
    seen: Counter[str] = Counter()
    named = []
    for at, raw in enumerate(names, 1):
        name = "".join(sign for sign in raw if sign.isprintable())
        seen[name] += 1
        again = f" ({seen[name]})" if seen[name] > 1 else ""
        named.append(f"{name[:120]}{again}" if name else f"Column {at}")
    return tuple(named)
