"""Decides who is signed in: a random token in the browser, of which only the SHA-256 is kept here.

Whoever reads the database cannot open a session with it. An unknown address and a wrong password get the same answer
after the same work. Tries are counted per address and per network, under a row lock: many at once count as many.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import passwords
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal

LONGEST = timedelta(hours=12)
IDLE = timedelta(hours=4)
TOUCH_EVERY = timedelta(minutes=1)
WINDOW = timedelta(minutes=1)
PER_ADDRESS = 5
PER_NETWORK = 20


class TooManyTries(Refusal):
    """Too many wrong passwords in a short time."""

    kind = Kind.TOO_MUCH
    code = "too_many_tries"
    remedy = "Wait a minute and try again."


class BrowserSession(IdentityOwned, Model):
    """One signed-in browser."""

    __tablename__ = "browser_session"
    __table_args__ = (
        Index("ix_browser_session_person", "person_id", postgresql_where=text("ended_at IS NULL")),
        IDENTITY,
    )

    id_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"))
    csrf_token: Mapped[str]
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    agent: Mapped[str]


class SignInTry(IdentityOwned, Model):
    """How many tries failed lately, for the hash of an address or of a network."""

    __tablename__ = "sign_in_try"
    __table_args__ = IDENTITY

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    failures: Mapped[int] = mapped_column(Integer)
    since_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; the token is shown to the browser once and kept nowhere."""

    token: str
    csrf_token: str
    person_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Visitor:
    """The person behind a session."""

    id_hash: bytes
    person_id: UUID
    name: str
    email: str
    side: str
    language: str
    csrf_token: str
    seen_at: datetime
    provider_roles: frozenset[str]


COUNT = """
INSERT INTO identity.sign_in_try AS t (key_hash, failures, since_at) VALUES (:key, 0, :now)
ON CONFLICT (key_hash) DO UPDATE SET
  failures = CASE WHEN t.since_at <= :window_start THEN 0 ELSE t.failures END,
  since_at = CASE WHEN t.since_at <= :window_start THEN excluded.since_at ELSE t.since_at END
RETURNING failures
"""
FAILED = "UPDATE identity.sign_in_try SET failures = failures + 1 WHERE key_hash = ANY(:keys)"
PURGE = "DELETE FROM identity.sign_in_try WHERE since_at < :before"
WHO = """
SELECT p.id, c.password_hash FROM identity.person p JOIN identity.credential c ON c.person_id = p.id
WHERE p.email = :email AND p.disabled_at IS NULL
"""
REHASH = "UPDATE identity.credential SET password_hash = :kept WHERE person_id = :person_id"
START = """
INSERT INTO identity.browser_session (id_hash, person_id, csrf_token, created_at, seen_at, expires_at, agent)
VALUES (:id_hash, :person_id, :csrf, :now, :now, :expires_at, :agent)
"""
FIND = """
SELECT s.id_hash, p.id AS person_id, p.name, p.email, p.side, p.language, s.csrf_token, s.seen_at,
  (SELECT coalesce(array_agg(r.role), '{}') FROM identity.provider_role r WHERE r.person_id = p.id) AS provider_roles
FROM identity.browser_session s JOIN identity.person p ON p.id = s.person_id
WHERE s.id_hash = :id_hash AND s.ended_at IS NULL AND s.expires_at > :now AND s.seen_at > :idle_since
  AND p.disabled_at IS NULL
"""
TOUCH = "UPDATE identity.browser_session SET seen_at = :now WHERE id_hash = :id_hash"
END = "UPDATE identity.browser_session SET ended_at = :now WHERE id_hash = :id_hash AND ended_at IS NULL"


def sign_in(email: str, *, password: str, now: datetime, network: str = "", agent: str = "") -> SignedIn | None:
    """Open a session, or answer None to whatever does not fit, without saying what it was.

    None rather than a refusal, because the failed try must be committed to count. Raises TooManyTries when the address
    or the network (an IP prefix, if given) has failed too often within a minute.
    """
    address = email.strip().lower()
    limits = {_hash(f"address:{address}"): PER_ADDRESS}
    if network:
        limits[_hash(f"network:{network}")] = PER_NETWORK
    for key in sorted(limits):  # one order, or two tries could wait for each other
        if store.run_identity(COUNT, key=key, now=now, window_start=now - WINDOW).scalar_one() >= limits[key]:
            raise TooManyTries("There were too many tries to sign in.")
    who = store.run_identity(WHO, email=address).one_or_none()
    if not passwords.fits(password, who.password_hash if who else None) or who is None:
        store.run_identity(FAILED, keys=list(limits))
        return None
    if passwords.is_outdated(who.password_hash):
        store.run_identity(REHASH, kept=passwords.make_hash(password), person_id=who.id)
    return _start(who.id, now=now, agent=agent)


def find(token: str, *, now: datetime) -> Visitor | None:
    """The person behind a token; None when it never was, has ended, has expired or was idle too long."""
    row = store.run_identity(FIND, id_hash=_hash(token), now=now, idle_since=now - IDLE).one_or_none()
    if row is None:
        return None
    if now - row.seen_at >= TOUCH_EVERY:
        store.run_identity(TOUCH, id_hash=row.id_hash, now=now)
    return Visitor(**{**row._mapping, "provider_roles": frozenset(row.provider_roles)})


def end(token: str, *, now: datetime) -> None:
    """Sign out; a token that opens nothing is no fault."""
    store.run_identity(END, id_hash=_hash(token), now=now)


def is_from(visitor: Visitor, *, csrf_token: str) -> bool:
    """Whether a form came from a page that we showed to this session."""
    return hmac.compare_digest(visitor.csrf_token.encode(), csrf_token.encode())


def purge(*, before: datetime) -> None:
    """Forget tries that count no more."""
    store.run_identity(PURGE, before=before)


def _start(person_id: UUID, *, now: datetime, agent: str) -> SignedIn:
    fresh = SignedIn(secrets.token_urlsafe(32), secrets.token_urlsafe(32), person_id, now + LONGEST)
    store.run_identity(
        START,
        id_hash=_hash(fresh.token),
        person_id=person_id,
        csrf=fresh.csrf_token,
        now=now,
        expires_at=fresh.expires_at,
        agent=agent[:200],
    )
    return fresh


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
