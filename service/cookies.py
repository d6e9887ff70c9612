"""Our cookies: out of reach of scripts and of other sites, and over https under names that no other host can set.

A browser takes a `__Host-` cookie only from this very host, over https and for all of it, so that a neighbour who can
write cookies cannot give anybody a session of his own. On loopback without https the plain names stand.
"""

from datetime import datetime

from flask import current_app, request
from werkzeug.wrappers import Response


def name(plain: str) -> str:
    """What a cookie is called on this line."""
    return f"__Host-{plain}" if _is_safe() else plain


def given(plain: str) -> str:
    """What the browser brought, or nothing."""
    return request.cookies.get(name(plain), "")


def put(answer: Response, plain: str, value: str, *, until: datetime | None = None, seconds: int | None = None) -> None:
    """Let the browser hold it."""
    answer.set_cookie(
        name(plain),
        value,
        expires=until,
        max_age=seconds,
        httponly=True,
        secure=_is_safe(),
        samesite="Lax",
        path="/",
    )


def drop(answer: Response, plain: str) -> None:
    """Let the browser forget it."""
    answer.delete_cookie(name(plain), path="/", httponly=True, secure=_is_safe(), samesite="Lax")


def _is_safe() -> bool:
    safe: bool = current_app.extensions["goodterms"].settings.secure_cookies
    return safe
