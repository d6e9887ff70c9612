"""Decides what payment terms in words mean: when an invoice is due, and what may be kept by paying early.

One day named in the words, or one number of days, is taken as meant; words that leave more than one reading fall back
to thirty days, which is what the law of the European Union gives a creditor who agreed nothing clearer. A discount is
read as the German standard writes it (#SKONTO#TAGE=14#PROZENT=2.00#), or from words that name one share and one number
of days.
"""

import re
from datetime import date, timedelta
from decimal import Decimal

from tenants.values import dates

STATUTORY = 30
MOST_OFF = 50
"""Per cent; more is no discount for paying early."""
_DAYS = re.compile(r"\b(\d{1,3})\s*(?:tage?n?|days?|jours|dagar|dager|dage|dagen|giorni|d[ií]as)\b", re.IGNORECASE)
_NET = re.compile(
    r"\b(?P<before>\d{1,3})\s*(?:tagen?|days?|jours|dagen|giorni|d[ií]as)\s*(?:rein\s+)?(?:nett?o?|net)\b"
    r"|\bnett?o?\s*(?:in|within|innerhalb)?\s*(?P<after>\d{1,3})(?!\s*%)\b",
    re.IGNORECASE,
)
"""How long the whole is due without a discount, said beside one or alone."""
_DOTTED = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(20\d\d)\b")
_ISO = re.compile(r"\b(20\d\d)-(\d\d)-(\d\d)\b")
_AT_ONCE = re.compile(r"\b(sofort|immediately|upon receipt|à réception|omgående)\b", re.IGNORECASE)
_SPLIT = re.compile(r"%|skonto|discount|escompte|rabatt", re.IGNORECASE)
_SKONTO = re.compile(
    r"#SKONTO#TAGE=(?P<days>\d{1,3})#PROZENT=(?P<share>\d{1,2}(?:\.\d{1,2})?)#(?:BASISBETRAG=(?P<base>\d+(?:\.\d+)?)#)?"
)
_SHARE = r"(?P<share>\d{1,2}(?:[.,]\d{1,2})?)\s*%"
_WITHIN = r"(?P<days>\d{1,3})\s*(?:tage?n?|days?|jours|dagen|giorni|d[ií]as)\b"
_DISCOUNT = r"(?:skonto|discount|escompte|korting|sconto|descuento)"
_PLAIN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        rf"{_SHARE}\s*{_DISCOUNT}[^%#\d]{{0,60}}{_WITHIN}(?!\s*(?:netto|net)\b)",
        rf"{_WITHIN}[^%#\d]{{0,60}}{_SHARE}\s*{_DISCOUNT}",
        r"\b(?P<share>\d{1,2}(?:\.\d{1,2})?)\s*/\s*(?P<days>\d{1,3})\s*,?\s*net\b",
    )
]
_FARTHEST = timedelta(days=730)


def due_on(words: str, *, issued_on: date) -> tuple[date, str]:
    """The day, and the sentence that tells how it was found."""
    named = {day for day in _named(words) if issued_on <= day <= issued_on + _FARTHEST}
    counted = {int(count) for count in _DAYS.findall(words)}
    net = {int(each["before"] or each["after"]) for each in _NET.finditer(_SKONTO.sub(" ", words))}
    if len(named) == 1:
        day = named.pop()
        return day, f"No due date is given as a date; the payment terms name {dates.written(day)}."
    if len(net) == 1 or (len(counted) == 1 and not _SPLIT.search(words)):
        days = (net if len(net) == 1 else counted).pop()
        day = issued_on + timedelta(days=days)
        said = f"the payment terms say {days} days, which is {dates.written(day)}."
        return day, f"No due date is given as a date; {said}"
    if _AT_ONCE.search(words) and not counted:
        said = f"the payment terms ask for payment at once, on {dates.written(issued_on)}."
        return issued_on, f"No due date is given as a date; {said}"
    day = issued_on + timedelta(days=STATUTORY)
    said = f"the payment terms leave it open: {STATUTORY} days, {dates.written(day)}, are assumed."
    return day, f"No due date is given, and {said}"


def discount(words: str, *, issued_on: date, amount: Decimal) -> tuple[date, Decimal] | None:
    """The highest discount that the terms offer on an invoice of that amount, and its last day; none if they are
    silent, or leave more than one reading."""
    found = list(_SKONTO.finditer(words))
    if not found:
        plain = {(each["share"], each["days"]): each for pattern in _PLAIN for each in pattern.finditer(words)}
        found = list(plain.values()) if len(plain) == 1 else []
    offers = [
        (Decimal(each["share"].replace(",", ".")), int(each["days"]), each.groupdict().get("base")) for each in found
    ]
    offers = [offer for offer in offers if 0 < offer[0] < MOST_OFF]
    if not offers or amount <= 0:
        return None
    share, days, base = max(offers)
    return issued_on + timedelta(days=days), min(Decimal(base) if base else amount, amount) * share / 100


def _named(words: str) -> list[date]:
    found = [(year, month, day) for day, month, year in _DOTTED.findall(words)] + _ISO.findall(words)
    days = []
    for year, month, day in found:
        try:
            days.append(date(int(year), int(month), int(day)))
        except ValueError:
            continue
    return days
