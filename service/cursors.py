"""Keyset cursors: where the last page ended, signed, so that nobody can forge a position in another list."""

from functools import lru_cache
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from tenants.values.faults import Refusal


class BadCursor(Refusal):
    """The cursor was not made by this list."""

    code = "bad_cursor"
    remedy = "Start again from the first page, without a cursor."


def write(purpose: str, position: list[Any] | None) -> str | None:
    """The opaque form of a position; None stays None: there is no next page."""
    return None if position is None else str(_signer(purpose, current_app.config["SECRET_KEY"]).dumps(position))


def read(purpose: str, text: str | None) -> list[Any] | None:
    """The position behind a cursor. Raises BadCursor for one of another list or a forged one."""
    if not text:
        return None
    try:
        return list(_signer(purpose, current_app.config["SECRET_KEY"]).loads(text))
    except BadSignature:
        raise BadCursor("This cursor does not belong to this list.", pointer="/cursor") from None


@lru_cache(maxsize=256)
def _signer(purpose: str, secret: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"cursor:{purpose}")
