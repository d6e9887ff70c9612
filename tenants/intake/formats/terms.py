"""Decides when an invoice is due that states its payment terms in words only.

One day named in the words, or one number of days, is taken as meant; words that leave more than one reading fall back
to thirty days, which is what the law of the European Union gives a creditor who agreed nothing clearer.
"""

import re
from datetime import date, timedelta

STATUTORY = 30
_DAYS = re.compile(r"\b(\d{1,3})\s*(?:tage?n?|days?|jours|dagar|dager|dage|dagen|giorni|d[ií]as)\b", re.IGNORECASE)
_DOTTED = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(20\d\d)\b")
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_AT_ONCE = re.compile(r"\b(sofort|immediately|upon receipt|à réception|omgående)\b", re.IGNORECASE)
_SPLIT = re.compile(r"%|skonto|discount|escompte|rabatt", re.IGNORECASE)
_FARTHEST = timedelta(days=730)


def due_on(words: str, *, issued_on: date) -> tuple[date, str]:
    """The day, and the sentence that tells how it was found."""
    named = {day for day in _named(words) if issued_on <= day <= issued_on + _FARTHEST}
    counted = {int(count) for count in _DAYS.findall(words)}
    if len(named) == 1:
        day = named.pop()
        return day, f"No due date is given as a date; the payment terms name {day}."
    if len(counted) == 1 and not _SPLIT.search(words):
        days = counted.pop()
        day = issued_on + timedelta(days=days)
        return day, f"No due date is given as a date; the payment terms say {days} days, which is {day}."
    if _AT_ONCE.search(words) and not counted:
        return issued_on, f"No due date is given as a date; the payment terms ask for payment at once, on {issued_on}."
    day = issued_on + timedelta(days=STATUTORY)
    return day, f"No due date is given, and the payment terms leave it open: {STATUTORY} days, {day}, are assumed."


def _named(words: str) -> list[date]:
    found = [(year, month, day) for day, month, year in _DOTTED.findall(words)] + _ISO.findall(words)
    days = []
    for year, month, day in found:
        try:
            days.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days
