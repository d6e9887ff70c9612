"""What every answer says about itself: what a browser may do with it, how long it may be kept, and its number."""

import re
from secrets import token_hex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse

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
API = "/api/"


def request_id(given: str) -> str:
    """The number that the caller gave, if it can be one, or a new one."""
    return given if REQUEST_ID.fullmatch(given) else token_hex(16)


def completing(start: "StartResponse", *, path: str) -> "StartResponse":
    """Let an answer to this path say also what it has not said by itself; last of all, whatever made it."""

    def begin(status: str, held: list[tuple[str, str]], *fault: Any) -> Any:
        said = {name.lower() for name, _ in held}
        lacking = [(name, value) for low, name, value in _LACKING[path.startswith(API)] if low not in said]
        if "cache-control" not in said:
            lacking += UNKEPT.items()
            held = [pair for pair in held if pair[0].lower() != "vary"]
        return start(status, held + lacking, *fault)

    return begin


def of_page(own: dict[str, str]) -> dict[str, str]:
    """All headers of an answer that nobody keeps; its own go before ours."""
    return {"Content-Security-Policy": POLICY, **HEADERS, **UNKEPT, **own}
