"""A change of an object says which state of it was looked at; one that was changed meanwhile is not overwritten.

The tag is a hash of what the object's own address shows, so there is nothing to keep and nothing to forget. Parts that
move by themselves, as the clock of a client, are marked `moving` in their schema and left out.
"""

import hashlib
import json
from functools import cache
from typing import ClassVar

from flask import request
from marshmallow import Schema

from tenants.values.faults import Kind, Refusal

IF_MATCH = "If-Match"
MOVING = {"moving": True}
"""Metadata of a field that changes without anybody's doing."""


class MatchMissing(Refusal):
    """A change does not say which state it is meant for."""

    kind: ClassVar[Kind] = Kind.UNCONDITIONAL
    code = "match_missing"
    remedy = "Read the object and send its ETag as If-Match."


class Stale(Refusal):
    """The object is not any more what the caller looked at."""

    kind: ClassVar[Kind] = Kind.STALE
    code = "stale"
    remedy = "Read the object again, see whether your change still makes sense, and send it with the new ETag."


def tag(schema: type[Schema], shown: str) -> str:
    """The strong tag of the JSON that an address shows."""
    moving = _moving(schema)
    if moving:
        kept = {name: value for name, value in json.loads(shown).items() if name not in moving}
        shown = json.dumps(kept, sort_keys=True, separators=(",", ":"))
    return f'"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'


@cache
def _moving(schema: type[Schema]) -> frozenset[str]:
    return frozenset(name for name, each in schema().fields.items() if each.metadata.get("moving"))


def require() -> str:
    """What the caller looked at. Raises MatchMissing."""
    given = request.headers.get(IF_MATCH, "").strip()
    if not given:
        raise MatchMissing("This change does not say which state of the object it is meant for.")
    return given


def compare(given: str, present: str) -> None:
    """Let a change through that is meant for the present state, or for any. Raises Stale."""
    if given != "*" and present not in [each.strip() for each in given.split(",")]:
        raise Stale("Somebody changed this since you looked at it.")
