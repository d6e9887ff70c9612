"""Keyset cursors: where the last page ended, signed, so that nobody can forge a position in another list."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, Signer
from itsdangerous.encoding import base64_decode, base64_encode

from tenants.values.faults import Refusal


class BadCursor(Refusal):
    """The cursor was not made by this list."""

    code = "bad_cursor"
    remedy = "Start again from the first page, without a cursor."


def write(purpose: str, position: list[Any] | None) -> str | None:
    """The opaque form of a position; None stays None: there is no next page."""
    if position is None:
        return None
    told = base64_encode(json.dumps(position, separators=(",", ":")))
    return _signer(purpose, current_app.config["SECRET_KEY"]).sign(told).decode()


def read(purpose: str, text: str | None) -> list[Any] | None:
    """The position behind a cursor. Raises BadCursor for one of another list or a forged one."""
    if not text:
        return None
    try:
        return list(json.loads(base64_decode(_signer(purpose, current_app.config["SECRET_KEY"]).unsign(text))))
    except (BadSignature, ValueError):
        raise BadCursor("This cursor does not belong to this list.", pointer="/cursor") from None


@lru_cache(maxsize=256)
def _signer(purpose: str, secret: str) -> Signer:
    return Signer(secret, salt=f"cursor:{purpose}", digest_method=hashlib.sha256)
