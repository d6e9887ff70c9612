"""Decides which file holds the table: the one that came, the text of the sheet in a workbook, or the rows of JSON."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import BinaryIO

from tenants.intake.formats import csv_file, json_file, xlsx_file
from tenants.intake.formats.csv_file import Layout


@contextmanager
def opened(file: BinaryIO) -> Iterator[tuple[BinaryIO, Layout]]:
    """The file to read rows from, and how it is cut. Raises FileRefused."""
    if json_file.is_json(file):
        table, layout = json_file.as_table(file)
        with table:
            yield table, layout
        return
    if not xlsx_file.is_workbook(file):
        yield file, csv_file.inspect(file)
        return
    text, sheet = xlsx_file.as_text(file)
    with text:
        yield text, replace(csv_file.inspect(text, delimiter=","), format="xlsx", sheet=sheet)
