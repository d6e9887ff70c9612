"""Decides row by row whether a ledger file can be believed. A row is understood whole or kept out.

A check reads the file as a stream: what a million rows leave behind is their sums, the first thousand faults, and eight
bytes per number to find those that came twice.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from collections.abc import Mapping as MappingOf
from typing import Any, BinaryIO

from tenants.intake import cells
from tenants.intake.cells import EMPTY
from tenants.intake.formats import csv_file
from tenants.intake.formats.dates import DateReader
from tenants.intake.formats.flaws import Flaw
from tenants.intake.mapping import Mapping
from tenants.intake.marks import Marks
from tenants.intake.reading import Reading
from tenants.intake.report import Fault, Report, Row, Total
from tenants.intake.rowwise import COLUMNS, Judge
from tenants.intake.targets import BY_KEY, Kind

KEPT_FAULTS = 1000
_SHOWN = 80
NO_INVOICE = Flaw(
    "no_invoice",
    "The row has neither a number nor a date, so it is no invoice.",
    "Leave rows with sums or remarks out, here or in the file.",
)


class Check:
    """One pass over one file. Take all of `rows`, then ask for the `report`."""

    def __init__(
        self, reading: Reading, *, mapping: Mapping, base_currency: str, own_terms: MappingOf[str, int] | None = None
    ) -> None:
        self._reading, self._mapping = reading, mapping
        self._width = len(reading.layout.header)
        self._columns = _readers(reading, mapping)
        currency = mapping.currency or base_currency
        self._judge = Judge(reading, mapping=mapping, currency=currency, own_terms=own_terms or {})
        self._counts: Counter[str] = Counter()
        self._codes: Counter[str] = Counter()
        self._faults: list[Fault] = []
        self._totals: dict[str, list[int]] = {}
        self._debtors, self._numbers = Marks(), Marks()
        self.repeated: list[int] = []
        """Row numbers that were given out before their number proved to be a repetition; known after the last row."""

    def rows(self, file: BinaryIO) -> Iterator[Row]:
        """Every row that can be believed, in the order of the file."""
        totals = self._totals
        debtor, number = self._debtors.add, self._numbers.add
        accepted = paid = padded = 0
        number_at, given = self._reading.places["number"], self._mapping.number_width
        for cells_, row in self._understood(file):
            accepted += 1
            number((row.number, row.amount_minor < 0))
            debtor(row.debtor_number)
            paid += row.settled_on is not None or row.paid_minor > 0
            padded += bool(given) and len(cells_[number_at]) < len(row.number)
            total = totals.get(row.currency)
            if total is None:
                total = totals[row.currency] = [0, 0]
            total[0] += 1
            total[1] += row.amount_minor
            yield row
        self._counts.update(accepted=accepted, paid=paid, padded=padded)
        self._find_repeats(file)

    def report(self, *, suggestions: Sequence[tuple[str, str, float]] = ()) -> Report:
        """What was found."""
        count = self._counts
        return Report(
            read=count["read"],
            accepted=count["accepted"],
            refused=count["read"] - count["accepted"],
            blank=count["blank"],
            debtors=self._debtors.distinct(),
            padded=count["padded"],
            paid=count["paid"],
            totals=tuple(Total(currency, *sums) for currency, sums in sorted(self._totals.items())),
            faults=tuple(self._faults),
            fault_codes=dict(self._codes),
            questions=tuple(question.sentence for question in self._reading.questions),
            notes=self._reading.notes,
            rules=self._mapping.sentences,
            detection=self._reading.document(),
            suggestions=tuple(suggestions),
        )

    def _understood(self, file: BinaryIO, *, silent: bool = False) -> Iterator[tuple[list[str], Row]]:
        """The raw cells and the understood row, for rows without fault; a second look is silent about the others."""
        width, columns, judge = self._width, self._columns, self._judge.row
        read = blank = 0
        for row_no, cells_ in self._corrected(file):
            if len(cells_) != width and not self._squared(cells_):
                if any(cell.strip() for cell in cells_):
                    read += 1
                    if not silent:
                        self._ragged(row_no, cells_)
                else:
                    blank += 1
                continue
            cells_.append("")
            values = [understand(cells_[at]) for at, understand in columns]
            verdict = judge(row_no, cells_, values)
            if isinstance(verdict, Row):
                read += 1
                yield cells_, verdict
            elif any(cell.strip() for cell in cells_):
                read += 1
                if not silent:
                    self._keep(row_no, cells_, verdict)
            else:
                blank += 1
        if not silent:
            self._counts.update(read=read, blank=blank)

    def _corrected(self, file: BinaryIO) -> Iterator[tuple[int, list[str]]]:
        """The rows of the file, with the cells that a person corrected."""
        rows = csv_file.rows(file, self._reading.layout)
        return self._with_fixes(rows) if self._mapping.fixes else rows

    def _with_fixes(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
        places = {name: at for at, name in enumerate(self._reading.layout.header)}
        for row_no, cells_ in rows:
            for name, text in self._mapping.fixes.get(str(row_no), {}).items():
                if places.get(name, len(cells_)) < len(cells_):
                    cells_[places[name]] = text
            yield row_no, cells_

    def _squared(self, cells_: list[str]) -> bool:
        """Empty cells behind the last column are a spreadsheet's habit, not a fault."""
        if len(cells_) < self._width or any(cell.strip() for cell in cells_[self._width :]):
            return False
        del cells_[self._width :]
        return True

    def _keep(self, row_no: int, cells_: list[str], flaws: Any) -> None:
        """Write down each fault of a row; one that holds a sum or a remark has no other."""
        if ("number", EMPTY) in flaws and ("issued_on", EMPTY) in flaws:
            self._fault(row_no, "", " ".join(cell.strip() for cell in cells_ if cell.strip()), NO_INVOICE)
            return
        for key, flaw in flaws:
            at = self._reading.places.get(key)
            name = self._reading.layout.header[at] if at is not None else BY_KEY[key].title
            self._fault(row_no, name, cells_[at] if at is not None else "", flaw)

    def _ragged(self, row_no: int, cells_: list[str]) -> None:
        flaw = Flaw(
            "ragged",
            f"The row has {len(cells_)} cells, the header {self._width}.",
            "Put cells with the delimiter or a line break inside into quotation marks.",
        )
        self._fault(row_no, "", self._reading.layout.delimiter.join(cells_), flaw)

    def _fault(self, row_no: int, column: str, value: str, flaw: Flaw) -> None:
        self._codes[flaw.reason] += 1
        if len(self._faults) < KEPT_FAULTS:
            shown = "".join(sign if sign.isprintable() else "�" for sign in value[: _SHOWN + 1])
            shown = shown if len(shown) <= _SHOWN else shown[:_SHOWN] + "…"
            self._faults.append(Fault(row_no, column, shown, flaw.reason, flaw.detail, flaw.remedy))

    def _find_repeats(self, file: BinaryIO) -> None:
        """Look again at the few numbers whose hashes came twice; the first row with a number keeps it."""
        marks = self._numbers.repeated()
        if not marks:
            return
        first: dict[tuple[str, bool], int] = {}
        for cells_, row in self._understood(file, silent=True):
            key = (row.number, row.amount_minor < 0)
            if hash(key) in marks and first.setdefault(key, row.row_no) != row.row_no:
                self._withdraw(row, cells_, first[key])
        self._faults.sort(key=lambda fault: fault.row_no)

    def _withdraw(self, row: Row, cells_: list[str], first: int) -> None:
        """Take back a row that was given out."""
        self.repeated.append(row.row_no)
        padded = bool(self._mapping.number_width) and len(cells_[self._reading.places["number"]]) < len(row.number)
        told_paid = row.settled_on is not None or row.paid_minor > 0
        self._counts.subtract({"accepted": 1, "paid": told_paid, "padded": padded})
        total = self._totals[row.currency]
        total[0] -= 1
        total[1] -= row.amount_minor
        flaw = Flaw(
            "repeated_number",
            f"Row {first:,} has this number already.",
            "Remove one of the two, or correct its number.",
        )
        self._keep(row.row_no, cells_, [("number", flaw)])


def _readers(reading: Reading, mapping: Mapping) -> list[tuple[int, Any]]:
    """One reader per column in the order of COLUMNS; a field without a column reads the empty cell behind the last."""
    empty = len(reading.layout.header)
    readers = []
    for key in COLUMNS:
        target = BY_KEY[key]
        if target.kind is Kind.DATE:
            read: Any = DateReader(reading.dates[key]).__getitem__ if key in reading.dates else lambda _: None
        else:
            read = cells.reader(target, number_width=mapping.number_width)
        readers.append((reading.places.get(key, empty), read))
    return readers
