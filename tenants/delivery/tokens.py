"""Decides what a token proves: that we wrote it, for one purpose. A token of one purpose is worthless for another.

Bounce tokens stand in mail addresses, which some servers fold to lower case and which end at 64 characters; so they
are base 32 with a shorter signature. Being wrong here lets a stranger open a customer's invoice or mark an address as
dead.
"""

import base64
import binascii
import hashlib
import hmac
from uuid import UUID

from tenants.values.faults import Kind, Refusal

LINK, PIXEL, BOUNCE, REPLY, MAILBOX = "link", "pixel", "bounce", "reply", "mailbox"
_LONG, _SHORT = 16, 6


class BadToken(Refusal, ValueError):
    """Not written by us, damaged, or for another purpose: all answered alike."""

    kind = Kind.UNKNOWN
    code = "bad_link"
    remedy = "Open the link again exactly as it stands in the mail, or ask for a new one."


def seal(purpose: str, body: bytes, *, secret: str) -> str:
    """The body and its signature as text for an address bar."""
    return base64.urlsafe_b64encode(body + _mac(purpose, body, secret, _LONG)).rstrip(b"=").decode()


def unseal(purpose: str, token: str, *, secret: str) -> bytes:
    """The body of a token. Raises BadToken."""
    if len(token) > 200 or not token.isascii():
        raise BadToken("This link is not valid.")
    try:
        whole = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise BadToken("This link is not valid.") from None
    return _checked(purpose, whole, secret, _LONG)


def seal_for_address(purpose: str, tenant_id: UUID, object_id: UUID, *, secret: str) -> str:
    """Two ids and a signature in 61 lower-case letters and digits."""
    body = tenant_id.bytes + object_id.bytes
    return base64.b32hexencode(body + _mac(purpose, body, secret, _SHORT)).rstrip(b"=").decode().lower()


def unseal_from_address(purpose: str, token: str, *, secret: str) -> tuple[UUID, UUID]:
    """The two ids behind it, whatever the case. Raises BadToken."""
    try:
        whole = base64.b32hexdecode(token.upper() + "=" * (-len(token) % 8))
    except (binascii.Error, ValueError):
        raise BadToken("This address is not ours.") from None
    return two_ids(_checked(purpose, whole, secret, _SHORT))


def two_ids(body: bytes) -> tuple[UUID, UUID]:
    """The ids at the start of a body. Raises BadToken when it is too short."""
    if len(body) < 32:
        raise BadToken("This link is not valid.")
    return UUID(bytes=body[:16]), UUID(bytes=body[16:32])


def _checked(purpose: str, whole: bytes, secret: str, size: int) -> bytes:
    body, mac = whole[:-size], whole[-size:]
    if not hmac.compare_digest(mac, _mac(purpose, body, secret, size)):
        raise BadToken("This link is not valid.")
    return body


def _mac(purpose: str, body: bytes, secret: str, size: int) -> bytes:
    key = hmac.digest(secret.encode(), f"goodterms/{purpose}/1".encode(), hashlib.sha256)
    return hmac.digest(key, body, hashlib.sha256)[:size]
