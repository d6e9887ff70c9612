"""Decides how an Excel workbook becomes the rows that a CSV file would have: one sheet, values instead of looks.

The sheet is written out once as text, row by row under its own row numbers, and everything after this point reads it as
it reads any other table. Numbers lose the noise of binary fractions, dates become year-month-day.
"""

import csv
import re
import zipfile
from collections.abc import Generator, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from io import TextIOWrapper
from tempfile import TemporaryFile
from typing import BinaryIO

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum

from tenants.intake.formats.text import FileRefused

LARGEST = 512 << 20
MOST_PARTS = 5_000
MAGIC = b"PK\x03\x04"
_BREAKS = re.compile(r"[\r\n]+")


class WorkbookRefused(FileRefused):
    """The workbook cannot be read."""

    remedy = "Save the workbook anew as XLSX without a password, or the sheet as CSV (UTF-8)."


def is_workbook(file: BinaryIO) -> bool:
    """Whether the file is an XLSX workbook. Raises WorkbookRefused for an archive that is none, or not a safe one."""
    file.seek(0)
    if file.read(4) != MAGIC:
        return False
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as parts:
            names, unpacked = parts.namelist(), sum(part.file_size for part in parts.infolist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as fault:
        raise WorkbookRefused("The workbook or archive is damaged.") from fault
    if "xl/workbook.xml" not in names:
        raise FileRefused("This is an archive, not a workbook.", remedy="Unpack it and send its files one by one.")
    if unpacked > LARGEST or len(names) > MOST_PARTS:
        raise WorkbookRefused(
            f"Unpacked, the workbook would have {unpacked >> 20:,} MB; {LARGEST >> 20} MB is the most."
        )
    return True


def tables(file: BinaryIO) -> Generator[tuple[BinaryIO, str], None, None]:
    """The visible sheets that hold a table, each as a CSV file of its own, with the sheet's name; closed after use."""
    file.seek(0)
    try:
        book = CalamineWorkbook.from_filelike(file)
        for known in book.sheets_metadata:
            if known.visible != SheetVisibleEnum.Visible:
                continue
            sheet = book.get_sheet_by_name(known.name)
            if sheet.height > 0 and sheet.width > 1:
                with _written(sheet) as text:
                    yield text, sheet.name
    except CalamineError as fault:
        raise WorkbookRefused("The workbook is damaged or locked with a password.") from fault


def _written(sheet: CalamineSheet) -> BinaryIO:
    spool = TemporaryFile()  # noqa: SIM115 - it lives as long as its reader
    text = TextIOWrapper(spool, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    for row in _rows(sheet):
        writer.writerow([_shown(cell) for cell in row])
    text.flush()
    text.detach()
    spool.seek(0)
    return spool


def _rows(sheet: CalamineSheet) -> Sequence[Sequence[object]]:
    return sheet.to_python(skip_empty_area=False)


def _shown(cell: object) -> str:
    """The value as one would type it."""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int | float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date | time | timedelta):
        return str(cell)
    return _BREAKS.sub(" ", str(cell))


def _number(value: float) -> str:
    """Fifteen digits are what Excel keeps; three decimals get a fourth, so that no point is taken for a thousand."""
    text = format(Decimal(format(value, ".15g")), "f")
    return f"{text}0" if len(text.partition(".")[2]) == 3 else text
