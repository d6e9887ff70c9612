"""Pages of lists: how many rows, from where on, and the signed cursor to the next page.

A cursor fits the list, the client and the filters that it was made for; with any other it is refused, because a page of
another list would be wrong in silence.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

from flask import g
from marshmallow import Schema, fields, validate

from service import cursors

SORTED = json.JSONEncoder(sort_keys=True, default=str)
MOST = 200
USUAL = 50


class PageQuery(Schema):
    """Which page of a list."""

    limit = fields.Integer(
        load_default=USUAL, validate=validate.Range(1, MOST), metadata={"description": "Rows of a page"}
    )
    cursor = fields.String(
        load_default="",
        validate=validate.Length(max=2000),
        metadata={"description": "The `next` of the page before, taken as it is"},
    )


@cache
def page_of(item: type[Schema]) -> type[Schema]:
    """The schema of a page of such items."""
    columns: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next": fields.String(required=True, allow_none=True, metadata={"description": "Cursor of the next page"}),
        "has_more": fields.Boolean(required=True),
    }
    made = Schema.from_dict(columns, name=f"{item.__name__}Page")
    made.__module__ = item.__module__
    return made


def start(name: str, query: dict[str, Any], *kinds: Callable[[Any], Any]) -> tuple[Any, ...] | None:
    """Behind which row the wanted page starts, each part read as its kind; None for the first page."""
    position = cursors.read(_purpose(name, query), query["cursor"]) if query["cursor"] else None
    if position is None:
        return None
    return tuple(kind(part) for kind, part in zip(kinds, position, strict=True))


def answer(name: str, query: dict[str, Any], items: Sequence[Any], following: Sequence[Any] | None) -> dict[str, Any]:
    """A page as its schema dumps it; `following` is the position behind which the next one starts."""
    cursor = None
    if following is not None:
        position = [part if isinstance(part, int) else str(part) for part in following]
        cursor = cursors.write(_purpose(name, query), position)
    return {"items": items, "next": cursor, "has_more": cursor is not None}


def cut(
    name: str, query: dict[str, Any], found: Sequence[Any], place: Callable[[Any], Sequence[Any]]
) -> dict[str, Any]:
    """The same for a list that was asked for one row more than the page holds."""
    items = found[: query["limit"]]
    return answer(name, query, items, place(items[-1]) if len(found) > query["limit"] else None)


def _purpose(name: str, query: dict[str, Any]) -> str:
    client = g.get("client")
    filters = {key: value for key, value in query.items() if key not in ("cursor", "limit")}
    said = SORTED.encode([str(client.tenant_id) if client else "", filters])
    return f"{name}:{hashlib.sha256(said.encode()).hexdigest()[:16]}"
