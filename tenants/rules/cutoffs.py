"""Decides which calendar a bound of a rule is counted in: that of each customer's country, as one value in SQL for all
of them, or as one for each country whose days off make a difference.

On most days no calendar differs, and the bound is one plain value. Where some do, the widest of the values stays bare
beside them: an index serves it, and only what lies within is looked at country by country.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from tenants.rules.bounds import Moment


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A bound as SQL: the first and the last that any calendar in use gives, and the one of the customer's own."""

    first: str
    last: str
    told: str
    """For the record of a run."""
    each: str = ""
    """Empty where the calendars agree."""

    def limits(self, sql: str, sign: str) -> str:
        """What lies on the right side of it."""
        widest = f"{sql} {sign} {self.last if sign.startswith('<') else self.first}"
        return f"{widest} AND {sql} {sign} {self.each}" if self.each else widest


def of(when: Callable[[Moment], date], *, at: Moment, bind: Callable[[Any], str], country: str) -> Cutoff:
    """The bound that `when` gives at a moment; `country` is the SQL of the customer's, empty where there is none."""
    own = when(at)
    others: dict[date, list[str]] = {}
    for code, there in at.elsewhere().items() if country else ():
        if (value := when(there)) != own:
            others.setdefault(value, []).append(code)
    values = [own, *others]
    names = {value: bind(value) for value in values}
    told = own.isoformat() + "".join(f"; {', '.join(codes)}: {value.isoformat()}" for value, codes in others.items())
    if not others:
        return Cutoff(names[own], names[own], told)
    cases = " ".join(f"WHEN {country} = ANY({bind(codes)}) THEN {names[value]}" for value, codes in others.items())
    return Cutoff(names[min(values)], names[max(values)], told, f"CASE {cases} ELSE {names[own]} END")
