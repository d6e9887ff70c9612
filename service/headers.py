"""What every answer says about itself: what a browser may do with it, how long it may be kept, and its number."""

import re
from uuid import uuid4

from werkzeug.datastructures import Headers

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)
POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "frame-src 'self'",
        "object-src 'self'",
        "base-uri 'none'",
    )
)
POLICY_OF_API = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}
_LACKING = {
    of_api: [(name.lower(), name, value) for name, value in ({"Content-Security-Policy": policy} | HEADERS).items()]
    for of_api, policy in ((False, POLICY), (True, POLICY_OF_API))
}
UNKEPT = {"Cache-Control": "no-store", "Vary": "Authorization, Cookie"}


def request_id(given: str) -> str:
    """The number that the caller gave, if it can be one, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def complete(held: Headers, *, of_api: bool, request_id: str) -> None:
    """Say what an answer has not said by itself."""
    said = {name.lower() for name, _ in held}
    for low, name, value in _LACKING[of_api]:
        if low not in said:
            held.add(name, value)
    if "cache-control" not in said:
        held.update(UNKEPT)
    held["X-Request-Id"] = request_id


def of_page(own: dict[str, str]) -> dict[str, str]:
    """All headers of an answer that nobody keeps; its own go before ours."""
    return {"Content-Security-Policy": POLICY, **HEADERS, **UNKEPT, **own}
