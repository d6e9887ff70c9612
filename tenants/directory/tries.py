"""Decides how often sign-in may fail: so many wrong words a minute, and an hour, for an address, a network or a person.

The hour is for those who guess from a thousand networks at leisure. Whoever it keeps out comes in by a passkey, which
nobody can guess and nothing here counts, or by a letter.

Counted under a row lock in the database, so that many at once count as many, and closed when Redis is away.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal

WINDOW, HOUR = timedelta(minutes=1), timedelta(hours=1)
PER_ADDRESS = 5
PER_NETWORK = 20
PER_HOUR = 60
LATER = "Wait an hour, come in by a passkey, or ask for a new password."
KEPT_FOR = timedelta(days=1)
Limits = Mapping[bytes, tuple[int, timedelta]]


class TooManyTries(Refusal):
    """Too many wrong passwords in a short time."""

    kind = Kind.TOO_MUCH
    code = "too_many_tries"
    remedy = "Wait a minute and try again."


class SignInTry(IdentityOwned, Model):
    """How many tries failed lately, for the hash of an address or of a network."""

    __tablename__ = "sign_in_try"
    __table_args__ = IDENTITY

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    since_at: Mapped[datetime]


COUNT = """
INSERT INTO identity.sign_in_try AS t (key_hash, failures, since_at) VALUES (:key, 0, :now)
ON CONFLICT (key_hash) DO UPDATE SET
  failures = CASE WHEN t.since_at <= :window_start THEN 0 ELSE t.failures END,
  since_at = CASE WHEN t.since_at <= :window_start THEN excluded.since_at ELSE t.since_at END
RETURNING failures
"""
FAILED = "UPDATE identity.sign_in_try SET failures = failures + 1 WHERE key_hash = ANY(:keys)"
PURGE = """
DELETE FROM identity.sign_in_try WHERE key_hash IN (
  SELECT key_hash FROM identity.sign_in_try WHERE since_at < :before LIMIT 100 FOR UPDATE SKIP LOCKED)
"""
"""A few with each failure, and none that somebody else holds: two tries must not wait for each other here."""


def limits(*, address: str = "", network: str = "", factor: str = "", letter: str = "") -> Limits:
    """What counts for one try, and how often it may have failed in which time."""
    found: dict[bytes, tuple[int, timedelta]] = {}
    if address:
        found |= {_hash(f"address:{address}"): (PER_ADDRESS, WINDOW), _hash(f"hour:{address}"): (PER_HOUR, HOUR)}
    if network:
        found[_hash(f"network:{network}")] = (PER_NETWORK, WINDOW)
    if letter:
        found[_hash(f"letter:{letter}")] = (PER_ADDRESS, WINDOW)
    if factor:
        found |= {_hash(f"factor:{factor}"): (PER_ADDRESS, WINDOW), _hash(f"hour of {factor}"): (PER_HOUR, HOUR)}
    return found


def refuse_too_many(limits: Limits, *, now: datetime) -> None:
    """Take the row locks of one try. Raises TooManyTries when one of them has failed too often in its time."""
    for key in sorted(limits):  # one order, or two tries could wait for each other
        most, window = limits[key]
        if store.run_identity(COUNT, key=key, now=now, window_start=now - window).scalar_one() >= most:
            remedy = TooManyTries.remedy if window == WINDOW else LATER
            raise TooManyTries("There were too many tries to sign in.", remedy=remedy)


def failed(limits: Iterable[bytes], *, now: datetime) -> None:
    """Count one more failure, and forget some that count no more; the caller commits it."""
    store.run_identity(FAILED, keys=list(limits))
    purge(before=now - KEPT_FOR)


def purge(*, before: datetime) -> None:
    """Forget some tries that count no more."""
    store.run_identity(PURGE, before=before)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
