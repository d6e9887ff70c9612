"""Decides what a figure must say about itself: value, unit, day, basis, and for a ratio both of its parts.

A ratio of nothing is no number: its value is None and it says why, never 0 and never infinite.
"""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with everything that is needed to believe it."""

    name: str
    value: Fraction | int | None
    unit: str
    as_of: date
    basis: str
    known_at: datetime | None = None
    numerator: int | None = None
    denominator: int | None = None
    reason: str = ""
    currency: str = ""

    @property
    def percent(self) -> float | None:
        """A ratio for a screen; rounded there and nowhere else."""
        return None if self.value is None else float(self.value * 100)


def ratio(
    name: str,
    *,
    numerator: int,
    denominator: int,
    as_of: date,
    basis: str,
    nothing: str,
    known_at: datetime | None = None,
) -> Figure:
    """A share of a whole; `nothing` says in words why there is none when the whole is nothing."""
    value = Fraction(numerator, denominator) if denominator else None
    return Figure(
        name, value, "ratio", as_of, basis, known_at, numerator, denominator, reason="" if denominator else nothing
    )
