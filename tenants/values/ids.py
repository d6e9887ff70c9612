"""Decides how things are named: UUIDv7 inside, `inv_…` with 26 lower-case letters and digits outside.

The prefix stops a debtor's id from being pasted where an invoice's belongs. One id has exactly one written form, so
that ids can be compared, logged and searched as text; the written form sorts like the id, that is by time.
"""

import base64
import re
from collections.abc import Iterable
from functools import lru_cache
from uuid import UUID

import uuid_utils.compat

from tenants.values.faults import Refusal

LETTERS = "0123456789abcdefghijklmnopqrstuv"
PAIRS = tuple(first + second for first in LETTERS for second in LETTERS)
TRIPLES = tuple(pair + third for pair in PAIRS for third in LETTERS)
LOW = len(TRIPLES) - 1
_WRITTEN = re.compile(r"([a-z][a-z0-9]{1,11})_([0-9a-v]{26})", re.ASCII)


class BadId(Refusal, ValueError):
    """The text does not name a thing of the wanted type."""

    code = "bad_id"
    remedy = "Copy the id exactly as it was given, with its prefix."


def new() -> UUID:
    """A fresh id, greater than the ones this process made before it."""
    return uuid_utils.compat.uuid7()


def show(prefix: str, value: UUID) -> str:
    """The form for people and machines outside."""
    return f"{prefix}_{written(value)}"


def read(prefix: str, text: str) -> UUID:
    """The id behind its written form; anything else, another prefix included, is refused."""
    found = _WRITTEN.fullmatch(text)
    if found is None or found[1] != prefix:
        raise BadId(f"This is not an id that starts with “{prefix}_”.")
    value = UUID(bytes=base64.b32hexdecode(found[2].upper() + "======"))
    if written(value) != found[2]:  # the last letter carries two spare bits
        raise BadId(f"This is not an id that starts with “{prefix}_”.")
    return value


def written(value: UUID) -> str:
    """The 26 letters, without the prefix."""
    return letters(value.int)


@lru_cache(maxsize=16_384)
def letters(number: int) -> str:
    """The same for the number that an id is. By three letters at a time, and kept for a while: lists are full of ids,
    and the same ones come again and again."""
    bits, of = number << 2, TRIPLES
    return (
        f"{of[bits >> 115]}{of[bits >> 100 & LOW]}{of[bits >> 85 & LOW]}{of[bits >> 70 & LOW]}{of[bits >> 55 & LOW]}"
        f"{of[bits >> 40 & LOW]}{of[bits >> 25 & LOW]}{of[bits >> 10 & LOW]}{PAIRS[bits & 1023]}"
    )


def listed(found: Iterable[UUID]) -> str:
    """Many ids as one literal of an array: the driver would write a list of them value by value."""
    return "{" + ",".join(map(str, found)) + "}"
