"""Reading what a caller sent: JSON that means one thing only, and text that PostgreSQL can keep."""

import json
from collections.abc import Iterable
from typing import Any

from flask import request
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from service import sizes
from tenants.values import texts
from tenants.values.faults import Refusal

DEEPEST = 32
LARGEST = 2**63 - 1
LONGEST_PLACE = 300


class BadJson(Refusal):
    """The body is not JSON, or could be read in two ways."""

    code = "bad_json"
    remedy = "Send one JSON document in UTF-8, with each key once and with numbers that JSON knows."


class BadText(Refusal):
    """A text holds something that is no text."""

    code = "bad_text"
    remedy = "Remove NUL characters and broken surrogates."


class TooLong(str):
    """The digits of a number that nobody means; refused where its place is known."""


def json_body() -> Any:
    """The JSON document of the request. Raises BadJson or BadText, and HTTP faults for its size and type."""
    if (request.content_length or 0) > sizes.JSON_LIMIT:
        raise RequestEntityTooLarge("A JSON body may have at most 1 MiB.")
    if not request.is_json:
        raise UnsupportedMediaType("Send JSON with the content type application/json.")
    try:
        document = json.loads(
            request.get_data(), object_pairs_hook=_once, parse_constant=_no_constant, parse_int=_bounded
        )
    except (ValueError, RecursionError):
        raise BadJson("The body is not JSON.") from None
    _walk(document, "", 0)
    return document


def flat(values: Any) -> dict[str, Any]:
    """A form or a query string: one text for a name that stands once, a list for one that is repeated."""
    found = {key: given[0] if len(given) == 1 else given for key, given in values.lists()}
    _walk(found, "", 0)
    return found


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise BadJson(f"The key “{key[:40]}” stands twice in one object.")
        found[key] = value
    return found


def _no_constant(name: str) -> None:
    raise BadJson(f"{name} is no number of JSON.")


def _bounded(digits: str) -> int | TooLong:
    return int(digits) if len(digits) <= len(str(-LARGEST)) else TooLong(digits)


def _walk(node: Any, place: str, depth: int) -> None:
    """Look at every text and number of a document; a refusal names its place."""
    if depth > DEEPEST:
        raise BadJson(f"The document is nested more than {DEEPEST} deep.", pointer=_short(place))
    if isinstance(node, TooLong) or (isinstance(node, int) and not -LARGEST <= node <= LARGEST):
        raise BadJson("A number is too large.", pointer=_short(place))
    if isinstance(node, str):
        _plain(node, place)
    elif isinstance(node, dict):
        for key, value in node.items():
            _plain(key, place)
            _walk(value, f"{place}/{key.replace('~', '~0').replace('/', '~1')}", depth + 1)
    elif isinstance(node, list):
        for at, value in enumerate(node):
            _walk(value, f"{place}/{at}", depth + 1)


def _plain(text: str, place: str) -> None:
    if not texts.is_text(text):
        raise BadText("A text holds a NUL character or half of a sign.", pointer=_short(place))


def _short(place: str) -> str:
    """Places are made of what the caller named, and are told as far as anybody reads."""
    return place[:LONGEST_PLACE]
