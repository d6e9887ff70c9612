"""Decides what a written date means: the order of day and month is read from the whole column, never from one cell.

3/4/2026 alone is a coin toss; a column that also holds 25/4/2026 is not. When no cell decides, the answer is “unclear”
and a neighbouring column or a person decides: a wrong guess would move every due date by months without a sound.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import cache

from babel import Locale

from tenants.intake.formats.flaws import Flaw

_TIME = r"(?:[T\s]\s*\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[ap]\.?m\.?)?\s*(?:Z|UTC|[+-]\d{2}:?\d{2})?)?"
_NUMERIC = re.compile(
    rf"(\d{{1,4}})\s?([/.\-\s])\s?(\d{{1,2}})\s?\2\s?(\d{{4}}|\d{{1,2}})\.?{_TIME}", re.IGNORECASE | re.ASCII
)
_SERIAL = re.compile(r"([2-6]\d{4}|7[0-2]\d{3})(?:\.\d+)?", re.ASCII)
"""A day as spreadsheets count them, from the end of 1899: what is left of a date whose cell lost its format."""
_FIRST_DAY = date(1899, 12, 30)
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)", re.ASCII)
_DAY_NAME_YEAR = re.compile(rf"(\d{{1,2}})[.\s-]*([^\W\d_]{{3,}})[.,\s-]*(\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE)
_NAME_DAY_YEAR = re.compile(rf"([^\W\d_]{{3,}})[.\s-]*(\d{{1,2}}),?[\s-]+(\d{{4}}|\d{{2}}){_TIME}", re.IGNORECASE)
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "pt", "sv", "da", "pl")
_REMEMBERED = 50_000
_EARLIEST, _LATEST = 1970, 2100

NOT_A_DATE = Flaw("not_a_date", "This is not a date.", "Write the date as year-month-day, such as 2026-11-22.")
NO_SUCH_DAY = Flaw("no_such_day", "There is no such day in the calendar.", "Correct the day or the month.")
WRONG_ORDER = Flaw(
    "wrong_order",
    "Day and month are the other way round than in the rest of the column.",
    "Write all dates of the column in one order, best as 2026-11-22.",
)
FAR_AWAY = Flaw("date_far_away", f"The year is not between {_EARLIEST} and {_LATEST}.", "Correct the year.")


class Order(StrEnum):
    """Which part comes first."""

    YMD = "ymd"
    DMY = "dmy"
    MDY = "mdy"

    @property
    def sentence(self) -> str:
        """For people."""
        return {"ymd": "year-month-day", "dmy": "day/month/year", "mdy": "month/day/year"}[self.value]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a column says about its order. `order` is None when every cell can be read both ways."""

    order: Order | None
    deciding: int = 0
    """Distinct cells that allow this order only."""
    contradicting: int = 0
    """Distinct cells that allow the other order only: they will be faults."""
    likely: Order | None = None
    """Where nothing decides: who parts a date by points writes its day first."""


def order_of(values: Iterable[str]) -> Evidence:
    """The order in which the distinct cells of a column are written."""
    votes = {Order.DMY: 0, Order.MDY: 0, Order.YMD: 0}
    open_ = pointed = 0
    for value in values:
        found = _NUMERIC.fullmatch(value.strip())
        if found is None:
            votes[Order.YMD] += bool(
                value.strip()
            )  # compact, by name or no date at all: day and month are not in question
        elif len(found[1]) > 2:
            votes[Order.YMD] += 1
        elif int(found[1]) > 12 or int(found[3]) > 12:
            votes[Order.DMY if int(found[1]) > 12 else Order.MDY] += 1
        else:
            open_ += 1
            pointed += found[2] == "."
    first, second = (Order.DMY, Order.MDY) if votes[Order.DMY] >= votes[Order.MDY] else (Order.MDY, Order.DMY)
    if votes[first] and votes[first] != votes[second]:
        return Evidence(first, votes[first], votes[second])
    likely = Order.DMY if pointed and pointed == open_ and not votes[first] else None
    return Evidence(None if open_ or votes[first] else Order.YMD, votes[Order.YMD], likely=likely)


class DateReader(dict[str, "date | Flaw | None"]):
    """Reads the dates of one column; a ledger has few distinct days, so each is understood once."""

    def __init__(self, order: Order) -> None:
        super().__init__()
        self._order = order

    def __missing__(self, text: str) -> "date | Flaw | None":
        if len(self) >= _REMEMBERED:
            self.clear()
        read = self[text] = self._read(text.strip())
        return read

    def _read(self, text: str) -> "date | Flaw | None":
        if not text:
            return None
        if found := _NUMERIC.fullmatch(text):
            return self._numeric(int(found[1]), int(found[3]), int(found[4]), len(found[1]), len(found[4]))
        if found := _SERIAL.fullmatch(text):
            day = _FIRST_DAY + timedelta(days=int(found[1]))
            return _day(day.year, day.month, day.day)
        if found := _COMPACT.fullmatch(text):
            return _day(int(found[1]), int(found[2]), int(found[3]))
        if found := _DAY_NAME_YEAR.fullmatch(text):
            return _named(found[2], int(found[1]), found[3])
        if found := _NAME_DAY_YEAR.fullmatch(text):
            return _named(found[1], int(found[2]), found[3])
        return NOT_A_DATE

    def _numeric(self, first: int, second: int, third: int, first_digits: int, third_digits: int) -> "date | Flaw":
        if first_digits > 2:
            return _day(first, second, third) if first_digits == 4 and third_digits <= 2 else NOT_A_DATE
        if third_digits == 1:
            return NOT_A_DATE
        day, month = (second, first) if self._order is Order.MDY else (first, second)
        if month > 12 and day <= 12:
            return WRONG_ORDER
        return _day(third if third_digits == 4 else _century(third), month, day)


def _named(name: str, day: int, year: str) -> "date | Flaw":
    month = _months().get(name.casefold().rstrip("."))
    if month is None:
        return NOT_A_DATE
    return _day(int(year) if len(year) == 4 else _century(int(year)), month, day)


def _century(two_digits: int) -> int:
    """As POSIX does: 69 to 99 are the past century."""
    return two_digits + (1900 if two_digits >= 69 else 2000)


def _day(year: int, month: int, day: int) -> "date | Flaw":
    try:
        found = date(year, month, day)
    except ValueError:
        return NO_SUCH_DAY
    return found if _EARLIEST <= year <= _LATEST else FAR_AWAY


@cache
def _months() -> dict[str, int]:
    """Month names, long and short, in the languages of exports; earlier languages win where two disagree."""
    names: dict[str, int] = {}
    for language in _LANGUAGES:
        forms = Locale.parse(language).months
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for month, name in forms[context][width].items():
                    names.setdefault(name.casefold().rstrip("."), month)
    return names
