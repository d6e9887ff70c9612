"""Decides what SWIFT MT940 and MT942 say: fields by tag, lines (:61:) with the details (:86:) that follow them.

Banks differ in everything that the tag leaves free, so only what makes a booking is required: an account, a currency,
and in each line a day, a direction and an amount. An impossible value date (30 February is one bank's month end) gives
way to the booking date beside it.
"""

import re
from dataclasses import replace
from datetime import date, timedelta

from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused

_TAG = re.compile(r"^:(\d{2}[A-Z]?|NS):", re.MULTILINE)
_BALANCE = re.compile(r"[CD]\d{6}([A-Z]{3})[\d,]+")
_FLOOR = re.compile(r"([A-Z]{3})[CD]?[\d,]+")
_LINE = re.compile(
    r"(\d{2})(\d{2})(\d{2})(\d{4})?(R?[CD]|E[CD])([A-Z])?(\d{1,15},\d{0,3}|\d{1,15})([NSF][A-Z0-9]{3})?([^\n]*)(?:\n(.*))?",
    re.DOTALL,
)
_PIECE = re.compile(r"\?(\d\d)")
_SLASHED = re.compile(
    r"/(TRTP|TRCD|IBAN|BIC|NAME|REMI|EREF|CNTP|USTD|STRD|CSID|MARF|ADDR|PREF|RTRN|ISDT|PURP|ORDP|BENM|ULTD|ULTB|CHGS"
    r"|EXCH|OCMT|SVCL|INTA)(?=/)"
)
"""Words in slashes, as banks in the Netherlands and Belgium cut their details."""
_KEYWORD = re.compile(r"(EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|IBAN|BIC)\+")


def looks_like(head: str) -> bool:
    """Whether the text is cut into fields as SWIFT does."""
    return bool(re.search(r"^:(20|25|28C?|60[FM]|61|62[FM]|64|NS):", head, re.MULTILINE))


def read(text: str) -> Statement:
    """All lines of all statements. Raises StatementRefused."""
    said = Statement("mt940")
    account = currency = ""
    last: Entry | None = None
    for at, tag, value in _fields(text):
        if tag == "25":
            account, currency, last = value.split("\n")[0].strip(), "", None
            said.accounts.append(account)
        elif tag in ("60F", "60M", "34F", "62F", "62M"):
            last = None
            currency = _currency(tag, value, at) or currency
            said.format = "mt942" if tag == "34F" else said.format
        elif tag == "61":
            last = _entry(value, at, account=account, currency=currency)
            said.entries.append(last)
        elif tag in ("86", "NS") and last is not None:
            said.entries[-1] = last = _told(last, value)
    if not said.accounts:
        raise StatementRefused("Line 1: rule :25:: the account is missing; this is a piece of a statement only.")
    if not said.entries and not currency:
        raise StatementRefused(
            "Line 1: rule :60F:: the opening balance is missing; this is a piece of a statement only."
        )
    return said


def _fields(text: str) -> list[tuple[int, str, str]]:
    """Line number, tag and value of each field; a line that opens no field continues the last."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    marks = list(_TAG.finditer(text))
    found = []
    line, counted = 1, 0
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        value = text[mark.end() : following.start() if following else len(text)]
        value = re.split(r"^-(?:\}|X{3})?\s*$", value, maxsplit=1, flags=re.MULTILINE)[0]
        line += text.count("\n", counted, mark.start())
        counted = mark.start()
        found.append((line, mark[1], value.strip("\n")))
    return found


def _currency(tag: str, value: str, at: int) -> str:
    """The currency of a balance; some banks write the closing one without, after an opening one that has it."""
    found = (_FLOOR if tag == "34F" else _BALANCE).match(value.strip())
    if found is None and tag.startswith("62"):
        return ""
    if found is None:
        raise StatementRefused(f"Line {at:,}: rule :{tag}:: “{value.strip()[:40]}” is not a balance.")
    return found[1]


def _entry(value: str, at: int, *, account: str, currency: str) -> Entry:
    found = _LINE.match(value.strip())
    if not account or not currency:
        missing = ":60F:: the opening balance" if account else ":25:: the account"
        raise StatementRefused(f"Line {at:,}: rule {missing} is missing before this line.")
    if found is None:
        raise StatementRefused(f"Line {at:,}: rule :61:: “{value.strip()[:60]}” is not a statement line.")
    year, month, day, booked, direction, _, worth, _kind, rest, more = found.groups()
    valued_on, booked_on = _days(2000 + int(year), int(month), int(day), booked, at)
    credit = direction in ("C", "RD", "EC")
    customer, _, bank = rest.partition("//")
    reference = customer.strip()
    return Entry(
        at=at,
        account=account,
        currency=currency,
        amount=statement.amount(worth, where=f"Line {at:,}") * (1 if credit else -1),
        booked_on=booked_on,
        valued_on=valued_on,
        words="" if (more or "").startswith("/TRCD/") else " ".join((more or "").split()),
        reference="" if reference in ("NONREF", "EREF", "PREF") else reference,
        bank_ref=bank.strip(),
    )


def _days(year: int, month: int, day: int, booked: str | None, at: int) -> tuple[date, date]:
    """Value date and booking date; the latter has no year of its own, so it is the nearest."""
    valued = _day(year, month, day)
    near = []
    if booked and booked != "0000":
        near = [found for y in (year - 1, year, year + 1) if (found := _day(y, int(booked[:2]), int(booked[2:])))]
    middle = valued or _day(year, month, 1)
    if middle is None or not (valued or near):
        raise StatementRefused(f"Line {at:,}: rule :61:: there is no day {year}-{month:02}-{day:02} in the calendar.")
    booked_on = min(near, key=lambda each: abs(each - middle)) if near else None
    if booked_on is None or abs(booked_on - middle) > timedelta(days=62):
        booked_on = valued or middle
    return valued or booked_on, booked_on


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _told(entry: Entry, value: str) -> Entry:
    """The line with its details: cut at ?20 to ?63 where the bank does so, free text otherwise."""
    if _SLASHED.match(value):
        return _cut_by_slashes(entry, value.replace("\n", ""))
    pieces = _PIECE.split(value.replace("\n", ""))
    if len(pieces) < 3:
        words = " ".join(value.split())
        return replace(entry, words=f"{entry.words} {words}".strip())
    by_code = list(zip(pieces[1::2], pieces[2::2], strict=True))
    words = "".join(text for code, text in by_code if "20" <= code <= "29" or "60" <= code <= "63")
    party = "".join(text for code, text in by_code if code in ("32", "33"))
    told = dict(_keyed(words))
    reference = told.get("EREF", "")
    return replace(
        entry,
        words=(told.get("SVWZ") or words).strip(),
        party=" ".join(party.split()),
        party_account=told.get("IBAN", "") or "".join(text for code, text in by_code if code == "31"),
        reference=entry.reference or ("" if reference == "NOTPROVIDED" else reference),
    )


def _cut_by_slashes(entry: Entry, value: str) -> Entry:
    """The line with what stands behind each word in slashes; the other side is told by one word or by several."""
    parts = _SLASHED.split(value)
    told: dict[str, str] = {}
    for key, text in zip(parts[1::2], parts[2::2], strict=True):
        told.setdefault(key, text.strip("/ "))
    account, _, named = told.get("CNTP", "").partition("/")
    words = [told[key] for key in ("REMI", "USTD", "STRD") if told.get(key)]
    reference = told.get("EREF", "")
    return replace(
        entry,
        words=" ".join([entry.words, *(words or [told.get("TRTP", "")])]).strip(),
        party=told.get("NAME") or named.partition("/")[2].partition("/")[0].strip(),
        party_account=told.get("IBAN") or account,
        reference=entry.reference or ("" if reference == "NOTPROVIDED" else reference),
    )


def _keyed(words: str) -> list[tuple[str, str]]:
    parts = _KEYWORD.split(words)
    return [(key, text.strip()) for key, text in zip(parts[1::2], parts[2::2], strict=True)]
