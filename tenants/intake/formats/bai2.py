"""Decides what BAI2 says: records 01 to 99, whose counts and control totals must hold or nothing is believed.

Amounts have as many decimals as their currency and no decimal sign. Type codes 100 to 399 came in, 400 to 699 went out;
the others are sums, loans or a bank's own and are counted but not booked.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused
from tenants.values import money

_CODES = ("01", "02", "03", "16", "49", "88", "98", "99")
_EXTRA = {"S": 3, "V": 2}
"""Fields that a funds type brings after itself."""


@dataclass(slots=True)
class _Record:
    at: int
    code: str
    fields: list[str]
    words: list[str] = field(default_factory=list)
    lines: int = 1
    more: list[list[str]] = field(default_factory=list)
    """The fields of each line that continues an account."""


def looks_like(head: str) -> bool:
    """Whether the text begins as a BAI file, or with a record that one could hold."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    return first[:3] in ("01,", "00,") and first.rstrip().endswith("/") and first.count(",") >= 7


def read(text: str) -> Statement:
    """The lines of all accounts. Raises StatementRefused."""
    said = Statement("bai2")
    group = account = None
    records, counted = list(_records(text)), _Counts()
    if not records or records[0].code != "01" or records[-1].code != "99":
        at = records[0].at if records else 1
        raise StatementRefused(f"Line {at:,}: rule BAI2: a file begins with record 01 and ends with record 99.")
    for record in records:
        counted.take(record)
        if record.code == "02":
            group = record
        elif record.code == "03":
            if group is None:
                raise StatementRefused(f"Line {record.at:,}: rule BAI2: record 03 stands outside a group (02).")
            account = record
            said.accounts.append(_at(record, 0))
        elif record.code == "16":
            if group is None or account is None:
                raise StatementRefused(f"Line {record.at:,}: rule BAI2: record 16 stands outside an account (03).")
            entry = _entry(record, account, group)
            if entry is not None:
                said.entries.append(entry)
    return said


class _Counts:
    """What the trailers must agree with."""

    def __init__(self) -> None:
        self._lines = {"49": 0, "98": 0, "99": 0}
        self._sums = {"49": 0, "98": 0, "99": 0}

    def take(self, record: _Record) -> None:
        if record.code == "03":
            self._lines["49"] = self._sums["49"] = 0
        elif record.code == "02":
            self._lines["98"] = self._sums["98"] = self._lines["49"] = 0
        for level in self._lines:
            self._lines[level] += record.lines
        self._sums["49"] += sum(_sums(record))
        if record.code in self._sums:
            self._close(record)

    def _close(self, record: _Record) -> None:
        stated, lines = _at(record, 0), record.fields[-1].strip() if record.fields else ""
        due = self._sums[record.code]
        if lines.isdigit() and int(lines) != self._lines[record.code]:
            raise StatementRefused(
                f"Line {record.at:,}: rule BAI2 {record.code}: the trailer counts {lines} records, "
                f"there are {self._lines[record.code]}."
            )
        if stated and _whole(stated, record) != due:
            raise StatementRefused(
                f"Line {record.at:,}: rule BAI2 {record.code}: the control total is {stated}, the amounts give {due}."
            )
        above = {"49": "98", "98": "99"}.get(record.code)
        if above:
            self._sums[above] += due


def _records(text: str) -> Iterator[_Record]:
    """The records, each with the lines that continue it."""
    last: _Record | None = None
    for at, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        code, _, body = line.strip().partition(",")
        if code not in _CODES:
            raise StatementRefused(f"Line {at:,}: rule BAI2: there is no record “{code[:10]}”.")
        if code == "88":
            if last is None:
                raise StatementRefused(f"Line {at:,}: rule BAI2: record 88 continues nothing.")
            last.lines += 1
            if last.code == "16":
                last.words.append(body.removesuffix("/"))
            else:
                last.more.append(body.removesuffix("/").split(","))
            continue
        if last is not None:
            yield last
        last = _Record(at, code, body.removesuffix("/").split(","))
    if last is not None:
        yield last


def _sums(record: _Record) -> Iterator[int]:
    """The amounts that count towards the control total of the account."""
    if record.code == "16":
        yield _whole(_at(record, 1) or "0", record)
    elif record.code == "03":
        for rest in (record.fields[2:], *record.more):
            while len(rest) >= 2:
                amount, funds = rest[1].strip(), rest[3].strip() if len(rest) > 3 else ""
                if amount:
                    yield _whole(amount, record)
                rest = rest[4 + _width(funds, rest[4:]) :]


def _entry(record: _Record, account: _Record, group: _Record) -> Entry | None:
    code, worth, funds = _at(record, 0), _at(record, 1), _at(record, 2)
    if not code.isdigit() or not 100 <= int(code) <= 699 or not worth:
        return None
    currency = _at(account, 1) or _at(group, 5) or "USD"
    booked = _group_day(group)
    skip = 3 + _width(funds, record.fields[3:])
    valued = booked
    if funds == "V" and _at(record, 3):
        valued = statement.day(f"20{_at(record, 3)}", where=f"Line {record.at:,}")
    minor = _whole(worth, record)
    try:
        places = money.digits(currency)
    except money.UnknownCurrency as unknown:
        raise StatementRefused(f"Line {account.at:,}: rule BAI2 03: {unknown.detail}") from unknown
    words = " ".join([*record.fields[skip + 2 :], *record.words])
    return Entry(
        at=record.at,
        account=_at(account, 0),
        currency=currency,
        amount=Decimal(minor if int(code) < 400 else -minor).scaleb(-places),
        booked_on=booked,
        valued_on=valued,
        words=" ".join(words.split()),
        reference=_at(record, skip + 1),
        bank_ref=_at(record, skip),
    )


def _width(funds: str, following: list[str]) -> int:
    """How many fields a funds type brings after itself; D says how many days it spreads over."""
    if funds == "D" and following and following[0].strip().isdigit():
        return 1 + 2 * int(following[0])
    return _EXTRA.get(funds, 0)


def _group_day(group: _Record) -> date:
    return statement.day(f"20{_at(group, 3)}", where=f"Line {group.at:,}, record 02")


def _at(record: _Record, place: int) -> str:
    return record.fields[place].strip() if place < len(record.fields) else ""


def _whole(text: str, record: _Record) -> int:
    plain = text.strip()
    if not plain.lstrip("+-").isdigit() or len(plain) > 18:
        raise StatementRefused(f"Line {record.at:,}: rule BAI2 {record.code}: “{plain[:40]}” is not an amount.")
    return int(plain)
