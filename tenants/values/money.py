"""Decides what an amount is: whole minor units of one currency, with no fractions, floats or silent rounding.

Being wrong here is wrong everywhere, so amounts of two currencies never meet, and whoever must round (interest, shares)
says so by calling `times` or `allocate`, which round half to even and lose no minor unit.
"""

import re
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from babel import Locale, numbers

from tenants.values.faults import Refusal

_LARGEST = 2**63 - 1  # bigint

# ISO 4217 exponents other than 2. CLDR's digits are not used: they follow cash habits and say 0 for RSD or IQD.
_DIGITS = (
    dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND"), 0)
    | dict.fromkeys(("VUV", "XAF", "XOF", "XPF"), 0)
    | dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3)
    | dict.fromkeys(("CLF", "UYW"), 4)
)
_TOUCHING = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")
"""Where letters meet digits: a currency without a symbol is written RSD 1.50, not RSD1.50."""
_NOT_MONEY = frozenset({"XXX", "XTS"})
_HUNDREDTHS = tuple(f"{number:02}" for number in range(100))


class BadAmount(Refusal, ValueError):
    """The text is no amount of that currency."""

    code = "bad_amount"
    remedy = "Write digits with a point before the minor units, such as 1234.50."


class UnknownCurrency(Refusal, ValueError):
    """No such currency."""

    code = "unknown_currency"
    remedy = "Use the three capital letters of ISO 4217, such as EUR."


class CurrenciesDiffer(Refusal, ValueError):
    """Two currencies met in one sum."""

    code = "currencies_differ"
    remedy = "Convert with a stated rate first, or keep the sums apart."


@lru_cache(maxsize=512)
def digits(currency: str) -> int:
    """How many digits the minor unit takes: EUR 2, JPY 0, BHD 3."""
    if len(currency) != 3 or currency in _NOT_MONEY or not numbers.is_currency(currency):
        raise UnknownCurrency(f"“{currency[:12]}” is not a currency.")
    return _DIGITS.get(currency, 2)


def written(minor: int, currency: str) -> str:
    """Canonical text of so many minor units: 1234.50. Lists are full of amounts, so no other number is made of them."""
    places = digits(currency)
    if places == 0:
        return str(minor)
    sign, text = "-" if minor < 0 else "", str(abs(minor)).rjust(places + 1, "0")
    return f"{sign}{text[:-places]}.{text[-places:]}"


def all_written(minors: Sequence[int | None], currencies: Sequence[str | None]) -> Sequence[str | None]:
    """The same for a column of amounts; None where there is no amount or no currency. Most columns are of one currency
    with two digits and hold no debit, and are written at once."""
    currency = currencies[0] if len(set(currencies)) == 1 else None
    if currency and digits(currency) == 2:
        known = [minor for minor in minors if minor is not None and minor >= 0]
        if len(known) == len(minors):
            return [f"{minor // 100}.{_HUNDREDTHS[minor % 100]}" for minor in known]
    return [
        None if minor is None or not currency else written(minor, currency)
        for minor, currency in zip(minors, currencies, strict=True)
    ]


@lru_cache(maxsize=256)
def _pattern(locale: str, places: int) -> numbers.NumberPattern:
    """The language's way to write amounts, with the currency's digits instead of CLDR's."""
    pattern: numbers.NumberPattern = copy(Locale.parse(locale).currency_formats["standard"])
    pattern.frac_prec = (places, places)
    return pattern


@dataclass(frozen=True, slots=True)
class Money:
    """An amount of one currency, in its minor unit."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        digits(self.currency)
        if type(self.minor) is not int:
            raise TypeError("money is counted in whole minor units")
        if not -_LARGEST <= self.minor <= _LARGEST:
            raise BadAmount("The amount is too large.")

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Nothing, of a currency."""
        return cls(0, currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read canonical text (`-1234.50`); more digits than the currency has are refused unless they are zeros."""
        plain = text.strip()
        body = plain[1:] if plain[:1] in ("-", "+") else plain
        whole, _, fraction = body.partition(".")
        if not (whole + fraction).isdecimal() or not whole or not body.isascii() or body.endswith("."):
            raise BadAmount(f"“{text[:40]}” is not an amount.")
        return cls.from_decimal(Decimal(plain), currency)

    @classmethod
    def from_decimal(cls, value: Decimal, currency: str) -> "Money":
        """Exact or not at all."""
        try:
            minor = Fraction(value) * 10 ** digits(currency)
        except (ValueError, OverflowError) as fault:
            raise BadAmount("The amount is not a number.") from fault
        if minor.denominator != 1:
            raise BadAmount(f"{currency} has no more than {digits(currency)} digits after the point.")
        return cls(int(minor), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """The sum; of nothing, zero."""
        return sum(amounts, cls.zero(currency))

    def as_decimal(self) -> Decimal:
        """In major units, with exactly the currency's digits."""
        return Decimal(self.minor).scaleb(-digits(self.currency))

    def as_text(self) -> str:
        """Canonical text that `parse` reads back: 1234.50."""
        return written(self.minor, self.currency)

    def shown(self, locale: str = "en") -> str:
        """As a person of that language writes it: €1,234.50."""
        pattern = _pattern(locale, digits(self.currency))
        text = pattern.apply(self.as_decimal(), locale, currency=self.currency, currency_digits=False)
        return _TOUCHING.sub("\xa0", str(text))

    def times(self, ratio: Decimal | Fraction | int) -> "Money":
        """A multiple, rounded half to even to the minor unit."""
        return Money(round(self.minor * Fraction(ratio)), self.currency)

    def allocate(self, weights: Sequence[int]) -> tuple["Money", ...]:
        """Shares in proportion that add up to the whole; odd units go to the largest remainders, earliest first."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("weights are not negative, and one is positive")
        size, sign = abs(self.minor), -1 if self.minor < 0 else 1
        shares = [size * weight // whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda at: -(size * weights[at] % whole))
        for at in by_remainder[: size - sum(shares)]:
            shares[at] += 1
        return tuple(Money(sign * share, self.currency) for share in shares)

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __abs__(self) -> "Money":
        return Money(abs(self.minor), self.currency)

    def __bool__(self) -> bool:
        return self.minor != 0

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._same(other)

    def _same(self, other: "Money") -> int:
        if self.currency != other.currency:
            raise CurrenciesDiffer(f"{self.currency} and {other.currency} cannot be added or compared.")
        return other.minor
