"""Decides that a request which moves money, mail or approval happens once, however often its caller sends it.

The key is inserted before the effect and in the same transaction: a crash leaves neither, and a repetition finds the
answer that the first one got. Two at once meet on the unique key, where the second waits a moment for the first. To be
wrong here books a payment twice.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned
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


class RequestKey(TenantOwned, Model):
    """One request that was done, with what was answered."""

    __tablename__ = "request_key"
    __table_args__ = (Index("ix_request_key_made", "tenant_id", "made_at"),)

    caller: Mapped[str] = mapped_column(primary_key=True)
    route: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    status: Mapped[int | None] = mapped_column(SmallInteger)
    answer: Mapped[str | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its key sees it: whose, to which route, and what exactly it says."""

    caller: str
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What was answered the first time."""

    status: int
    answer: str


WHOSE = "tenant_id = :tenant AND caller = :caller AND route = :route AND key = :key"
CLAIM = """
INSERT INTO request_key (tenant_id, caller, route, key, fingerprint, made_at)
VALUES (:tenant, :caller, :route, :key, :fingerprint, :now)
ON CONFLICT (tenant_id, caller, route, key) DO NOTHING RETURNING key
"""
KEPT_ANSWER = f"SELECT fingerprint, status, answer FROM request_key WHERE {WHOSE}"
SETTLE = f"UPDATE request_key SET status = :status, answer = :answer WHERE {WHOSE}"
PURGE = "DELETE FROM request_key WHERE tenant_id = :tenant AND made_at < :before"


def fingerprint(*parts: Any) -> bytes:
    """The mark of what a request says, the same for bodies that differ in the order of their parts alone."""
    said = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(said.encode()).digest()


def claim(asked: Asked, *, now: datetime) -> Kept | None:
    """Take the key for the open unit, or return what the request with this key was answered before.

    Raises KeyOfAnother when it said something else, StillRunning when it has not ended within a moment.
    """
    whose = {"caller": asked.caller, "route": asked.route, "key": asked.key}
    try:
        with store.impatient(PATIENCE_MS):
            fresh = store.run(CLAIM, fingerprint=asked.fingerprint, now=now, **whose).one_or_none()
    except store.Locked:
        raise StillRunning("The request with this key is still running.") from None
    if fresh is not None:
        return None
    found = store.run(KEPT_ANSWER, **whose).one()
    if bytes(found.fingerprint) != asked.fingerprint:
        raise KeyOfAnother("This key was used for a request that says something else.", pointer="/Idempotency-Key")
    return Kept(found.status, found.answer)


def settle(asked: Asked, *, status: int, answer: str) -> None:
    """Keep the answer in the unit that had the effect."""
    store.run(SETTLE, caller=asked.caller, route=asked.route, key=asked.key, status=status, answer=answer)


def purge(*, now: datetime) -> int:
    """Forget the client's keys that nobody repeats any more; return how many."""
    return store.run(PURGE, before=now - KEPT).rowcount
