"""Decides how a day is written in a sentence: “20 Nov 2026”, the month in letters so that nobody mistakes it."""

from datetime import date, datetime


def written(on: date | None) -> str:
    """A day as sentences and screens write it; of an instant, its day."""
    return "an unknown day" if on is None else f"{on.day} {on:%b %Y}"


def written_to_the_minute(at: datetime) -> str:
    """An instant in UTC."""
    return f"{written(at)}, {at:%H:%M} UTC"
