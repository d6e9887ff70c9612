"""Decides which file holds the table: the one that came, or the text of the sheet in a workbook that came."""

from dataclasses import replace
from typing import BinaryIO

from tenants.intake.formats import csv_file, xlsx_file
from tenants.intake.formats.csv_file import Layout


def opened(file: BinaryIO) -> tuple[BinaryIO, Layout]:
    """The file to read rows from, and how it is cut. Raises FileRefused."""
    if not xlsx_file.is_workbook(file):
        return file, csv_file.inspect(file)
    text, sheet = xlsx_file.as_text(file)
    return text, replace(csv_file.inspect(text, delimiter=","), format="xlsx", sheet=sheet)
