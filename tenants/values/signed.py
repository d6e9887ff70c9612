"""Decides what a signed text (a compact JWS) may look like before anything in it is believed.

The one algorithm that the caller expects, a key that the caller chose, three canonical parts, strict JSON. Whatever in
the header would choose a key or stretch the rules (jwk, jku, x5u, crit, …) is refused unless the caller takes it.
"""

import base64
import binascii
import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey

LARGEST = 8 * 1024
DEEPEST = 8
ALGORITHMS = ("ES256", "EdDSA")
"""What a caller's key may sign with; we ourselves sign with ES256."""
HEADERS = frozenset({"alg", "typ", "kid"})
MEMBERS = {("EC", "P-256"): ("crv", "x", "y"), ("OKP", "Ed25519"): ("crv", "x")}
Key = ECKey | OKPKey


class NotSigned(Exception):
    """The text is not what it should be; the reason is for logs and tests, never for the sender."""


@dataclass(frozen=True, slots=True)
class SignedText:
    """The parts of a signed text whose signature was not looked at yet."""

    header: dict[str, Any]
    claims: dict[str, Any]
    signed: bytes
    signature: bytes

    def check(self, key: Key, *, algorithm: str) -> None:
        """Check the signature. Raises NotSigned unless this key made it by this algorithm."""
        if self.header.get("alg") != algorithm or algorithm not in ALGORITHMS:
            raise NotSigned("another algorithm")
        try:
            right = jws.JWSRegistry.algorithms[algorithm].verify(self.signed, self.signature, key)
        except (JoseError, ValueError):
            right = False
        if not right:
            raise NotSigned("the signature is wrong")

    def text(self, name: str, *, longest: int = 512) -> str:
        """A claim that must be there as a text."""
        value = self.claims.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= longest:
            raise NotSigned(f"the claim {name} is no text")
        return value

    def instant(self, name: str) -> datetime:
        """A claim that must be there as a time."""
        value = self.claims.get(name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
            raise NotSigned(f"the claim {name} is no time")
        return datetime.fromtimestamp(value, UTC)

    def within(self, now: datetime, *, leeway: timedelta, longest: timedelta) -> datetime:
        """Check exp, and nbf and iat where they stand; return the end. Raises NotSigned outside of it."""
        ends = self.instant("exp")
        if not now - leeway < ends <= now + longest + leeway:
            raise NotSigned("expired, or good for too long")
        for name in ("nbf", "iat"):
            if name in self.claims and self.instant(name) > now + leeway:
                raise NotSigned(f"{name} is in the future")
        return ends


def parts(text: str, *, kinds: Collection[str], headers: Collection[str] = HEADERS) -> SignedText:
    """Take a text apart. `kinds` are what the header `typ` may say. Raises NotSigned for whatever is unusual."""
    if len(text) > LARGEST or not text.isascii():
        raise NotSigned("too long, or not of this alphabet")
    pieces = text.split(".")
    if len(pieces) != 3:
        raise NotSigned("not three parts")
    header, claims = _document(_bytes(pieces[0])), _document(_bytes(pieces[1]))
    if not set(header) <= set(headers) or header.get("alg") not in ALGORITHMS:
        raise NotSigned("the header says too much, or another algorithm")
    given = header.get("typ", "")
    if not isinstance(given, str) or given.lower().removeprefix("application/") not in kinds:
        raise NotSigned("a signed text of another kind")
    return SignedText(header, claims, f"{pieces[0]}.{pieces[1]}".encode(), _bytes(pieces[2]))


def sign(header: dict[str, Any], claims: dict[str, Any], *, key: ECKey) -> str:
    """Sign with ES256."""
    return jws.serialize_compact({"alg": "ES256", **header}, json.dumps(claims), key, algorithms=["ES256"])


def public_key(given: Any) -> Key:
    """A public key of a kind that we take: P-256 or Ed25519, with no private part. Raises NotSigned."""
    if not isinstance(given, dict) or "d" in given or "k" in given:
        raise NotSigned("no public key")
    members = MEMBERS.get((str(given.get("kty")), str(given.get("crv"))), ())
    if not members or not all(isinstance(given.get(name), str) for name in members):
        raise NotSigned("no key of a kind that is taken")
    plain: dict[str, str | list[str]] = {name: str(given[name]) for name in ("kty", *members)}
    try:
        key: Key = ECKey.import_key(plain) if plain["kty"] == "EC" else OKPKey.import_key(plain)
        key.raw_value  # noqa: B018  (the point is checked here, not at the first use)
    except (JoseError, ValueError, TypeError):
        raise NotSigned("no such key") from None
    return key


def algorithm_of(key: Key) -> str:
    """The one algorithm by which a key signs."""
    return "ES256" if isinstance(key, ECKey) else "EdDSA"


def _bytes(piece: str) -> bytes:
    """Decode a part; of the ways to write the same bytes only the canonical one is taken."""
    try:
        found = base64.b64decode(piece + "=" * (-len(piece) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise NotSigned("not base64url") from None
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != piece:
        raise NotSigned("not canonical base64url")
    return found


def _document(raw: bytes) -> dict[str, Any]:
    try:
        found = json.loads(raw.decode(), object_pairs_hook=_once, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise NotSigned("not JSON") from None
    if not isinstance(found, dict) or _is_deeper(found, DEEPEST):
        raise NotSigned("not a JSON object, or too deep")
    if not _is_plain(json.dumps(found, ensure_ascii=False)):
        raise NotSigned("a text holds something that is no text")
    return found


def _is_plain(text: str) -> bool:
    """Whether a database can keep every text in it: no NUL, no half of a sign."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\\u0000" not in text


def _once(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    if len({name for name, _ in listed}) != len(listed):
        raise NotSigned("a name stands twice")
    return dict(listed)


def _refuse(name: str) -> None:
    raise NotSigned(f"{name} is no number")


def _is_deeper(node: Any, levels: int) -> bool:
    """Whether a document is nested deeper than so many levels; it is not followed further down than that."""
    inner = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    return levels < 1 or any(_is_deeper(each, levels - 1) for each in inner)
