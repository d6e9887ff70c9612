"""Decides the arithmetic of the figures, apart from where the amounts come from: exact fractions, never rounded here.

A division by nothing gives no number but a reason; so does a question that the books cannot answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

NO_SALES = "nothing was sold on credit in the period"


@dataclass(frozen=True, slots=True)
class Answer:
    """A value with both of its parts, or a reason why there is none."""

    value: Fraction | None
    numerator: int | None = None
    denominator: int | None = None
    reason: str = ""


def quotient(numerator: int, denominator: int, *, nothing: str, times: int = 1) -> Answer:
    """`numerator / denominator × times`. A whole that is not above nothing divides nobody."""
    if denominator <= 0:
        return Answer(None, numerator, denominator, nothing)
    return Answer(Fraction(numerator, denominator) * times, numerator, denominator)


def days_of_sales(receivable: int, *, sales: int, days: int) -> Answer:
    """How many days of the period's sales an amount stands for: period-end DSO and its relatives."""
    return quotient(receivable, sales, nothing=NO_SALES, times=days)


def average_dso(opening: int, closing: int, *, sales: int, days: int) -> Answer:
    """The same from the mean of both balances: both are added above and the sales taken twice below."""
    return quotient(opening + closing, 2 * sales, nothing=NO_SALES, times=days)


def countback(receivable: int, months: Sequence[tuple[int, int]]) -> Answer:
    """Days back until whole months' sales, newest first, use up what is owed; `months` are (sales, days).

    A month whose sales are not above nothing stops it: what lies behind cannot be told.
    """
    counted, left = Fraction(0), receivable
    if left <= 0:
        return Answer(counted, receivable)
    for sales, days in months:
        if sales <= 0:
            return Answer(None, receivable, None, f"a month without sales stops the count after {int(counted)} days")
        if sales >= left:
            return Answer(counted + Fraction(left, sales) * days, receivable)
        counted, left = counted + days, left - sales
    return Answer(None, receivable, None, f"more is owed than was sold in the last {int(counted)} days")


def effectiveness(opening: int, *, sales: int, closing: int, not_due: int) -> Answer:
    """CEI: of what could have been collected, the share that was."""
    return quotient(
        opening + sales - closing, opening + sales - not_due, nothing="nothing could be collected in the period"
    )


def turnover(opening: int, closing: int, *, sales: int) -> Answer:
    """How often the mean balance was sold in the period."""
    return quotient(2 * sales, opening + closing, nothing="nothing was owed in the period")
