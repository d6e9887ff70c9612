"""Decides which file holds the table: the one that came, the text of a sheet in a workbook, or the rows of JSON.

A workbook often begins with a cover or a summary, so the first visible sheet whose header is understood is taken; when
none is, the first with a table.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from typing import BinaryIO

from tenants.intake.formats import csv_file, json_file, xlsx_file
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.text import FileRefused
from tenants.intake.formats.xlsx_file import WorkbookRefused

Understood = Callable[[Sequence[str]], bool]


@contextmanager
def opened(file: BinaryIO, *, understood: Understood = bool) -> Iterator[tuple[BinaryIO, Layout]]:
    """The file to read rows from, and how it is cut. Raises FileRefused."""
    if json_file.is_json(file):
        table, layout = json_file.as_table(file)
        with table:
            yield table, layout
        return
    if not xlsx_file.is_workbook(file):
        yield file, csv_file.inspect(file)
        return
    with closing(_sheets(file)) as found:
        for table, layout in found:
            if understood(layout.header):
                yield table, layout
                return
    with closing(_sheets(file)) as found:
        first = next(found, None)
        if first is None:
            raise WorkbookRefused(
                "No sheet of the workbook holds a table.", remedy="Send a sheet with a header and rows."
            )
        yield first


def _sheets(file: BinaryIO) -> Generator[tuple[BinaryIO, Layout], None, None]:
    """The sheets that can be cut into rows."""
    with closing(xlsx_file.tables(file)) as tables:
        for text, sheet in tables:
            try:
                layout = csv_file.inspect(text, delimiter=",")
            except FileRefused:
                continue
            yield text, replace(layout, format="xlsx", sheet=sheet)
