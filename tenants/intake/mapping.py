"""Decides which column feeds which field: suggested from the header, corrected by a person, remembered per source.

A mapping is a small document that can be read aloud. It also states how numbers are written (`number_width`), because
the same invoice must be the same invoice after somebody has saved the file again without its leading zeros.
"""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tenants.intake.formats import names
from tenants.intake.formats.dates import Order
from tenants.intake.formats.names import fold
from tenants.intake.guessing import Suggestion, suggest
from tenants.intake.targets import BY_KEY, TARGETS
from tenants.values import money
from tenants.values.faults import Refusal

__all__ = ["Mapping", "MappingRefused", "Suggestion", "bind", "fits", "fold", "from_suggestions", "suggest"]

_SIGNS = (None, ".", ",")
_STATES = {"columns", "preset", "number_width", "dates", "decimal", "currency", "terms_days", "fixes", "hints"}
_WIDEST_NUMBER = 40
_LONGEST_TERMS = 730
_MOST_FIXES, _TOLD_FIXES, _LONGEST_FIX = 1_000, 20, 500


class MappingRefused(Refusal):
    """The mapping does not fit the file or contradicts itself."""

    code = "mapping_refused"
    remedy = "Choose a column of the file for each required field."


@dataclass(frozen=True, slots=True)
class Mapping:
    """Which column feeds which field, and the rules that the header cannot tell."""

    columns: MappingOf[str, str]
    preset: str = ""
    number_width: int = 0
    """Invoice numbers of digits only are padded with zeros to this width; 0 leaves them as written."""
    dates: Order | None = None
    """The order stated by a person; None reads it from the columns."""
    decimal: str | None = None
    currency: str = ""
    """For rows without one; empty means the client's base currency."""
    terms_days: int | None = None
    """Days from invoice date to due date, where no due date is given."""
    fixes: MappingOf[str, MappingOf[str, str]] = field(default_factory=dict)
    """By row number what a person corrected in it, by column. The file itself stays as it came."""
    hints: MappingOf[str, str] = field(default_factory=dict)
    """What the last loaded file of this source turned out to be; believed only when a new file leaves it open."""

    def document(self) -> dict[str, Any]:
        """The form in which it is kept and shown."""
        return {
            "columns": dict(self.columns),
            "preset": self.preset,
            "number_width": self.number_width,
            "dates": self.dates.value if self.dates else None,
            "decimal": self.decimal,
            "currency": self.currency,
            "terms_days": self.terms_days,
            "fixes": {row: dict(cells) for row, cells in self.fixes.items()},
            "hints": dict(self.hints),
        }

    @classmethod
    def read(cls, document: MappingOf[str, Any]) -> "Mapping":
        """Check a document from outside and believe it."""
        for problem, pointer in _problems(document):
            raise MappingRefused(problem, pointer=pointer)
        dates = document.get("dates")
        return cls(
            columns=dict(document["columns"]),
            preset=str(document.get("preset") or ""),
            number_width=int(document.get("number_width") or 0),
            dates=Order(dates) if dates else None,
            decimal=document.get("decimal"),
            currency=str(document.get("currency") or ""),
            terms_days=document.get("terms_days"),
            fixes=dict(document.get("fixes") or {}),
            hints=dict(document.get("hints") or {}),
        )

    def correcting(self, fixes: MappingOf[str, MappingOf[str, str]]) -> "Mapping":
        """The same mapping with these cells corrected beside those that were before. Raises MappingRefused."""
        rows = {row: {**self.fixes.get(row, {}), **fixes.get(row, {})} for row in (*self.fixes, *fixes)}
        return Mapping.read({**self.document(), "fixes": rows})

    def remembering(self, *, dates: str | None, decimal: str | None) -> "Mapping":
        """The same mapping for the next file: what this one turned out to be, or was stated to be, is a hint only."""
        found = {"dates": dates, "decimal": decimal}
        hints = {**self.hints, **{key: value for key, value in found.items() if value}}
        return replace(self, dates=None, decimal=None, fixes={}, hints=hints)

    @property
    def leaves_days_open(self) -> bool:
        """Whether the file may tell that something was paid and not when."""
        return "open" in self.columns or ("paid" in self.columns and "settled_on" not in self.columns)

    @property
    def sentences(self) -> tuple[str, ...]:
        """The rules in words, for the page and the report."""
        said = []
        if self.number_width:
            said.append(
                f"Invoice numbers of digits only are filled with zeros in front to {self.number_width} characters."
            )
        if self.terms_days is not None:
            said.append(f"Where no due date is given, it is {self.terms_days} days after the invoice date.")
        if self.currency:
            said.append(f"Where no currency is given, it is {self.currency}.")
        if self.leaves_days_open:
            said.append("What was paid counts from the day of loading where the file gives no date of payment.")
        corrected = [(row, name, text) for row, cells in self.fixes.items() for name, text in cells.items()]
        said += [f"Row {row}, “{name}” was corrected to “{text}”." for row, name, text in corrected[:_TOLD_FIXES]]
        if len(corrected) > _TOLD_FIXES:
            said.append(f"{len(corrected):,} cells were corrected in all.")
        return tuple(said)


def from_suggestions(suggestions: Sequence[Suggestion]) -> Mapping:
    """A mapping that takes every suggestion."""
    columns = {offer.target: offer.column for offer in suggestions}
    named = "" if "currency" in columns or "amount" not in columns else names.currency_of(columns["amount"])
    return Mapping(columns=columns, currency=named)


def bind(mapping: Mapping, header: Sequence[str]) -> dict[str, int]:
    """The position of each mapped column in this file; the case of the header does not matter."""
    exact = {name: at for at, name in reversed(list(enumerate(header)))}
    folded = {fold(name): at for at, name in reversed(list(enumerate(header)))}
    places: dict[str, int] = {}
    for key, column in mapping.columns.items():
        at = exact.get(column, folded.get(fold(column) or column))
        if at is None:
            raise MappingRefused(f"The file has no column “{column}”.", pointer=f"/columns/{key}")
        places[key] = at
    missing = [target.title for target in TARGETS if target.required and target.key not in places]
    if missing:
        raise MappingRefused(f"No column is chosen for: {', '.join(missing)}.", pointer="/columns")
    if "due_on" not in places and mapping.terms_days is None:
        raise MappingRefused(
            "There is no column for the due date.",
            remedy="Choose the column of the due date, or state the payment terms in days.",
            pointer="/columns/due_on",
        )
    return places


def fits(mapping: Mapping, header: Sequence[str]) -> bool:
    """Whether a remembered mapping still finds all its columns."""
    try:
        bind(mapping, header)
    except MappingRefused:
        return False
    return True


def _problems(document: MappingOf[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a mapping document, the first thing first."""
    columns, width, terms = document.get("columns"), document.get("number_width"), document.get("terms_days")
    found = [(f"A mapping has no “{key}”.", f"/{key}") for key in document.keys() - _STATES]
    if not isinstance(columns, dict) or not all(isinstance(column, str) for column in columns.values()):
        return [("A mapping names a column for each field under “columns”.", "/columns"), *found]
    found += [(f"There is no field “{key}”.", f"/columns/{key}") for key in columns if key not in BY_KEY]
    if width is not None and not (type(width) is int and 0 <= width <= _WIDEST_NUMBER):
        found.append((f"The width of numbers is between 0 and {_WIDEST_NUMBER}.", "/number_width"))
    if document.get("dates") not in (None, *Order):
        found.append(("The order of dates is ymd, dmy or mdy, or null to read it from the file.", "/dates"))
    if document.get("decimal") not in _SIGNS:
        found.append(("The decimal sign is a point or a comma, or null to read it from the file.", "/decimal"))
    if terms is not None and not (type(terms) is int and 0 <= terms <= _LONGEST_TERMS):
        found.append((f"Payment terms are between 0 and {_LONGEST_TERMS} days.", "/terms_days"))
    if not _are_fixes(document.get("fixes") or {}):
        found.append((f"Fixes give texts by row and column, for {_MOST_FIXES:,} rows at most.", "/fixes"))
    hints = document.get("hints") or {}
    if not isinstance(hints, dict) or hints.get("dates") not in (None, *Order) or hints.get("decimal") not in _SIGNS:
        found.append(("Hints are what the last file was like: dates and decimal.", "/hints"))
    if document.get("currency"):
        try:
            money.digits(str(document["currency"]))
        except money.UnknownCurrency as unknown:
            found.append((unknown.detail, "/currency"))
    return found


def _are_fixes(fixes: Any) -> bool:
    return (
        isinstance(fixes, dict)
        and len(fixes) <= _MOST_FIXES
        and all(str(row).isdecimal() and isinstance(cells, dict) for row, cells in fixes.items())
        and all(
            isinstance(text, str) and len(text) <= _LONGEST_FIX for cells in fixes.values() for text in cells.values()
        )
    )
