"""Decides that a request which moves money, mail or approval happens once, however often its caller sends it.

The key is inserted before the effect and in the same transaction: a crash leaves neither, and a repetition finds the
answer that the first one got. Two at once meet on the unique key, where the second waits a moment for the first. To be
wrong here books a payment twice.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import IdentityOwned, Model, TenantOwned
from tenants.values.faults import Kind, Refusal

KEPT = timedelta(days=7)
PATIENCE_MS = 400
"""How long a repetition waits for the first one to end before it is told to come back."""


class KeyOfAnother(Refusal):
    """The key was used for another request before."""

    code = "key_of_another_request"
    remedy = "Make a new key for each new request, and use it again only to repeat that one."


class StillRunning(Refusal):
    """The request with this key has not ended."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "still_running"
    remedy = "Wait a moment and send the same request again: you will get its answer."


class OfRequest:
    """One request that was done, with what was answered."""

    caller: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    answer: Mapped[str | None]


class RequestKey(TenantOwned, OfRequest, Model):
    """One that is about a client."""

    __tablename__ = "request_key"
    __table_args__ = (Index("ix_request_key_made", "tenant_id", "made_at"),)


class ProviderKey(IdentityOwned, OfRequest, Model):
    """One of the provider that is about no client."""

    __tablename__ = "request_key"
    __table_args__ = (Index("ix_provider_key_made", "made_at"), {"schema": "identity"})


class Place(Enum):
    """Where a request is kept: with its effect."""

    CLIENT = "in the books of the client that it is about"
    OPENED = "in the books of the client that it opens, whose id comes from the key"
    PROVIDER = "beside the people, because it is about no client"


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its key sees it: whose, to which route, and what exactly it says."""

    caller: str
    route: str
    key: str
    fingerprint: bytes
    place: Place = Place.CLIENT


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered the first time."""

    status: int
    answer: str


WHOSE = "caller = :caller AND route = :route AND key = :key"
CLAIM = """
INSERT INTO request_key (tenant_id, caller, route, key, fingerprint, made_at)
VALUES (:tenant, :caller, :route, :key, :fingerprint, :now)
ON CONFLICT (tenant_id, caller, route, key) DO NOTHING RETURNING key
"""
KEPT_ANSWER = f"SELECT fingerprint, status, answer FROM request_key WHERE tenant_id = :tenant AND {WHOSE}"
SETTLE = f"UPDATE request_key SET status = :status, answer = :answer WHERE tenant_id = :tenant AND {WHOSE}"
PURGE = "DELETE FROM request_key WHERE tenant_id = :tenant AND made_at < :before"
CLAIM_AT_PROVIDER = """
INSERT INTO identity.request_key (caller, route, key, fingerprint, made_at)
VALUES (:caller, :route, :key, :fingerprint, :now) ON CONFLICT (caller, route, key) DO NOTHING RETURNING key
"""
KEPT_AT_PROVIDER = f"SELECT fingerprint, status, answer FROM identity.request_key WHERE {WHOSE}"
SETTLE_AT_PROVIDER = f"UPDATE identity.request_key SET status = :status, answer = :answer WHERE {WHOSE}"
PURGE_AT_PROVIDER = "DELETE FROM identity.request_key WHERE made_at < :before"


def fingerprint(*parts: Any) -> bytes:
    """The mark of what a request says, the same for bodies that differ in the order of their parts alone."""
    said = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(said.encode()).digest()


def opened(*, caller: str, route: str, key: str) -> UUID:
    """The id of the client that a request with this key opens: the same whenever it is sent, so its books are found."""
    return UUID(bytes=fingerprint(caller, route, key)[:16])


def claim(asked: Asked, *, now: datetime) -> Kept | None:
    """Take the key for the open unit, or return what the request with this key was answered before.

    Raises KeyOfAnother when it said something else, StillRunning when it has not ended within a moment.
    """
    whose = {"caller": asked.caller, "route": asked.route, "key": asked.key}
    if asked.place is Place.OPENED:  # there are no books yet to keep it in: `settle` does
        found = store.run(KEPT_ANSWER, **whose).one_or_none()
        return None if found is None else _same(asked, found)
    if asked.place is Place.PROVIDER:
        store.run_identity(PURGE_AT_PROVIDER, before=now - KEPT)
        fresh = store.run_identity(CLAIM_AT_PROVIDER, fingerprint=asked.fingerprint, now=now, **whose).one_or_none()
        return None if fresh else _same(asked, store.run_identity(KEPT_AT_PROVIDER, **whose).one())
    try:
        with store.impatient(PATIENCE_MS):
            fresh = store.run(CLAIM, fingerprint=asked.fingerprint, now=now, **whose).one_or_none()
    except store.Locked:
        raise StillRunning("The request with this key is still running.") from None
    return None if fresh else _same(asked, store.run(KEPT_ANSWER, **whose).one())


def _same(asked: Asked, found: Any) -> Kept:
    if bytes(found.fingerprint) != asked.fingerprint:
        raise KeyOfAnother("This key was used for a request that says something else.", pointer="/Idempotency-Key")
    return Kept(found.status, found.answer)


def settle(asked: Asked, *, status: int, answer: str, now: datetime) -> None:
    """Keep the answer in the unit that had the effect."""
    whose = {"caller": asked.caller, "route": asked.route, "key": asked.key}
    if asked.place is Place.PROVIDER:
        store.run_identity(SETTLE_AT_PROVIDER, status=status, answer=answer, **whose)
        return
    if asked.place is Place.OPENED:
        store.run(CLAIM, fingerprint=asked.fingerprint, now=now, **whose)
    store.run(SETTLE, status=status, answer=answer, **whose)


def purge(*, now: datetime) -> int:
    """Forget the client's keys that nobody repeats any more; return how many."""
    return store.run(PURGE, before=now - KEPT).rowcount
