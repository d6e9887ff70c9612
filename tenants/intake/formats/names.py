"""Decides how the names of columns are compared, and which currency one of them names."""

import re
import unicodedata

from tenants.values import money

_CODE = re.compile(r"(?<![^\W_])([A-Z]{3})(?![^\W_])")
_NO_CODES = ("ALL", "TOP", "TRY")
"""Words that are currencies too."""
_SIGNS = {"€": "EUR", "£": "GBP"}


def fold(name: str) -> str:
    """A header as it is compared: without case, accents, blanks and signs."""
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("°", "o")).casefold()
    return re.sub(r"[^a-z0-9]", "", plain)


def currency_of(column: str) -> str:
    """The currency that the header of the amounts names: “Amount (USD)”, “Betrag €”; empty when it names none."""
    codes = [code for code in _CODE.findall(column) if code not in _NO_CODES and _is_money(code)]
    found = {*codes, *(code for sign, code in _SIGNS.items() if sign in column)}
    return found.pop() if len(found) == 1 else ""


def without_currency(column: str) -> str:
    """The header of amounts without the currency that it names."""
    code = currency_of(column)
    shown = "|".join([code, *(sign for sign, named in _SIGNS.items() if named == code)])
    return re.sub(rf"(\b(in|en)\s+)?({shown})", "", column) if code else column


def _is_money(code: str) -> bool:
    try:
        return money.digits(code) >= 0
    except money.UnknownCurrency:
        return False
