"""Decides how lines of the history hang together: each carries the hash of the one before it, and the last of a
transaction is signed.

Whoever changes, removes, swaps or cuts off lines afterwards breaks the chain at a number that can be named. The hash
needs no secret, so a client can compute it; the signatures need this program's key, so a whole new chain cannot be
made up. The head is signed with other words than a line, so that an old line does not pass for the head.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Context, Decimal
from typing import Any
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from tenants.values import sealing

BEFORE_ALL = bytes(32)
"""What stands in the place of the hash before the first line."""
OF_A_LINE, OF_THE_HEAD = b"goodterms history line", b"goodterms history head"
WIDE = Context(prec=2000)


class NoKey(RuntimeError):
    """A line was to be signed before the process was told its key."""


@dataclass(frozen=True, slots=True)
class Link:
    """Where a line stands in the chain."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Seal:
    """Signs and checks places of the chain, with one key that signs and several that are believed."""

    private: Ed25519PrivateKey
    public: tuple[Ed25519PublicKey, ...]

    @classmethod
    def of(cls, secret: str, *older: str) -> "Seal":
        """The seal of a secret, which also believes what the secrets before it signed."""
        keys = [
            Ed25519PrivateKey.from_private_bytes(sealing.derive(each, purpose="history")) for each in (secret, *older)
        ]
        return cls(keys[0], tuple(key.public_key() for key in keys))

    def sign(self, words: bytes, *, tenant: UUID, link: Link) -> bytes:
        """The signature of one place in one client's chain."""
        return self.private.sign(_said(words, tenant, link))

    def fits(self, signature: bytes, words: bytes, *, tenant: UUID, link: Link) -> bool:
        """Whether one of our keys signed this place."""
        for key in self.public:
            try:
                key.verify(signature, _said(words, tenant, link))
            except InvalidSignature:
                continue
            return True
        return False

    @property
    def public_key(self) -> bytes:
        """The key with which others can check what is signed now."""
        return self.public[0].public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


_seal: Seal | None = None


def hang_seal(seal: Seal) -> None:
    """Tell this process the key under which it signs; the composition root does it once."""
    global _seal
    _seal = seal


def seal() -> Seal:
    """The seal of this process. Raises NoKey before one was hung."""
    if _seal is None:
        raise NoKey("the history cannot be signed before the shell was made")
    return _seal


def follow(before: Link, lines: Sequence[dict[str, Any]], *, tenant: UUID) -> list[Link]:
    """The places of these lines behind `before`, in their order."""
    found: list[Link] = []
    for line in lines:
        seq, behind = (found[-1].seq, found[-1].hash) if found else (before.seq, before.hash)
        found.append(Link(seq + 1, link_hash(behind, line, seq=seq + 1, tenant=tenant)))
    return found


def link_hash(before: bytes, line: dict[str, Any], *, seq: int, tenant: UUID) -> bytes:
    """The hash of a line: of the one before it, and of everything that it says in one written form."""
    return hashlib.sha256(before + canonical(line, seq=seq, tenant=tenant)).digest()


def canonical(line: dict[str, Any], *, seq: int, tenant: UUID) -> bytes:
    """One line in one form only, whether it comes from the program or back from the database."""
    said = {
        "tenant": str(tenant),
        "seq": seq,
        "id": str(line["id"]),
        "at": _instant(line["at"]),
        "object_id": None if line["object_id"] is None else str(line["object_id"]),
        "was": _plain(line["was"]),
        "became": _plain(line["became"]),
        **{name: line[name] for name in ("actor", "actor_name", "act", "object_kind", "reason", "request_id")},
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _plain(text: str | None) -> Any:
    """A JSON text with its numbers written in one way; the database writes 1e2 as 100."""
    return None if text is None else json.loads(text, parse_float=_number, parse_int=_number)


def _number(digits: str) -> str:
    value = WIDE.normalize(Decimal(digits))
    return f"#{value:f}" if value else "#0"


def _said(words: bytes, tenant: UUID, link: Link) -> bytes:
    return b"\0".join((words, tenant.bytes, link.seq.to_bytes(8, "big", signed=True), link.hash))
