"""Decides what a written amount means: which sign is the decimal one is read from the whole column.

1.234 is a thousand and more in Berlin and one and a bit in Manama. A column is judged by the shapes of its cells
(digits flattened, so a million amounts leave a few dozen shapes); nothing is ever rounded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tenants.intake.formats.flaws import Flaw
from tenants.values import money

_FLAT = str.maketrans("0123456789", "9999999999")
_NOISE = re.compile(r"[^\d.,]")
_GROUPS = {".": r"[,'’\s]", ",": r"[.'’\s]"}
_SYMBOLS = {
    "€": ("EUR",),
    "£": ("GBP", "EGP", "GIP", "FKP", "SHP"),
    "¥": ("JPY", "CNY"),
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD", "BRL"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "zł": ("PLN",),
    "₹": ("INR",),
}
_LAKHS = r"|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}"
"""India groups by two after the first three."""
_MARK = re.compile(r"(.*[\d)])\s*(cr|dr|[chds])\.?", re.IGNORECASE)
_LONGEST = 15

NOT_AN_AMOUNT = Flaw("not_an_amount", "This is not an amount.", "Write digits and one decimal sign, such as 1234.50.")
TOO_LARGE = Flaw("amount_too_large", "The amount has too many digits.", "Check whether two cells ran together.")
TOO_FINE = Flaw(
    "amount_too_fine", "The amount has more decimals than its currency.", "Round the amount or correct the currency."
)
OTHER_CURRENCY = Flaw(
    "other_currency",
    "The sign at the amount is not that of its currency.",
    "Give the currency in a column of its own.",
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a column says about its decimal sign; `sign` is None when nothing decides."""

    sign: str | None
    deciding: int = 0
    contradicting: int = 0


def shape(text: str) -> str:
    """The cell with every digit made alike."""
    return text.translate(_FLAT)


def sign_of(shapes: Iterable[str]) -> Evidence:
    """The decimal sign of a column, from the distinct shapes of its cells."""
    votes = {".": 0, ",": 0}
    unclear = 0
    for text in shapes:
        bare = _NOISE.sub("", text)
        vote = _vote(bare)
        if vote:
            votes[vote] += 1
        else:
            unclear += "." in bare or "," in bare
    first, second = (".", ",") if votes["."] >= votes[","] else (",", ".")
    if votes[first] and votes[first] != votes[second]:
        return Evidence(first, votes[first], votes[second])
    return Evidence(None if unclear or votes[first] else ".")


def _vote(bare: str) -> str | None:
    """The decimal sign that this one shape proves, if any."""
    dots, commas = bare.count("."), bare.count(",")
    if dots and commas:
        return "." if bare.rfind(".") > bare.rfind(",") else ","
    if dots + commas == 0:
        return None
    sign, other = (".", ",") if dots else (",", ".")
    if dots + commas > 1:
        return other
    whole, _, fraction = bare.partition(sign)
    return None if len(fraction) == 3 and 1 <= len(whole) <= 3 else sign


class AmountReader:
    """Reads amounts of one currency written with one decimal sign, into minor units."""

    def __init__(self, currency: str, sign: str, *, credit: int = -1) -> None:
        """`credit` is the sign of an amount marked Cr or H: it lowers a debt, and raises what lies in a bank."""
        self._currency, self._sign, self._places = currency, sign, money.digits(currency)
        self._credit = credit
        group, lakhs = _GROUPS[sign], _LAKHS if sign == "." else ""
        self._number = re.compile(rf"([0-9]{{1,3}}(?:{group}[0-9]{{3}})+{lakhs}|[0-9]+)?(?:{re.escape(sign)}([0-9]*))?")

    def __call__(self, text: str) -> int | Flaw | None:
        """Minor units; None for an empty cell."""
        whole, _, fraction = text.partition(self._sign)
        if len(fraction) == self._places and len(whole) <= _LONGEST and text.isascii():
            together = whole + fraction
            if together.isdigit():
                return int(together)
        return self._slowly(text.strip())

    def _slowly(self, text: str) -> int | Flaw | None:
        if not text:
            return None
        marked = _MARK.fullmatch(text)
        side = self._credit if marked and marked[2][0] in "cChH" else -self._credit if marked else 1
        negative, bare = _sign(marked[1] if marked else text)
        bare, spoken = _without_currency(bare)
        if spoken and self._currency not in spoken:
            return OTHER_CURRENCY
        if not negative:
            negative, bare = _sign(bare)
        found = self._number.fullmatch(bare)
        if found is None or not (found[1] or found[2]):
            return NOT_AN_AMOUNT
        whole, fraction = re.sub(r"\D", "", found[1] or "0"), (found[2] or "")
        if len(whole.lstrip("0")) > _LONGEST:
            return TOO_LARGE
        if len(fraction.rstrip("0")) > self._places:
            return TOO_FINE
        minor = int(whole + fraction[: self._places].ljust(self._places, "0"))
        return side * (-minor if negative else minor)


def _sign(text: str) -> tuple[bool, str]:
    """Minus in front or behind, the typographic one too, or the accountant's brackets."""
    if text.startswith("(") and text.endswith(")"):
        return True, text[1:-1].strip()
    if text[:1] in "-−–" and text:
        return True, text[1:].strip()
    if text[-1:] == "-":
        return True, text[:-1].strip()
    return False, text.removeprefix("+").strip()


def _without_currency(text: str) -> tuple[str, tuple[str, ...]]:
    """The number, and the currencies that a sign or code beside it can mean."""
    for symbol, currencies in _SYMBOLS.items():
        if symbol in text:
            return text.replace(symbol, "", 1).strip(), currencies
    code = re.search(r"^[A-Z]{3}\b|(?<![A-Z])[A-Z]{3}$", text)
    if code:
        return (text[: code.start()] + text[code.end() :]).strip(), (code[0],)
    return text, ()
