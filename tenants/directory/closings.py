"""Decides how the provider ends its work for a client: one of its administrators asks, another agrees, and there is a
way back while the books can still be read.

A closed client is a client from which nothing leaves: no work of it is handed out, no rule runs, no machine and no
customer comes in. Its people and its specialists read and export until a day that was said beforehand. Reopened, it
begins in test mode, so that nothing that waited leaves by itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import assignments, clients, letters, provider_history
from tenants.events import history
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "cls"
CLOSED = "closed"
WAITS = timedelta(days=7)
"""How long a request waits for the second person."""
READABLE_DAYS = 90
FEWEST, MOST = 7, 730
"""Bounds of the days for which closed books can be read."""
ADMIN = "tenant_admin"


class ClientClosed(Refusal):
    """The client was closed: its people read and export, and nothing else happens any more."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "client_closed"
    remedy = "Its people can read and export until the day that was told. The provider can open it again until then."


class ClientLeft(Refusal):
    """The client no longer shows its invoices here."""

    kind: ClassVar[Kind] = Kind.OVER
    code = "client_left"
    remedy = "Turn to the company itself."


class NotClosed(Refusal):
    """The client is not closed, or has been for too long."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "not_closed"
    remedy = "Reload the page."


class AskedAlready(Refusal):
    """One request at a time."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "closing_asked"
    remedy = "Decide about the request that waits, or have it withdrawn."


class UnknownClosing(Refusal):
    """No such request, or decided already."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "unknown_closing"
    remedy = "Look at the client again."


class OwnClosing(Refusal):
    """Nobody closes a client alone."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "own_request"
    remedy = "Ask a second administrator of the provider to agree."


class BadClosing(Refusal):
    """What was said cannot be taken as it is."""

    code = "bad_closing"
    remedy = "Correct the named part."


class ClientClosing(TenantOwned, Model):
    """One request to close a client, and what became of it."""

    __tablename__ = "client_closing"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    state: Mapped[str]
    reason: Mapped[str]
    readable_days: Mapped[int] = mapped_column(SmallInteger)
    asked_at: Mapped[datetime]
    asked_by: Mapped[UUID]
    asked_by_name: Mapped[str]
    decided_at: Mapped[datetime | None]
    decided_by_name: Mapped[str] = mapped_column(server_default="")
    decision: Mapped[str] = mapped_column(server_default="")


@dataclass(frozen=True, slots=True)
class Closing:
    """One request as pages and the API show it."""

    id: UUID
    state: str
    reason: str
    readable_days: int
    asked_at: datetime
    asked_by: UUID
    asked_by_name: str
    decided_at: datetime | None
    decided_by_name: str
    decision: str


@dataclass(frozen=True, slots=True)
class Person:
    """Who acts."""

    id: UUID
    name: str


ASK = """
INSERT INTO client_closing (tenant_id, id, state, reason, readable_days, asked_at, asked_by, asked_by_name)
VALUES (:tenant, :id, 'asked', :reason, :days, :now, :by, :name)
"""
COLUMNS = """id, CASE WHEN state = 'asked' AND asked_at <= :oldest THEN 'lapsed' ELSE state END AS state, reason,
  readable_days, asked_at, asked_by, asked_by_name, decided_at, decided_by_name, decision"""
NEWEST = f"SELECT {COLUMNS} FROM client_closing WHERE tenant_id = :tenant ORDER BY asked_at DESC, id DESC LIMIT 1"
ONE = f"SELECT {COLUMNS} FROM client_closing WHERE tenant_id = :tenant AND id = :id"
DECIDE = """
UPDATE client_closing SET state = :state, decided_at = :now, decided_by_name = :name, decision = :why
WHERE tenant_id = :tenant AND id = :id AND state = :before
"""
SET_STATE = "UPDATE tenant SET state = :state, closed_at = :closed_at, shut_at = :shut_at WHERE id = :tenant"
LEFT = """
SELECT t.legal_name, p.contact_name, p.contact_email, p.contact_phone FROM tenant t
JOIN client_profile p ON p.tenant_id = :tenant WHERE t.id = :tenant AND t.state = 'closed'
"""
WAITING = "SELECT tenant_id FROM app.client_closing WHERE state = 'asked' AND asked_at > :oldest"


def ask(by: Person, *, short_name: str, reason: str, now: datetime, readable_days: int = READABLE_DAYS) -> UUID:
    """Ask that the current client be closed; its short name is typed, so that it is no other. Somebody else agrees.

    Raises BadClosing, AskedAlready, ClientClosed.
    """
    clients.queue_up()
    profile, words = clients.profile(), reason.strip()
    if profile.state == CLOSED:
        raise ClientClosed("This client is closed already.")
    if short_name.strip() != profile.slug:
        raise BadClosing("This is not the short name of the client.", pointer="/short_name")
    if len(words) < 10:
        raise BadClosing("The reason is too short.", pointer="/reason")
    if not FEWEST <= readable_days <= MOST:
        raise BadClosing(f"Closed books are read for {FEWEST} to {MOST} days.", pointer="/readable_days")
    waiting = newest(now=now)
    if waiting is not None and waiting.state == "asked":
        raise AskedAlready("This was asked already.")
    fresh = ids.new()
    store.run(ASK, id=fresh, reason=words, days=readable_days, now=now, by=by.id, name=by.name)
    _note("closing_asked", now=now, became={"readable_days": readable_days}, reason=words)
    return fresh


def decide(closing_id: UUID, *, agree: bool, by: Person, now: datetime, why: str = "") -> Closing:
    """Close the current client, or do not. Who asked may withdraw it, and never agrees. Raises UnknownClosing,
    OwnClosing."""
    clients.queue_up()
    found = _one(closing_id, now=now)
    if found.state != "asked":
        raise UnknownClosing("There is no such request that waits.")
    if agree and found.asked_by == by.id:
        raise OwnClosing("This is your own request.")
    state = CLOSED if agree else "refused"
    store.run(DECIDE, id=closing_id, state=state, before="asked", now=now, name=by.name, why=why.strip())
    if agree:
        shut_at = now + timedelta(days=found.readable_days)
        store.run(SET_STATE, state=CLOSED, closed_at=now, shut_at=shut_at)
        _note("closed", now=now, became={"state": CLOSED, "readable_until": shut_at}, reason=why.strip(), asked=found)
        _tell_admins(letters.CLOSED, now=now, until=f"{shut_at:%d %B %Y}")
    else:
        _note("closing_refused", now=now, became={}, reason=why.strip(), asked=found)
    return _one(closing_id, now=now)


def reopen(*, by: Person, now: datetime, reason: str) -> None:
    """The way back: the client goes on where it stopped, in test mode. Raises NotClosed, BadClosing."""
    clients.queue_up()
    profile, words, found = clients.profile(), reason.strip(), newest(now=now)
    if profile.state != CLOSED or profile.shut_at is None or profile.shut_at <= now:
        raise NotClosed("This client is not closed, or its books are shut for good.")
    if len(words) < 10:
        raise BadClosing("The reason is too short.", pointer="/reason")
    if found is not None:
        store.run(DECIDE, id=found.id, state="reopened", before=CLOSED, now=now, name=by.name, why=words)
    store.run(SET_STATE, state="live", closed_at=None, shut_at=None)
    if profile.test_since_at is None:
        clients.change(test_since_at=profile.clock.now(now))
    _note("reopened", now=now, became={"state": "live", "test_mode": True}, reason=words)
    _tell_admins(letters.REOPENED, now=now)


def newest(*, now: datetime) -> Closing | None:
    """The last request about the current client, whatever became of it."""
    row = store.run(NEWEST, oldest=now - WAITS).one_or_none()
    return None if row is None else Closing(*row)


def waiting(*, now: datetime) -> frozenset[UUID]:
    """The clients of which somebody asked that they be closed; for the provider's own list."""
    return frozenset(store.run_identity(WAITING, oldest=now - WAITS).scalars())


def refuse_debtors() -> None:
    """A closed client's customers turn to the client itself. Raises ClientLeft."""
    row = store.run(LEFT).one_or_none()
    if row is not None:
        ways = ", ".join(filter(None, row[1:]))
        remedy = f"Please turn to {row.legal_name} itself{f': {ways}' if ways else ''}."
        raise ClientLeft(f"{row.legal_name} no longer shows its invoices here.", remedy=remedy)


def _one(closing_id: UUID, *, now: datetime) -> Closing:
    row = store.run(ONE, id=closing_id, oldest=now - WAITS).one_or_none()
    if row is None:
        raise UnknownClosing("There is no such request.")
    return Closing(*row)


def _note(act: str, *, now: datetime, became: dict[str, object], reason: str, asked: Closing | None = None) -> None:
    """In the client's own history, with who had asked and why, and in the provider's, which has a line of that."""
    profile = clients.profile()
    own = became | ({"asked_by": asked.asked_by_name} if asked else {})
    why = reason or (asked.reason if asked else "")
    history.note(f"client.{act}", about=("client", profile.tenant_id), at=now, became=own, reason=why)
    about = ("client", profile.tenant_id, profile.legal_name)
    provider_history.note(f"client.{act}", about=about, at=now, became=became, reason=reason)


def _tell_admins(purpose: str, *, now: datetime, until: str = "") -> None:
    held: Sequence[str] = [e.person_email for e in assignments.listed(side="client", now=now) if e.role == ADMIN]
    for address in dict.fromkeys(held):
        letters.queue(purpose, email=address, now=now, where=clients.profile().legal_name, until=until)
