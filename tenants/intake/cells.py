"""Decides whether the text in one cell is what its column promises: a number, a name, a country, a yes.

Readers return a value, None for an empty cell, or a Flaw. Those of columns with few distinct cells remember them, so
that a customer's name is judged once and not once per invoice.
"""

import re
from collections.abc import Callable
from functools import cache

from babel import Locale

from tenants.intake.formats.flaws import Flaw
from tenants.intake.targets import Kind, Target
from tenants.values import money

_REMEMBERED = 20_000
_WRAPPED = re.compile(r'="([^"]*)"')
"""How spreadsheets are made to keep leading zeros."""
_FORMULA = re.compile(r"=|[@+\-][^\d\s]*[(|!]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ufffd]")
_ROUNDED = re.compile(r"\d+(?:[.,]\d+)?[eE]\+\d+")
_ADDRESS = re.compile(r"[^\s@,;<>()\[\]\"\\]{1,64}@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_]{2,63}")
_YES = frozenset(("yes", "y", "true", "t", "1", "x", "ja", "j", "oui", "o", "si", "sí", "s", "wahr", "vrai"))
_NO = frozenset(("no", "n", "false", "f", "0", "-", "nein", "non", "nee", "falsch", "faux"))
_CREDIT = frozenset(
    ("c", "cr", "credit", "crédit", "h", "haben", "haber", "-", "cn", "cm", "crn", "sc", "dg", "dz", "avoir", "abono")
    + ("credit note", "sales credit note", "customer credit note", "credit memo", "creditnote", "creditnota")
    + ("gutschrift", "rechnungskorrektur", "stornorechnung", "payment", "zahlung", "paiement")
)
_DEBIT = frozenset(("d", "s", "+"))
_CHANNELS = {
    "email": frozenset(("email", "e-mail", "mail", "electronic", "digital", "elektronisch", "électronique")),
    "paper": frozenset(("paper", "post", "letter", "print", "papier", "brief", "postal")),
    "portal": frozenset(("portal", "online", "web", "self-service", "portail")),
}

CREDIT = "credit"
EMPTY = Flaw("empty", "The cell is empty.", "Fill it in, or leave the row out.")
FORMULA = Flaw("formula", "This is a formula, not a value.", "Save the sheet with values instead of formulas.")
CONTROL = Flaw("control_characters", "The cell holds invisible control characters.", "Type the value anew.")
ROUNDED = Flaw(
    "number_rounded",
    "A spreadsheet has turned the number into a rounded one; its last digits are lost.",
    "Format the column as text in the original, and export again.",
)
NOT_AN_ADDRESS = Flaw("not_an_address", "This is not one mail address.", "Give one address, such as bills@example.com.")
NOT_A_COUNTRY = Flaw("not_a_country", "This is not a country.", "Use the two letters of ISO 3166, such as DE.")
NOT_A_CURRENCY = Flaw("not_a_currency", "This is not a currency.", "Use the three letters of ISO 4217, such as EUR.")
NOT_A_CHANNEL = Flaw(
    "not_a_channel", "This is no way of sending invoices that we know.", "Write email, portal or paper."
)
NOT_A_YES_OR_NO = Flaw("not_yes_or_no", "This is neither yes nor no.", "Write yes or no.")
NOT_A_SIDE = Flaw("not_a_side", "This is neither debit nor credit.", "Write debit or credit, D or C, S or H.")

Reader = Callable[[str], "str | bool | Flaw | None"]


class Remembering(dict[str, "str | bool | Flaw | None"]):
    """A reader that judges each distinct cell once."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, cell: str) -> "str | bool | Flaw | None":
        if len(self) >= _REMEMBERED:
            self.clear()
        value = self[cell] = self._read(cell)
        return value


def reader(target: Target, *, number_width: int = 0) -> Reader:
    """The reader for a field that is neither date nor amount."""
    if target.kind is Kind.NUMBER:
        return _number(target.longest, number_width)
    plain: dict[Kind, Reader] = {
        Kind.EMAIL: _email,
        Kind.COUNTRY: _country,
        Kind.CHANNEL: _channel,
        Kind.CURRENCY: _currency,
        Kind.FLAG: _flag,
        Kind.SIDE: _side,
    }
    read = plain.get(target.kind) or _text(target.longest)
    return Remembering(required(read) if target.required else read).__getitem__


def required(read: Reader) -> Reader:
    """The same reader, for a cell that may not be empty."""

    def insisting(cell: str) -> str | bool | Flaw | None:
        value = read(cell)
        return EMPTY if value is None else value

    return insisting


def _text(longest: int) -> Reader:
    too_long = Flaw(
        "too_long", f"The cell has more than {longest} characters.", "Check whether two cells ran together."
    )

    def read(cell: str) -> str | Flaw | None:
        value = " ".join(cell.split()) if not cell.isalnum() else cell
        wrapped = _WRAPPED.fullmatch(value)
        if wrapped:
            value = wrapped[1].strip()
        if not value:
            return None
        if len(value) > longest:
            return too_long
        if _FORMULA.match(value):
            return FORMULA
        return CONTROL if _CONTROL.search(cell) else value

    return read


def _number(longest: int, width: int) -> Reader:
    """Invoice numbers are all different, so this reader remembers nothing and takes the short way for plain digits."""
    text = _text(longest)

    def read(cell: str) -> str | Flaw | None:
        if cell.isdigit() and cell.isascii() and len(cell) <= longest:
            return cell.zfill(width)
        value = text(cell)
        if not isinstance(value, str):
            return EMPTY if value is None else value  # type: ignore[return-value]
        if _ROUNDED.fullmatch(value):
            return ROUNDED
        return value.zfill(width) if value.isdigit() else value

    return read


_plain = _text(254)


def _email(cell: str) -> str | bool | Flaw | None:
    value = _plain(cell.strip().removeprefix("mailto:"))
    if not isinstance(value, str):
        return value
    if not _ADDRESS.fullmatch(value):
        return NOT_AN_ADDRESS
    local, _, domain = value.rpartition("@")
    return f"{local}@{domain.lower()}"


def _country(cell: str) -> str | Flaw | None:
    value = cell.strip()
    return _countries().get(value.casefold(), NOT_A_COUNTRY) if value else None


def _currency(cell: str) -> str | Flaw | None:
    value = cell.strip().upper()
    try:
        money.digits(value) if value else None
    except money.UnknownCurrency:
        return NOT_A_CURRENCY
    return value or None


def _channel(cell: str) -> str | Flaw | None:
    value = cell.strip().casefold()
    if not value:
        return None
    return next((channel for channel, words in _CHANNELS.items() if value in words), NOT_A_CHANNEL)


def _flag(cell: str) -> bool | Flaw | None:
    value = cell.strip().casefold()
    if not value or value in _NO:
        return False
    return True if value in _YES else NOT_A_YES_OR_NO


def _side(cell: str) -> str | Flaw | None:
    """A mark must be one that we know; the name of a kind of document may be any, and then turns nothing."""
    value = " ".join(cell.casefold().split())
    if value in _CREDIT:
        return CREDIT
    return NOT_A_SIDE if len(value) == 1 and value not in _DEBIT else None


@cache
def _countries() -> dict[str, str]:
    """Countries by code and by name in the languages of our clients."""
    known: dict[str, str] = {}
    for language in ("en", "de", "fr", "es", "nl"):
        for code, name in Locale.parse(language).territories.items():
            if len(code) == 2 and code not in ("ZZ", "EU", "EZ", "UN", "QO", "XA", "XB"):
                known.setdefault(name.casefold(), code)
                known.setdefault(code.casefold(), code)
    return known | {"uk": "GB", "usa": "US", "england": "GB"}
