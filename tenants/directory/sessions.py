"""Decides who is signed in: a random token in the browser, of which only the SHA-256 is kept here.

Whoever reads the database cannot open a session with it. An unknown address and a wrong password get the same answer
after the same work. Tries are counted per address and per network, under a row lock: many at once count as many.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ForeignKey, Index, Integer, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import access, factors, passwords, people, sign_in_rules, steps, tries
from tenants.directory.people import IDENTITY
from tenants.directory.session_spans import Spans
from tenants.isolation.opening import First
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal
from tenants.values.sealing import Keyring

SPANS = Spans()
TOUCH_EVERY = timedelta(minutes=1)
KEPT_FOR = timedelta(days=30)
"""So long the browser and the network of a session that is over are known."""
SECOND_STEP = "second factor"
PROVED_FOR = timedelta(minutes=10)
"""So long after a sign-in, or after being asked again, a person may do what needs a fresh proof."""


class StepGone(Refusal):
    """A second step that waits no more."""

    kind = Kind.UNAUTHENTICATED
    code = "step_gone"
    remedy = "Start again with your e-mail address."


class UnknownSession(Refusal):
    """No such session of yours."""

    kind = Kind.UNKNOWN
    code = "unknown_session"
    remedy = "Look at the list again."


class BrowserSession(IdentityOwned, Model):
    """One signed-in browser."""

    __tablename__ = "browser_session"
    __table_args__ = (
        Index("ix_browser_session_person", "person_id", postgresql_where=text("ended_at IS NULL")),
        Index("ix_browser_session_expires", "expires_at"),
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
    network: Mapped[str] = mapped_column(server_default="")
    method: Mapped[str] = mapped_column(server_default="password")
    proved_at: Mapped[datetime]
    idle_s: Mapped[int] = mapped_column(Integer)
    is_kept: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    within_tenant: Mapped[UUID | None]


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A fresh session; the token is shown to the browser once and kept nowhere."""

    token: str
    csrf_token: str
    person_id: UUID
    expires_at: datetime
    is_kept: bool = False
    """Whether the browser shall remember it when it is closed."""


@dataclass(frozen=True, slots=True)
class SecondStep:
    """The password was right, and the person has to prove one thing more; the token belongs to this browser."""

    token: str
    person_id: UUID


@dataclass(frozen=True, slots=True)
class Open:
    """One open session as its person sees it."""

    handle: str
    created_at: datetime
    seen_at: datetime
    agent: str
    network: str
    method: str


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
    proved_at: datetime
    method: str
    holds_factor: bool
    client_wants_factor: bool
    within: UUID | None
    """The one client whose own provider vouched for the person; its word opens no other client's books."""

    def misses_factor(self, *, of_staff: bool) -> bool:
        """Whether the person has to set up a second factor before anything else opens."""
        return sign_in_rules.misses_one(
            side=self.side,
            method=self.method,
            holds=self.holds_factor,
            client_wants=self.client_wants_factor,
            of_staff=of_staff,
        )


WHO = """
SELECT p.id, c.password_hash FROM identity.person p JOIN identity.credential c ON c.person_id = p.id
WHERE p.email = :email AND p.disabled_at IS NULL
"""
REHASH = "UPDATE identity.credential SET password_hash = :kept WHERE person_id = :person_id"
START = """
INSERT INTO identity.browser_session
  (id_hash, person_id, csrf_token, created_at, seen_at, expires_at, agent, network, method, proved_at, idle_s,
   is_kept, within_tenant)
VALUES (:id_hash, :person_id, :csrf, :now, :now, :expires_at, :agent, :network, :method, :now, :idle_s, :is_kept,
  :within)
"""
AWAKE = "s.seen_at + make_interval(secs => s.idle_s) > :now"
OF_PERSON = access.CLIENTS_OF.format(person="p.id", email="p.email", within="s.within_tenant")
FIND = f"""
SELECT row_to_json(f) FROM (
  SELECT p.id AS person_id, p.name, p.email, p.side, p.language, s.csrf_token, s.seen_at,
    (SELECT coalesce(array_agg(r.role), '{{}}') FROM identity.provider_role r WHERE r.person_id = p.id)
      AS provider_roles,
    s.proved_at, s.method, ({sign_in_rules.HOLDS_ONE.format(person="p.id")}) AS holds_factor, c.client_wants_factor,
    s.within_tenant AS within, c.clients
  FROM identity.browser_session s JOIN identity.person p ON p.id = s.person_id, LATERAL ({OF_PERSON}) c
  WHERE s.id_hash = :id_hash AND s.ended_at IS NULL AND s.expires_at > :now AND {AWAKE}
    AND p.disabled_at IS NULL) f
"""
ASK = First("find_all", FIND.replace(":id_hash", "$1::bytea").replace(":now", "$2::timestamptz"))
TOUCH = "UPDATE identity.browser_session SET seen_at = :now WHERE id_hash = :id_hash"
END = "UPDATE identity.browser_session SET ended_at = :now WHERE id_hash = :id_hash AND ended_at IS NULL"
OPEN = f"""
SELECT s.id_hash, s.created_at, s.seen_at, s.agent, s.network, s.method FROM identity.browser_session s
WHERE s.person_id = :person_id AND s.ended_at IS NULL AND s.expires_at > :now AND {AWAKE}
ORDER BY s.seen_at DESC, s.id_hash
"""
REVOKE = """
UPDATE identity.browser_session SET ended_at = :now
WHERE person_id = :person_id AND id_hash = :id_hash AND ended_at IS NULL RETURNING id_hash
"""
END_OTHERS = """
UPDATE identity.browser_session SET ended_at = :now
WHERE person_id = :person_id AND id_hash <> :id_hash AND ended_at IS NULL
"""
PURGE = """
DELETE FROM identity.browser_session WHERE id_hash IN (
  SELECT id_hash FROM identity.browser_session WHERE expires_at < :before LIMIT 100 FOR UPDATE SKIP LOCKED)
"""
PASSWORD_OF = "SELECT password_hash FROM identity.credential WHERE person_id = :person_id"


def sign_in(
    email: str,
    *,
    password: str,
    now: datetime,
    network: str = "",
    agent: str = "",
    spans: Spans = SPANS,
    keep: bool = False,
) -> SignedIn | SecondStep | None:
    """Open a session, or answer None to whatever does not fit, without saying what it was.

    None rather than a refusal, because the failed try must be committed to count. Somebody with a second factor gets
    a second step. Raises TooManyTries when the address or the network (an IP prefix, if given) has failed too often
    within a minute.
    """
    address = email.strip().lower()
    limits = tries.limits(address=address, network=network)
    tries.refuse_too_many(limits, now=now)
    who = store.run_identity(WHO, email=address).one_or_none()
    if not passwords.fits(password, who.password_hash if who else None) or who is None:
        tries.failed(limits, now=now)
        return None
    if passwords.is_outdated(who.password_hash):
        store.run_identity(REHASH, kept=passwords.make_hash(password), person_id=who.id)
    if factors.held(who.id).any:
        return SecondStep(steps.begin(SECOND_STEP, now=now, person_id=who.id, said={"keep": keep}), who.id)
    return start(who.id, now=now, agent=agent, network=network, spans=spans, keep=keep)


def finish(
    token: str,
    *,
    code: str,
    now: datetime,
    keys: Keyring,
    network: str = "",
    agent: str = "",
    spans: Spans = SPANS,
) -> SignedIn | None:
    """Open the session of a second step by a code of the moment or a recovery code; None for any other.

    Raises TooManyTries, and StepGone when the step has waited too long or was taken.
    """
    waiting = steps.find(token, purpose=SECOND_STEP, now=now)
    if waiting is None or waiting.person_id is None:
        raise StepGone("This sign-in has waited too long.")
    if not proves(waiting.person_id, code=code, now=now, keys=keys):
        return None
    if steps.take(token, purpose=SECOND_STEP, now=now) is None:
        raise StepGone("This sign-in was finished elsewhere.")
    keep = bool(waiting.said.get("keep"))
    return start(
        waiting.person_id,
        now=now,
        agent=agent,
        network=network,
        method="password and code",
        spans=spans,
        keep=keep,
    )


def proves(person_id: UUID, *, code: str, now: datetime, keys: Keyring) -> bool:
    """Whether the code proves the person; a wrong one is counted. Raises TooManyTries."""
    limits = tries.limits(factor=str(person_id))
    tries.refuse_too_many(limits, now=now)
    right = factors.is_right(person_id, code=code, now=now, keys=keys) or factors.recovers(
        person_id, code=code, now=now
    )
    if not right:
        tries.failed(limits, now=now)
    return right


def proves_password(person_id: UUID, *, password: str, now: datetime) -> bool:
    """The same by the password, for somebody who has nothing else. Raises TooManyTries."""
    limits = tries.limits(factor=str(person_id))
    tries.refuse_too_many(limits, now=now)
    kept = store.run_identity(PASSWORD_OF, person_id=person_id).scalar_one_or_none()
    right = passwords.fits(password, kept)
    if not right:
        tries.failed(limits, now=now)
    return right


def opened_by(person_id: UUID, *, now: datetime) -> Sequence[Open]:
    """The person's open sessions, the one used last first."""
    rows = store.run_identity(OPEN, person_id=person_id, now=now)
    return [Open(row.id_hash.hex(), *row[1:]) for row in rows]


def revoke(person_id: UUID, *, handle: str, now: datetime) -> None:
    """End one session of this person. Raises UnknownSession for any that is not one."""
    try:
        id_hash = bytes.fromhex(handle)
    except ValueError:
        id_hash = b""
    if store.run_identity(REVOKE, person_id=person_id, id_hash=id_hash, now=now).one_or_none() is None:
        raise UnknownSession("There is no such session of yours.")


def end_others(person_id: UUID, *, keep: bytes, now: datetime) -> None:
    """End every session of the person but one."""
    store.run_identity(END_OTHERS, person_id=person_id, id_hash=keep, now=now)


def find_all(token: str, *, now: datetime) -> tuple[Visitor, access.Clients] | None:
    """The person behind a token, with every client that the session opens now; None when it never was, has ended, has
    expired or was idle too long. One round trip outside every unit; touches nothing."""
    id_hash = hash_of(token)
    told = store.ask_identity(replace(ASK, values=(f"\\x{id_hash.hex()}", now.isoformat())))
    return None if told is None else read(json.loads(told), id_hash)


def read(found: dict[str, Any], id_hash: bytes) -> tuple[Visitor, access.Clients]:
    """What an answer to FIND says."""
    clients = access.Clients(found.pop("clients"))
    found |= {"id_hash": id_hash, "provider_roles": frozenset(found["provider_roles"])}
    found |= {name: UUID(found[name]) for name in ("person_id", "within") if found[name]}
    found |= {name: datetime.fromisoformat(found[name]) for name in ("seen_at", "proved_at")}
    return Visitor(**found), clients


def is_stale(visitor: Visitor, *, now: datetime) -> bool:
    """Whether it is time to note that the session is in use."""
    return now - visitor.seen_at >= TOUCH_EVERY


def touch(visitor: Visitor, *, now: datetime) -> None:
    """Note that the session is in use."""
    store.run_identity(TOUCH, id_hash=visitor.id_hash, now=now)


def end(token: str, *, now: datetime) -> None:
    """Sign out; a token that opens nothing is no fault."""
    store.run_identity(END, id_hash=hash_of(token), now=now)


def is_from(visitor: Visitor, *, csrf_token: str) -> bool:
    """Whether a form came from a page that we showed to this session."""
    return hmac.compare_digest(visitor.csrf_token.encode(), csrf_token.encode())


def start(
    person_id: UUID,
    *,
    now: datetime,
    agent: str = "",
    network: str = "",
    method: str = "password",
    spans: Spans = SPANS,
    keep: bool = False,
    within: UUID | None = None,
) -> SignedIn:
    """Open a session for somebody who has proved to be this person; it lasts as the spans say for their side, and opens
    one client's books alone where that client's own provider vouched."""
    store.run_identity(PURGE, before=now - KEPT_FOR)
    known = people.of_id(person_id)
    span = spans.of(known.side if known else "", keep=keep)
    fresh = SignedIn(
        secrets.token_urlsafe(32), secrets.token_urlsafe(32), person_id, now + span.longest, is_kept=span.is_kept
    )
    store.run_identity(
        START,
        id_hash=hash_of(fresh.token),
        person_id=person_id,
        csrf=fresh.csrf_token,
        now=now,
        expires_at=fresh.expires_at,
        agent=agent[:200],
        network=network,
        method=method,
        idle_s=int(span.idle.total_seconds()),
        is_kept=span.is_kept,
        within=within,
    )
    return fresh


def hash_of(token: str) -> bytes:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).digest()
