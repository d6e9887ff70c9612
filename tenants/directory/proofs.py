"""Decides whether a caller holds the private key that it names (DPoP, RFC 9449): fresh, for this request, once.

The proof carries its own public key; what makes it worth something is that a token is bound to that key's thumbprint.
"""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from tenants.directory import seen_once
from tenants.values import signed
from tenants.values.signed import NotSigned

KIND = "dpop+jwt"
OLDEST = timedelta(seconds=60)
AHEAD = timedelta(seconds=10)
REMEMBERED = timedelta(minutes=5)
PORTS = {"https": 443, "http": 80}


def checked(text: str, *, method: str, address: str, now: datetime, token: str | None = None) -> str:
    """The thumbprint of the key behind a proof for this request, and for this access token if one came with it.

    Raises NotSigned for whatever does not fit, and for a proof that was seen before.
    """
    given = signed.parts(text, kinds=(KIND,), headers=("alg", "typ", "jwk"))
    key = signed.public_key(given.header.get("jwk"))
    given.check(key, algorithm=signed.algorithm_of(key))
    if given.text("htm") != method or normal(given.text("htu", longest=2048)) != normal(address):
        raise NotSigned("a proof for another request")
    if not now - OLDEST <= given.instant("iat") <= now + AHEAD:
        raise NotSigned("too old, or ahead of its time")
    if token is not None and not hmac.compare_digest(given.text("ath"), _hash(token)):
        raise NotSigned("a proof for another token")
    thumbprint = key.thumbprint()
    if not seen_once.first_time("proof", thumbprint, given.text("jti"), now=now, until=now + REMEMBERED):
        raise NotSigned("a proof that was seen before")
    return thumbprint


def normal(address: str) -> str:
    """An address without what may differ between two ways to write it: case of the host, default port, query."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise NotSigned("no address") from None
    if parts.username is not None or not parts.hostname:
        raise NotSigned("no plain address")
    written = "" if port is None or port == PORTS.get(parts.scheme) else f":{port}"
    return f"{parts.scheme.lower()}://{parts.hostname.lower()}{written}{parts.path or '/'}"


def _hash(token: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
