"""Decides which columns of a ledger a forecast may look at: only what stood on the invoice on the day of its issue.

What is known only afterwards (when it was paid, how late, whether it was disputed) would make every score brilliant and
every forecast useless. A column is refused by its name, or because its values give it away.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from tenants.values.faults import Refusal

ALLOWED = ("debtor_number", "issued_on", "due_on", "amount", "currency", "groups", "country")
"""The fields that a forecast looks at, all of them on the invoice itself."""
LABEL = "settled_on"
AFTERWARDS = re.compile(
    r"disput|settle|clear|paid|payment(?!_?terms?)|late|overdue|delay|open|status|collect|remind|dunn|writ|closed"
    r"|receiv|promis|bezahlt|ausgleich|verzug|litige|retard",
    re.IGNORECASE,
)
PROVED = 0.95
FEWEST = 20

PAID = "It is when the invoice was paid: what is to be forecast, used for nothing else."
NAMED = "By its name it is known only after the invoice was issued."
LATER = "In some rows it holds a day after the invoice was issued."
GIVES_AWAY = "Its values follow from the day of payment."
SHADOW = "It follows from “{column}”, which holds days after the invoice was issued."


class LeakRefused(Refusal):
    """A column was asked for that is known only afterwards."""

    code = "leak_refused"
    remedy = "Leave it out: on the day of issue nobody knows it."


@dataclass(frozen=True, slots=True)
class Refused:
    """One column that is not looked at, and why."""

    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Column:
    """What the rows of one column say, beside issue and settlement of the same rows."""

    name: str
    days: Sequence[tuple[date, date]]
    """Day in the cell and day of issue, where the cell is a day."""
    numbers: Sequence[tuple[float, int, int]]
    """Number in the cell, days from issue and from the due date to payment, where the cell is a number."""


def refused(columns: Iterable[Column], *, fields: Mapping[str, str]) -> list[Refused]:
    """The columns that may not be looked at; `fields` says which field of the ledger each mapped column feeds."""
    found: dict[str, Refused] = {}
    for column in columns:
        field = fields.get(column.name, "")
        if reason := PAID if field == LABEL else _reason(column, field=field):
            found[column.name] = Refused(column.name, reason)
    return list(found.values())


def shadows(names: Iterable[str], *, found: Sequence[Refused]) -> list[Refused]:
    """Columns named after a refused day (`PaperlessBill` beside `PaperlessDate`): a state that changed on that day."""
    stems = {re.sub(r"(?i)_?(date|day|on|at)$", "", each.column): each.column for each in found if each.reason == LATER}
    taken = {each.column for each in found}
    return [
        Refused(name, SHADOW.format(column=column))
        for name in names
        if name not in taken
        for stem, column in stems.items()
        if len(stem) > 3 and name.casefold().startswith(stem.casefold())
    ]


def refuse(wanted: Sequence[str], *, found: Sequence[Refused]) -> None:
    """Raises LeakRefused when a wanted column is one of those that may not be looked at."""
    reasons = {each.column: each.reason for each in found}
    for column in wanted:
        if column in reasons:
            raise LeakRefused(f"“{column}” is not looked at. {reasons[column]}")


def _reason(column: Column, *, field: str) -> str:
    if field in ALLOWED[1:4]:
        return ""
    if field not in ALLOWED and AFTERWARDS.search(column.name):
        return NAMED
    if any(day > issued for day, issued in column.days):
        return LATER
    if len(column.numbers) >= FEWEST and _gives_away(column.numbers):
        return GIVES_AWAY
    return ""


def _gives_away(numbers: Sequence[tuple[float, int, int]]) -> bool:
    """Whether a number is, nearly always, how long or how late the payment was."""
    wanted = PROVED * len(numbers)
    return (
        any(
            sum(value == known for value, known in pairs) >= wanted
            for pairs in (
                [(value, taken) for value, taken, _ in numbers],
                [(value, late) for value, _, late in numbers],
                [(value, max(late, 0)) for value, _, late in numbers],
            )
        )
        and len({value for value, _, _ in numbers}) > 2
    )
