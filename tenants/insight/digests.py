"""Decides who gets the Monday digest and what it says: what came in, what is late, what waits and what was done.

One page, once a week, to the client's own people; each of them can silence it for themselves. A digest whose sending
broke off is not sent again: a week without it harms nobody, two of them do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.insight import reporting
from tenants.store import Model, TenantOwned
from tenants.values import ids

ROLES = ("client_viewer", "client_approver", "tenant_admin")


class Digest(TenantOwned, Model):
    """One digest to one person about one week."""

    __tablename__ = "digest"
    __table_args__ = (UniqueConstraint("tenant_id", "person_id", "week_on"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    week_on: Mapped[date]
    recipient: Mapped[str]
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str]


class DigestQuiet(TenantOwned, Model):
    """Somebody who does not want the digest of this client."""

    __tablename__ = "digest_quiet"

    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    since_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who gets the digest."""

    person_id: UUID
    name: str
    address: str


READERS = """
SELECT DISTINCT ON (m.person_id) m.person_id, m.person_name, m.person_email FROM membership m
WHERE m.tenant_id = :tenant AND m.role = ANY(:roles) AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now)
  AND NOT EXISTS (SELECT FROM digest_quiet q WHERE q.tenant_id = :tenant AND q.person_id = m.person_id)
ORDER BY m.person_id, m.starts_at DESC
"""
BEGIN = """
INSERT INTO digest (tenant_id, id, person_id, week_on, recipient, begun_at)
VALUES (:tenant, :id, :person, :week_on, :recipient, :now) ON CONFLICT (tenant_id, person_id, week_on) DO NOTHING
RETURNING id
"""
END = """
UPDATE digest SET ended_at = :now, outcome = :outcome WHERE tenant_id = :tenant AND id = :id AND ended_at IS NULL
"""
SILENCE = """
INSERT INTO digest_quiet (tenant_id, person_id, since_at) VALUES (:tenant, :person, :now)
ON CONFLICT (tenant_id, person_id) DO NOTHING
"""
HEAR = "DELETE FROM digest_quiet WHERE tenant_id = :tenant AND person_id = :person"
IS_QUIET = "SELECT EXISTS (SELECT FROM digest_quiet WHERE tenant_id = :tenant AND person_id = :person)"


def week_of(today: date) -> date:
    """The Monday of a day's week; the digest of a week is told once, on its first business day."""
    return today - timedelta(days=today.weekday())


def readers(now: datetime) -> Sequence[Reader]:
    """Who gets the digest: the client's own people, less those who silenced it; nobody if the client wants none."""
    if not reporting.choice().digest:
        return []
    return [Reader(*row) for row in store.run(READERS, roles=list(ROLES), now=now)]


def begin(reader: Reader, *, week_on: date, now: datetime) -> UUID | None:
    """Write down that a digest is about to leave; None when that week's was begun before."""
    made: UUID | None = store.run(
        BEGIN, id=ids.new(), person=reader.person_id, week_on=week_on, recipient=reader.address, now=now
    ).scalar_one_or_none()
    return made


def end(digest_id: UUID, *, outcome: str, now: datetime) -> None:
    """Write down how it left."""
    store.run(END, id=digest_id, outcome=outcome, now=now)


def silence(person_id: UUID, *, quiet: bool, now: datetime) -> None:
    """Let a person not get the digest of this client any more, or again."""
    if quiet:
        store.run(SILENCE, person=person_id, now=now)
    else:
        store.run(HEAR, person=person_id)


def is_quiet(person_id: UUID) -> bool:
    """Whether a person silenced the digest of this client."""
    return bool(store.run(IS_QUIET, person=person_id).scalar_one())
