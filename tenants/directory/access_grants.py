"""Decides how somebody of the provider enters a client without an assignment: for an hour, for a reason, let in by a
second person, seen by the client.

A grant gives nothing but to look. Every look is kept with its page; the client sees who came, why, who let them in, and
what was opened.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import clients, memberships, provider_history
from tenants.events import history
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "agr"
LASTS = timedelta(minutes=60)
WAITS = timedelta(hours=24)
VISITOR = "visitor"


class UnknownGrant(Refusal):
    """No such request for access, or decided already."""

    kind = Kind.UNKNOWN
    code = "unknown_grant"
    remedy = "Look at the list again."


class OwnRequest(Refusal):
    """Nobody lets themselves in."""

    kind = Kind.FORBIDDEN
    code = "own_request"
    remedy = "Ask a second person to decide."


class BadReason(Refusal):
    """A visit needs a reason that the client can understand."""

    code = "bad_reason"
    remedy = "Say in a sentence what has to be looked at, and for whom."


class AccessGrant(TenantOwned, Model):
    """One request to enter a client, and what became of it."""

    __tablename__ = "access_grant"
    __table_args__ = (Index("ix_access_grant_asked", "tenant_id", "asked_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    person_name: Mapped[str]
    person_email: Mapped[str]
    reason: Mapped[str]
    state: Mapped[str]
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[UUID | None]
    decided_by_name: Mapped[str] = mapped_column(server_default="")
    decision: Mapped[str] = mapped_column(server_default="")
    ends_at: Mapped[datetime | None]


class AccessVisit(TenantOwned, Model):
    """One page or answer that was looked at under a grant; rows are only ever added."""

    __tablename__ = "access_visit"
    __table_args__ = (
        Index("ix_access_visit_grant", "tenant_id", "grant_id", "at"),
        ForeignKeyConstraint(["tenant_id", "grant_id"], ["access_grant.tenant_id", "access_grant.id"]),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID]
    person_id: Mapped[UUID]
    at: Mapped[datetime]
    method: Mapped[str]
    route: Mapped[str]
    path: Mapped[str]
    request_id: Mapped[str]


@dataclass(frozen=True, slots=True)
class Grant:
    """One request as pages and the API show it."""

    id: UUID
    person_id: UUID
    person_name: str
    person_email: str
    reason: str
    state: str
    asked_at: datetime
    decided_at: datetime | None
    decided_by_name: str
    decision: str
    ends_at: datetime | None
    visits: int


@dataclass(frozen=True, slots=True)
class Visit:
    """One look."""

    id: UUID
    at: datetime
    method: str
    route: str
    path: str
    request_id: str


ASK = """
INSERT INTO access_grant (tenant_id, id, person_id, person_name, person_email, reason, state, asked_at)
VALUES (:tenant, :id, :person_id, :name, :email, :reason, 'asked', :now)
"""
DECIDE = """
UPDATE access_grant SET state = :state, decided_at = :now, decided_by = :by, decided_by_name = :by_name,
  decision = :why, ends_at = :ends_at
WHERE tenant_id = :tenant AND id = :id AND state = 'asked' AND asked_at > :oldest
RETURNING person_id, person_name, person_email, reason
"""
ASKED_BY = "SELECT person_id FROM access_grant WHERE tenant_id = :tenant AND id = :id"
END = """
UPDATE access_grant SET state = 'ended', ends_at = least(ends_at, :now)
WHERE tenant_id = :tenant AND id = :id AND state = 'approved' AND ends_at > :now RETURNING person_id
"""
LIST = """
SELECT g.id, g.person_id, g.person_name, g.person_email, g.reason,
  CASE WHEN g.state = 'approved' AND g.ends_at <= :now THEN 'ended'
       WHEN g.state = 'asked' AND g.asked_at <= :oldest THEN 'lapsed' ELSE g.state END AS state,
  g.asked_at, g.decided_at, g.decided_by_name, g.decision, g.ends_at,
  (SELECT count(*) FROM access_visit v WHERE v.tenant_id = :tenant AND v.grant_id = g.id) AS visits
FROM access_grant g WHERE g.tenant_id = :tenant AND {narrow} ORDER BY g.asked_at DESC, g.id DESC LIMIT :limit
"""
BEHIND = "(CAST(:at AS timestamptz) IS NULL OR ({at}, {id}) < (:at, :after))"
RUNNING = """
SELECT id, decided_at FROM access_grant WHERE tenant_id = :tenant AND person_id = :person_id AND state = 'approved'
  AND ends_at > :now ORDER BY ends_at DESC LIMIT 1
"""
VISIT = """
INSERT INTO access_visit (tenant_id, id, grant_id, person_id, at, method, route, path, request_id)
VALUES (:tenant, :id, :grant_id, :person_id, :now, :method, :route, :path, :request_id)
"""
VISITS = f"""
SELECT id, at, method, route, path, request_id FROM access_visit
WHERE tenant_id = :tenant AND grant_id = :id AND {BEHIND.format(at="at", id="id")}
ORDER BY at DESC, id DESC LIMIT :limit
"""
Place = tuple[datetime, UUID]
"""Behind which row a page begins."""


def ask(person_id: UUID, *, name: str, email: str, reason: str, now: datetime) -> UUID:
    """Ask to enter the current client; somebody else decides. Raises BadReason, UnknownClient."""
    profile, words = clients.profile(), reason.strip()
    if len(words) < 10:
        raise BadReason("The reason is too short.", pointer="/reason")
    fresh = ids.new()
    store.run(ASK, id=fresh, person_id=person_id, name=name, email=email, reason=words, now=now)
    history.note("access.asked", about=("access_grant", fresh), at=now, became={"person": name}, reason=words)
    about = ("client", profile.tenant_id, profile.legal_name)
    provider_history.note("visit.asked", about=about, at=now, became={"person": name}, reason=words)
    return fresh


def decide(grant_id: UUID, *, allow: bool, by: UUID, by_name: str, now: datetime, why: str = "") -> datetime | None:
    """Let somebody in for an hour, or not; answers until when. Raises OwnRequest, UnknownGrant."""
    if find(grant_id) == by:
        raise OwnRequest("This is your own request.")
    ends_at = now + LASTS if allow else None
    row = store.run(
        DECIDE,
        id=grant_id,
        state="approved" if allow else "refused",
        now=now,
        by=by,
        by_name=by_name,
        why=why,
        ends_at=ends_at,
        oldest=now - WAITS,
    ).one_or_none()
    if row is None:
        raise UnknownGrant("There is no such request that waits.")
    if allow:
        memberships.let_in(
            row.person_id, name=row.person_name, email=row.person_email, role=VISITOR, now=now, ends_at=ends_at
        )
    history.note(
        "access.granted" if allow else "access.refused",
        about=("access_grant", grant_id),
        at=now,
        became={"person": row.person_name, "until": ends_at, "decided_by": by_name},
        reason=why or row.reason,
    )
    profile, told = clients.profile(), {"person": row.person_name, "until": ends_at}
    provider_history.note(
        "visit.granted" if allow else "visit.refused",
        about=("client", profile.tenant_id, profile.legal_name),
        at=now,
        became=told,
        reason=why,
    )
    return ends_at


def end(grant_id: UUID, *, now: datetime) -> None:
    """Shut a grant before its time; it opens nothing from the next request on. Raises UnknownGrant."""
    person_id = store.run(END, id=grant_id, now=now).scalar_one_or_none()
    if person_id is None:
        raise UnknownGrant("There is no such grant that runs.")
    memberships.end_role(person_id, role=VISITOR, now=now)
    history.note("access.ended", about=("access_grant", grant_id), at=now)


def listed(*, now: datetime, after: Place | None = None, limit: int = 100) -> Sequence[Grant]:
    """Who asked to enter the current client, the newest first, behind the one that a page before ended with."""
    at, after_id = after or (None, None)
    asked = LIST.format(narrow=BEHIND.format(at="g.asked_at", id="g.id"))
    return [Grant(*row) for row in store.run(asked, now=now, oldest=now - WAITS, at=at, after=after_id, limit=limit)]


def one(grant_id: UUID, *, now: datetime) -> Grant:
    """One request. Raises UnknownGrant."""
    row = store.run(LIST.format(narrow="g.id = :id"), id=grant_id, now=now, oldest=now - WAITS, limit=1).one_or_none()
    if row is None:
        raise UnknownGrant("There is no such request.")
    return Grant(*row)


def find(grant_id: UUID) -> UUID:
    """Whose request it is. Raises UnknownGrant."""
    asker: UUID | None = store.run(ASKED_BY, id=grant_id).scalar_one_or_none()
    if asker is None:
        raise UnknownGrant("There is no such request.")
    return asker


def note_visit(person_id: UUID, *, method: str, route: str, path: str, request_id: str, now: datetime) -> datetime:
    """Keep one look; answers since when the person may. Raises UnknownGrant when no grant runs: then nothing may be
    shown either."""
    running = store.run(RUNNING, person_id=person_id, now=now).one_or_none()
    if running is None:
        raise UnknownGrant("There is no such page.")
    grant_id, since = running
    store.run(
        VISIT,
        id=ids.new(),
        grant_id=grant_id,
        person_id=person_id,
        now=now,
        method=method,
        route=route,
        path=path[:500],
        request_id=request_id,
    )
    return since  # type: ignore[no-any-return]


def visits(grant_id: UUID, *, after: Place | None = None, limit: int = 500) -> Sequence[Visit]:
    """What was looked at under a grant, the newest first, behind the look that a page before ended with."""
    at, after_id = after or (None, None)
    return [Visit(*row) for row in store.run(VISITS, id=grant_id, at=at, after=after_id, limit=limit)]
