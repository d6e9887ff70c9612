"""Decides what an amount means that does not stand alone: its side of the account, and how much of it is still open.

Programs write a credit note as a negative amount, in a column of its own, or with a mark beside it; and what was paid
as an amount, or as what is left. Taken wrongly, a credit becomes a debt, or somebody is chased for what they paid.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenants.intake.cells import CREDIT
from tenants.intake.formats.amounts import AmountReader
from tenants.intake.formats.flaws import Flaw
from tenants.intake.reading import Reading

BOTH = Flaw("both_sides", "The row has a debit and a credit.", "Leave one of the two cells empty, or make two rows.")
OPEN_TOO_MUCH = Flaw(
    "open_over_amount", "More is open than the whole is worth.", "Check whether two columns are swapped."
)
USED_UP = Flaw("credit_used_up", "Nothing is left of this credit note.", "Leave the row out: it lowers no debt.")


@dataclass(frozen=True, slots=True)
class Sums:
    """What a row is worth, and what of it was paid; None is an empty cell."""

    amount: Any
    paid: Any
    settled: date | None
    told: tuple[tuple[str, Flaw], ...] = ()


class Sides:
    """Turns the sums of the rows of one file; only for files that have such columns."""

    def __init__(self, reading: Reading) -> None:
        self._credit, self._open = reading.places.get("credit"), reading.places.get("open")
        self._undated = "settled_on" not in reading.places
        self.apply = bool({"credit", "side", "open"} & set(reading.places)) or (
            self._undated and "paid" in reading.places
        )

    def of(self, cells: Sequence[str], sums: Sums, *, read: AmountReader, side: str | None) -> Sums:
        """The sums as they are meant, with the flaws that only these columns have."""
        amount, told = self._turned(cells, sums.amount, read, side)
        left = read(cells[self._open]) if self._open is not None else None
        if isinstance(left, Flaw):
            told.append(("open", left))
        elif left is not None and type(amount) is int:
            if abs(left) > abs(amount) and (left > 0 or amount < 0):
                told.append(("open", OPEN_TOO_MUCH))
            elif amount < 0:
                told += [("open", USED_UP)] if left == 0 else []
                return Sums(-abs(left), None, sums.settled, tuple(told))
            else:
                return Sums(amount, amount - left, sums.settled, tuple(told))
        return Sums(amount, sums.paid, sums.settled, tuple(told))

    def is_undated(self, sums: Sums) -> bool:
        """Whether something was paid on a day that this file does not tell of."""
        return (self._undated or self._open is not None) and sums.settled is None

    def _turned(
        self, cells: Sequence[str], amount: Any, read: AmountReader, side: str | None
    ) -> tuple[Any, list[tuple[str, Flaw]]]:
        off = read(cells[self._credit]) if self._credit is not None else None
        if isinstance(off, Flaw):
            return amount, [("credit", off)]
        if off and amount:
            return amount, [("credit", BOTH)]
        if off or (off is not None and amount is None):
            amount = -off
        return (-abs(amount) if side == CREDIT and type(amount) is int else amount), []
