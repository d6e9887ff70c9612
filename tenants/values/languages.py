"""Decides in which language somebody is written to, and how that language is written where they live."""

from collections.abc import Container
from functools import lru_cache

from babel import Locale, UnknownLocaleError

USUAL = "en"


def spoken(wanted: str, *, among: Container[str]) -> str:
    """The language of those we have for somebody who wants `wanted` (de, de-AT, de_AT)."""
    short = wanted.replace("_", "-").split("-")[0].lower()
    return short if short in among else USUAL


@lru_cache(maxsize=512)
def place(language: str, country: str) -> str:
    """The language as it is written in a country (en_GB, de_AT), or the bare language where the country has no habit
    of its own."""
    try:
        return str(Locale.parse(f"{language}_{country.upper()}"))
    except (UnknownLocaleError, ValueError):
        return language
