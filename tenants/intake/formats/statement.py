"""Decides what is kept of a bank statement, whatever its format: accounts, their lines, and where each line stood."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from hashlib import sha256

from tenants.intake.formats.text import FileRefused

_DAY = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})(?:[T\d].*|\[.*|Z|[+-]\d\d:\d\d)?", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:[.,]\d{0,12})?|[.,]\d{1,12})", re.ASCII)


class StatementRefused(FileRefused):
    """The file is no bank statement that holds together."""

    code = "statement_refused"
    remedy = "Ask the bank for the statement again, as their program wrote it."


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a statement; a negative amount left the account."""

    at: int
    """Where it stands: the line of the file, or the row of the sheet."""
    account: str
    currency: str
    amount: Decimal
    booked_on: date
    valued_on: date
    party: str = ""
    words: str = ""
    reference: str = ""
    bank_ref: str = ""
    party_account: str = ""
    """From which account the other side paid, or to which it was paid."""


@dataclass(slots=True)
class Statement:
    """All that a file says about bank accounts."""

    format: str
    entries: list[Entry] = field(default_factory=list)
    accounts: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    dates: str = ""
    """The order in which a sheet writes its dates; formats that say so themselves leave it empty."""


def keys(entries: Sequence[Entry]) -> list[str]:
    """A name for each line that it has in every report of it; twins within one file are counted."""
    twins: Counter[str] = Counter()
    named = []
    for each in entries:
        said = (each.account, each.currency, each.amount.normalize(), each.booked_on, each.words, each.party)
        whole = "\x1f".join(map(str, (*said, each.reference, each.bank_ref)))
        twins[whole] += 1
        named.append(sha256(f"{whole}\x1f{twins[whole]}".encode()).hexdigest()[:32])
    return named


def day(text: str, *, where: str) -> date:
    """A date as statements write it. Raises StatementRefused."""
    found = _DAY.fullmatch(text.strip())
    try:
        if found:
            return date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        pass
    raise StatementRefused(f"{where}: “{text.strip()[:40]}” is not a day in the calendar.")


def amount(text: str, *, where: str) -> Decimal:
    """An amount with one decimal sign and no groups. Raises StatementRefused."""
    plain = text.strip()
    try:
        if _NUMBER.fullmatch(plain):
            return Decimal(plain.replace(",", "."))
    except InvalidOperation:  # pragma: no cover - the pattern lets only numbers through
        pass
    raise StatementRefused(f"{where}: “{plain[:40]}” is not an amount.")
