"""Reads a ledger file for the score of a forecast: rows as intake would believe them, and what each column gives away.

No database is needed, and nothing is kept.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from console.faults import FAILED, REFUSED, USAGE, CannotRun
from tenants.insight import forecast_inputs, forecast_score
from tenants.insight.forecast_inputs import Column, Refused
from tenants.insight.forecast_replay import NEVER, Paper
from tenants.intake import imports, presets, reading
from tenants.intake import mapping as mappings
from tenants.intake.checking import Check
from tenants.intake.formats import csv_file, dates
from tenants.intake.formats.csv_file import Layout
from tenants.intake.formats.dates import DateReader
from tenants.intake.mapping import Mapping as Columns
from tenants.intake.reading import Reading
from tenants.intake.report import Row
from tenants.values.faults import Refusal

CURRENCY = "USD"
"""What a file without currency is taken to be in; a forecast in days does not depend on it."""


@dataclass
class Ledger:
    """A file as the forecast sees it."""

    rows: list[Row]
    header: Sequence[str]
    fields: dict[str, str]
    columns: list[Column] = field(default_factory=list)
    refused_rows: int = 0


def run(file: Path, *, cut: date, stated: Mapping[str, str], wanted: Sequence[str]) -> dict[str, Any]:
    """The score of a forecast over a file, with the columns that were refused. Raises CannotRun."""
    try:
        with file.open("rb") as opened:
            ledger = read(opened, stated=stated)
    except Refusal as refusal:
        said = f"{refusal.detail} {refusal.remedy} Columns are named by --column FIELD=COLUMN."
        raise CannotRun(said, code=FAILED) from refusal
    found = forecast_inputs.refused(ledger.columns, fields=ledger.fields)
    found += forecast_inputs.shadows(ledger.header, found=found)
    try:
        forecast_inputs.refuse(wanted, found=found)
    except Refusal as refusal:
        raise CannotRun(f"{refusal.detail} {refusal.remedy}", code=REFUSED) from refusal
    group = _group(ledger, found)
    score = forecast_score.score(_papers(ledger.rows, group=group), cut=cut.toordinal())
    if score is None:
        raise CannotRun(f"No invoice that was issued from {cut} on and paid later can be held against a forecast.")
    return {
        "ledger": file.name,
        "cut": cut,
        "rows": len(ledger.rows),
        "refused_rows": ledger.refused_rows,
        "inputs": _inputs(ledger, found),
        "group": group,
        "refused_columns": [asdict(each) for each in found],
        **asdict(score),
    }


def read(file: BinaryIO, *, stated: Mapping[str, str]) -> Ledger:
    """Read a ledger file as intake does. Raises FileRefused or MappingRefused."""
    with imports.opened(file) as (table, layout):
        used = _mapping(layout, stated)
        decided = reading.decide(table, layout=layout, mapping=used)
        check = Check(decided, mapping=used, base_currency=CURRENCY)
        rows = list(check.rows(table))
        ledger = Ledger(rows, layout.header, {column: field for field, column in used.columns.items()})
        if forecast_inputs.LABEL not in used.columns:
            raise CannotRun("The file does not say when invoices were paid.", code=USAGE)
        ledger.refused_rows = check.report().refused
        ledger.columns = list(_columns(table, layout, decided, {row.row_no: row for row in rows}))
    return ledger


def _mapping(layout: Layout, stated: Mapping[str, str]) -> Columns:
    preset = presets.recognise(layout.header)
    used = preset.mapping if preset else mappings.from_suggestions(mappings.suggest(layout.header))
    chosen = {**used.columns, **stated}
    known = {name: at for at, name in enumerate(layout.header)}
    if missing := [column for column in stated.values() if column not in known]:
        raise CannotRun(f"The file has no column “{missing[0]}”.", code=USAGE)
    # What was paid in part is no matter here, and a wrong amount there would only cost rows.
    return replace(used, columns={field: column for field, column in chosen.items() if field not in ("paid", "tax")})


def _columns(table: BinaryIO, layout: Layout, decided: Reading, rows: Mapping[int, Row]) -> Iterator[Column]:
    """What each column says, beside what its rows say of issue and payment."""
    order = next(iter(decided.dates.values()), dates.Order.YMD)
    days_in = DateReader(order)
    said: list[tuple[list[tuple[date, date]], list[tuple[float, int, int]]]] = [([], []) for _ in layout.header]
    for row_no, cells in csv_file.rows(table, layout):
        row = rows.get(row_no)
        if row is None:
            continue
        for cell, (days, numbers) in zip(cells, said, strict=False):
            number = _number(cell)
            if number is not None:
                if row.settled_on:
                    numbers.append((number, (row.settled_on - row.issued_on).days, (row.settled_on - row.due_on).days))
            elif isinstance(day := days_in[cell], date):
                days.append((day, row.issued_on))
    for name, (days, numbers) in zip(layout.header, said, strict=True):
        yield Column(name, days, numbers)


def _number(cell: str) -> float | None:
    with suppress(ValueError):
        return float(cell)
    return None


def _group(ledger: Ledger, found: Sequence[Refused]) -> str:
    """The field that puts customers into groups, if its column may be looked at."""
    leaking = {each.column for each in found}
    usable = {field for column, field in ledger.fields.items() if column not in leaking}
    return next((name for name in ("groups", "country") if name in usable), "terms")


def _papers(rows: Sequence[Row], *, group: str) -> Iterator[tuple[Paper, int]]:
    for row in rows:
        if row.amount_minor > 0:
            terms = f"{(row.due_on - row.issued_on).days} days"
            settled = row.settled_on.toordinal() if row.settled_on else NEVER
            key = terms if group == "terms" else str(getattr(row, group))
            issued, due = row.issued_on.toordinal(), row.due_on.toordinal()
            yield Paper(issued, due, settled, row.debtor_number, key), row.amount_minor


def _inputs(ledger: Ledger, found: Sequence[Refused]) -> list[str]:
    leaking = {each.column for each in found}
    return [
        column for column, field in ledger.fields.items() if field in forecast_inputs.ALLOWED and column not in leaking
    ]
