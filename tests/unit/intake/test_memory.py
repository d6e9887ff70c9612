"""A large file passes through in the memory of a small one."""

import io
import tracemalloc

from tenants.intake import reading
from tenants.intake.checking import Check
from tenants.intake.formats import csv_file, text
from tenants.intake.mapping import Mapping
from tests.unit.intake.test_checking import COLUMNS, HEADER


def peak_of(rows: int) -> int:
    """The highest number of bytes held while a file of so many rows is checked, the file itself left out."""
    line = "A-{0},C-{1},2026-01-{2:02},2026-03-{2:02},{0}.50,,,,"
    lines = (line.format(n, n % 40, n % 28 + 1) for n in range(rows))
    file = io.BytesIO("\n".join((HEADER, *lines)).encode())
    tracemalloc.start()
    try:
        layout, mapping = csv_file.inspect(file), Mapping(columns=COLUMNS)
        check = Check(reading.decide(file, layout=layout, mapping=mapping), mapping=mapping, base_currency="EUR")
        assert sum(1 for _ in check.rows(file)) == check.report().accepted == rows
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_row_more_leaves_no_more_than_its_marks(monkeypatch):
    monkeypatch.setattr(text, "_BLOCK", 4096)
    peak_of(100)  # whatever is remembered for ever is remembered now
    assert peak_of(12_000) - peak_of(2_000) < 10_000 * 24
