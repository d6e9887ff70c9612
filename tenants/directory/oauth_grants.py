"""Decides whether what was granted still holds: asked with every token, so an end takes effect with the next request.

A grant is one person's leave for one app, or one token of a machine. It ends by its time, by revocation, with its API
client, with the person's disabling, when the person's password was changed after it was given, and when the books of a
closed client are shut. Where a client insists on its own identity provider, what was let in by any other way holds no
longer than that way opens the books: whoever is asked for the company's word lets the app in again by it.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.api_clients import Registered
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values import ids

PREFIX = "grt"
OF_PEOPLE = timedelta(days=30)


class OauthGrant(IdentityOwned, Model):
    """What somebody granted to an API client."""

    __tablename__ = "oauth_grant"
    __table_args__ = (
        Index("ix_oauth_grant_client", "tenant_id", "client_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_oauth_grant_person", "person_id", postgresql_where=text("revoked_at IS NULL")),
        Index("ix_oauth_grant_expires", "expires_at"),
        IDENTITY,
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    client_id: Mapped[UUID]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity.person.id"))
    session_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    jkt: Mapped[str | None]
    made_at: Mapped[datetime]
    authenticated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_for: Mapped[str]


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant that holds, with the one who gave it and the client company in whose books it works."""

    id: UUID
    tenant_id: UUID
    client_id: UUID
    person_id: UUID | None
    session_hash: bytes | None
    scopes: frozenset[str]
    jkt: str | None
    made_at: datetime
    authenticated_at: datetime | None
    expires_at: datetime
    client_name: str
    client_scopes: frozenset[str]
    needs_proof: bool
    person_name: str | None
    email: str | None
    side: str | None

    @property
    def public_id(self) -> str:
        """The id as it stands in tokens (`sid`)."""
        return ids.show(PREFIX, self.id)

    @property
    def actor(self) -> str:
        """Who acts, as scopes and the history name it."""
        return f"person:{self.person_id}" if self.person_id else f"api_client:{self.client_id}"


OPEN = """
INSERT INTO identity.oauth_grant (id, tenant_id, client_id, person_id, session_hash, scopes, jkt, made_at,
  authenticated_at, expires_at)
VALUES (:id, :tenant_id, :client_id, :person_id, :session_hash, :scopes, :jkt, :now, :authenticated_at, :expires_at)
"""
BY_COMPANY = """
EXISTS (SELECT FROM identity.browser_session s WHERE s.id_hash = g.session_hash AND s.within_tenant = g.tenant_id)
"""
"""Whether the client's own provider vouched for the person in the session that let the app in."""
WANTS_COMPANY = """
EXISTS (SELECT FROM app.sign_in_rule r WHERE r.tenant_id = g.tenant_id AND r.company_only)
AND EXISTS (SELECT FROM app.email_domain d WHERE d.tenant_id = g.tenant_id AND d.verified_at IS NOT NULL
  AND d.domain = split_part(p.email, '@', 2))
AND EXISTS (SELECT FROM app.idp_connection i WHERE i.tenant_id = g.tenant_id AND i.state = 'live')
AND NOT EXISTS (SELECT FROM app.membership m WHERE m.tenant_id = g.tenant_id AND m.person_id = p.id
  AND m.role = 'tenant_admin' AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now))
"""
"""Whether the client opens to this person by the word of its own provider alone, as `sign_in_rules` says it of a
session."""
ALIVE = f"""
SELECT g.id, g.tenant_id, g.client_id, g.person_id, g.session_hash, g.scopes, g.jkt, g.made_at, g.authenticated_at,
  g.expires_at, a.name, a.scopes, a.needs_proof, p.name, p.email, p.side
FROM identity.oauth_grant g
JOIN app.api_client a ON a.tenant_id = g.tenant_id AND a.id = g.client_id
JOIN app.tenant t ON t.id = g.tenant_id
LEFT JOIN identity.person p ON p.id = g.person_id
LEFT JOIN identity.credential c ON c.person_id = g.person_id
WHERE g.id = :id AND g.revoked_at IS NULL AND g.expires_at > :now AND a.revoked_at IS NULL
  AND (g.person_id IS NULL OR (p.disabled_at IS NULL AND (c.changed_at IS NULL OR c.changed_at <= g.made_at)
    AND (t.state <> 'closed' OR t.shut_at > :now) AND ({BY_COMPANY} OR NOT ({WANTS_COMPANY}))))
"""
BIND = """
UPDATE identity.oauth_grant SET jkt = coalesce(jkt, :jkt) WHERE id = :id
"""
REVOKE = """
UPDATE identity.oauth_grant SET revoked_at = :now, revoked_for = :why
WHERE id = :id AND revoked_at IS NULL RETURNING tenant_id
"""
REVOKE_OF_SESSION = """
UPDATE identity.oauth_grant SET revoked_at = :now, revoked_for = 'signed out'
WHERE session_hash = :session_hash AND person_id = :person_id AND revoked_at IS NULL
"""
REVOKE_OF_PEOPLE = f"""
UPDATE identity.oauth_grant g SET revoked_at = :now, revoked_for = :why
WHERE tenant_id = :of AND person_id IS NOT NULL AND revoked_at IS NULL AND NOT {BY_COMPANY}
"""
FOLLOW = """
UPDATE identity.oauth_grant SET session_hash = :fresh
WHERE session_hash = :before AND person_id = :person_id AND revoked_at IS NULL
"""
SIGNED_IN_AT = "SELECT created_at FROM identity.browser_session WHERE id_hash = :session_hash"
PURGE = """
WITH gone AS (
  SELECT id FROM identity.oauth_grant WHERE expires_at < :before ORDER BY expires_at LIMIT 8 FOR UPDATE SKIP LOCKED
), codes AS (DELETE FROM identity.oauth_code WHERE grant_id IN (SELECT id FROM gone)
), refreshers AS (DELETE FROM identity.refresh_token WHERE grant_id IN (SELECT id FROM gone))
SELECT id FROM gone
"""
ADDRESS_OF = """
SELECT p.email FROM identity.oauth_grant g JOIN identity.person p ON p.id = g.person_id WHERE g.id = :grant_id
"""
DELETE = "DELETE FROM identity.oauth_grant WHERE id = ANY(:ids)"
KEPT_AFTER = timedelta(days=7)


def open(
    client: Registered,
    *,
    scopes: Collection[str],
    now: datetime,
    lasts: timedelta,
    person_id: UUID | None = None,
    session_hash: bytes | None = None,
    authenticated_at: datetime | None = None,
    jkt: str | None = None,
) -> UUID:
    """Keep a new grant; a few that ended long ago go with it."""
    made = ids.new()
    _purge(now)
    store.run_identity(
        OPEN,
        id=made,
        tenant_id=client.tenant_id,
        client_id=client.id,
        person_id=person_id,
        session_hash=session_hash,
        scopes=sorted(scopes),
        jkt=jkt,
        now=now,
        authenticated_at=authenticated_at,
        expires_at=now + lasts,
    )
    return made


def alive(grant_id: UUID, *, now: datetime) -> Grant | None:
    """The grant, if it still holds."""
    row = store.run_identity(ALIVE, id=grant_id, now=now).one_or_none()
    if row is None:
        return None
    values = list(row)
    values[5], values[11] = frozenset(values[5]), frozenset(values[11])
    return Grant(*values)


def address_of(grant_id: UUID) -> str | None:
    """The address of the person in whose name it was given; None for a machine's."""
    found: str | None = store.run_identity(ADDRESS_OF, grant_id=grant_id).scalar_one_or_none()
    return found


def bind(grant_id: UUID, *, jkt: str) -> None:
    """Tie a grant to the key that redeemed its code; a grant that is tied stays tied to its first key."""
    store.run_identity(BIND, id=grant_id, jkt=jkt)


def revoke(grant_id: UUID, *, why: str, now: datetime) -> bool:
    """End a grant with everything that was issued from it; whether it was still running."""
    return store.run_identity(REVOKE, id=grant_id, why=why, now=now).first() is not None


def revoke_of_session(session_hash: bytes, *, person_id: UUID, now: datetime) -> None:
    """End what was granted from one browser session."""
    store.run_identity(REVOKE_OF_SESSION, session_hash=session_hash, person_id=person_id, now=now)


def revoke_of_people(tenant_id: UUID, *, why: str, now: datetime) -> None:
    """End what people let apps do in one client company, but for whom its own provider vouched."""
    store.run_identity(REVOKE_OF_PEOPLE, of=tenant_id, why=why, now=now)


def follow_session(before: bytes, *, fresh: bytes, person_id: UUID) -> None:
    """Let what was granted from one browser session belong to the same session under its new token."""
    store.run_identity(FOLLOW, before=before, fresh=fresh, person_id=person_id)


def signed_in_at(session_hash: bytes) -> datetime:
    """When the person of this browser session signed in."""
    when: datetime = store.run_identity(SIGNED_IN_AT, session_hash=session_hash).scalar_one()
    return when


def _purge(now: datetime) -> None:
    gone = [row[0] for row in store.run_identity(PURGE, before=now - KEPT_AFTER)]
    if gone:
        store.run_identity(DELETE, ids=gone)
