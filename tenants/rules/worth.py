"""Decides what an amount in a client's own currency means for what is owed in another: as much of it as the rates of
the day of asking say.

A limit becomes one limit for each currency that has a rate, made before the query, so that amounts are compared as they
stand and indexes stay usable. What has no rate is compared with amounts of its own currency only, as ever: nobody is
written to on a guess.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from fractions import Fraction

from tenants.ledger import rates
from tenants.values import money
from tenants.values.money import Money

LARGEST = 2**63 - 1
ROUNDED = {"gte": math.ceil, "gt": math.floor, "lte": math.floor, "lt": math.ceil}
"""To whole units of the other currency without letting in, or keeping out, a unit too many."""


@dataclass(frozen=True, slots=True)
class Worth:
    """The client's own currency, and what a smallest unit of each other one is in smallest units of it."""

    base: str = ""
    units: Mapping[str, Fraction] = field(default_factory=dict)

    def limits(self, amount: Money, op: str, *, without: frozenset[str]) -> dict[str, int]:
        """The same limit in each other currency; none for an amount that is not in the client's own."""
        if amount.currency != self.base:
            return {}
        return {
            code: min(ROUNDED[op](amount.minor / unit), LARGEST)
            for code, unit in self.units.items()
            if code not in without
        }

    def factor(self, currency: str) -> str:
        """SQL of what a smallest unit of the currency in a column is in the client's own; no value without a rate."""
        cases = "".join(f" WHEN '{code}' THEN {_decimal(unit)}" for code, unit in sorted(self.units.items()))
        return f"CASE {currency} WHEN '{self.base}' THEN 1{cases} END"


UNKNOWN = Worth()
"""Where nobody asked for rates: amounts compare with their own currency alone."""


def of(base: str, *, day: date) -> Worth:
    """By the rates of a day."""
    table = rates.table(base, day=day)
    units = {}
    for code in sorted({code for pair in table.rates for code in pair} - {base}):
        try:
            units[code] = _unit(code, table)
        except rates.NoRate:
            continue
    return Worth(base, units)


def _unit(code: str, table: rates.Table) -> Fraction:
    worth, at = Fraction(10 ** money.digits(table.into), 10 ** money.digits(code)), code
    for rate in table.used(code):
        forth = rate.base == at
        worth, at = (worth * Fraction(rate.rate), rate.quote) if forth else (worth / Fraction(rate.rate), rate.base)
    return worth


def _decimal(unit: Fraction) -> str:
    """Plain digits, as PostgreSQL reads an exact number."""
    return format(Decimal(unit.numerator) / Decimal(unit.denominator), "f")
