"""Decides the arithmetic of late interest: principal, rate, days and sum as each regime counts them. Nothing is posted.

Rates are percent a year. Which regime counts for whom is a term that a client enters; nothing here is legal advice.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

UK, EU, US, CONTRACT = "uk", "eu", "us_prompt_pay", "contract"
REGIMES = (UK, EU, US, CONTRACT)
YEAR, BANKERS_YEAR, MONTH = 365, 360, 30
LEAST_US_MINOR = 100
PoundsUpTo = tuple[tuple[int | None, int], ...]
FIXED_UK: PoundsUpTo = ((1_000_00, 40_00), (10_000_00, 70_00), (None, 100_00))
FIXED_EU_MINOR = 40_00


@dataclass(frozen=True, slots=True)
class Slice:
    """Some days at one rate."""

    first_on: date
    last_on: date
    days: int
    percent: Fraction
    minor: Fraction


@dataclass(frozen=True, slots=True)
class Charge:
    """What could be charged for one late amount, with everything that it was counted from."""

    principal_minor: int
    from_on: date
    until_on: date
    slices: tuple[Slice, ...]
    fixed_minor: int

    @property
    def interest_minor(self) -> int:
        """The interest, rounded half to even once, at the end."""
        return round(sum((each.minor for each in self.slices), Fraction()))

    @property
    def total_minor(self) -> int:
        """Interest and fixed sum."""
        return self.interest_minor + self.fixed_minor


RateOn = Callable[[date], Fraction]
"""The base rate, in percent, that was in force on a day."""


def simple(principal_minor: int, *, due_on: date, until_on: date, percent: Fraction, fixed_minor: int = 0) -> Charge:
    """Simple interest by the day over 365 days at one rate: what a contract says where it says no more."""
    days = max((until_on - due_on).days, 0)
    amount = Fraction(principal_minor) * percent / 100 * days / YEAR
    return _charge(principal_minor, due_on, until_on, [(days, percent, amount)], fixed_minor)


def uk(principal_minor: int, *, due_on: date, until_on: date, base: RateOn, margin: Fraction = Fraction(8)) -> Charge:
    """The rate of the 30 June or 31 December before interest starts, kept for the whole debt; simple, over 365 days."""
    starts_on = due_on + timedelta(days=1)
    fixed_on = (
        date(starts_on.year, 6, 30) if starts_on > date(starts_on.year, 6, 30) else date(starts_on.year - 1, 12, 31)
    )
    fixed = next(minor for limit, minor in FIXED_UK if limit is None or principal_minor < limit)
    late = until_on > due_on
    return simple(
        principal_minor,
        due_on=due_on,
        until_on=until_on,
        percent=base(fixed_on) + margin,
        fixed_minor=fixed if late else 0,
    )


def eu(principal_minor: int, *, due_on: date, until_on: date, base: RateOn, margin: Fraction = Fraction(8)) -> Charge:
    """Half-year by half-year, each at the rate of its 1 January or 1 July; simple, over 365 days, and a fixed sum."""
    found, first_on = [], due_on + timedelta(days=1)
    while first_on <= until_on:
        half = date(first_on.year, 1, 1) if first_on.month < 7 else date(first_on.year, 7, 1)
        following = date(first_on.year, 7, 1) if first_on.month < 7 else date(first_on.year + 1, 1, 1)
        last_on = min(until_on, following - timedelta(days=1))
        days, percent = (last_on - first_on).days + 1, base(half) + margin
        found.append((days, percent, Fraction(principal_minor) * percent / 100 * days / YEAR))
        first_on = last_on + timedelta(days=1)
    return _charge(principal_minor, due_on, until_on, found, FIXED_EU_MINOR if found else 0)


def us_prompt_pay(principal_minor: int, *, due_on: date, until_on: date, base: RateOn) -> Charge:
    """The rate of the day after the due date; unpaid interest joins the principal every thirty days, for a year."""
    days = min(max((until_on - due_on).days, 0), BANKERS_YEAR)
    percent = base(due_on + timedelta(days=1))
    rate, months = percent / 100, days // MONTH
    grown = (1 + rate / 12) ** months * (1 + rate / BANKERS_YEAR * (days % MONTH)) - 1
    amount = principal_minor * grown
    return _charge(
        principal_minor, due_on, until_on, [(days, percent, amount if amount >= LEAST_US_MINOR else Fraction())], 0
    )


def _charge(
    principal_minor: int,
    due_on: date,
    until_on: date,
    parts: Sequence[tuple[int, Fraction, Fraction]],
    fixed_minor: int,
) -> Charge:
    first_on, slices = due_on + timedelta(days=1), []
    for days, percent, minor in parts:
        if days:
            slices.append(Slice(first_on, first_on + timedelta(days=days - 1), days, percent, minor))
            first_on += timedelta(days=days)
    return Charge(principal_minor, due_on + timedelta(days=1), until_on, tuple(slices), fixed_minor)
