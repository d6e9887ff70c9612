"""Decides how a refresh token lives: bound to a key it stays as it is; without one it is changed at each use.

A changed token that comes back was copied, by whom nobody can tell, so the whole family ends. One exception: within 20
seconds, while its child was not used, it gets the same child again, because an answer can be lost on its way. The child
is an HMAC of its parent, so the same one can be told again although only hashes are kept.
"""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import oauth_grants
from tenants.directory.api_clients import Registered
from tenants.directory.oauth_grants import Grant
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values import ids

MARK = "gtr_"
IDLE = timedelta(days=14)
PATIENCE = timedelta(seconds=20)
REUSED = "a refresh token was used twice"


class RefreshToken(IdentityOwned, Model):
    """One refresh token, by its hash."""

    __tablename__ = "refresh_token"
    __table_args__ = (Index("ix_refresh_token_grant", "grant_id"), IDENTITY)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("identity.oauth_grant.id"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    parent_id: Mapped[UUID | None]
    state: Mapped[str]
    rotated_at: Mapped[datetime | None]
    made_at: Mapped[datetime]
    idle_expires_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Shown:
    """A refresh token that was shown and holds: its grant, and the token to use from now on."""

    grant: Grant
    successor: str


@dataclass(frozen=True, slots=True)
class Reused:
    """A refresh token that came back after its time; its family ended."""

    grant_id: UUID
    client: Registered


ADD = """
INSERT INTO identity.refresh_token (id, grant_id, token_hash, parent_id, made_at, idle_expires_at)
VALUES (:id, :grant_id, :hash, :parent_id, :now, :idle_expires_at)
"""
FIND = """
SELECT r.id, r.grant_id, r.state, r.rotated_at, r.idle_expires_at FROM identity.refresh_token r
JOIN identity.oauth_grant g ON g.id = r.grant_id
WHERE r.token_hash = :hash AND g.tenant_id = :tenant_id AND g.client_id = :client_id FOR UPDATE OF r
"""
USED = "UPDATE identity.refresh_token SET idle_expires_at = :idle_expires_at WHERE id = :id"
ROTATE = "UPDATE identity.refresh_token SET state = 'rotated', rotated_at = :now WHERE id = :id"
CHILD = "SELECT state FROM identity.refresh_token WHERE parent_id = :id AND grant_id = :grant_id"
GRANT_OF = """
SELECT r.grant_id, r.state FROM identity.refresh_token r JOIN identity.oauth_grant g ON g.id = r.grant_id
WHERE r.token_hash = :hash AND g.tenant_id = :tenant_id AND g.client_id = :client_id
"""


def first(grant_id: UUID, *, now: datetime) -> str:
    """The first token of a family; told once, kept as a hash."""
    token = MARK + secrets.token_urlsafe(32)
    _add(token, grant_id=grant_id, parent_id=None, now=now)
    return token


def show(token: str, *, client: Registered, key: bytes, jkt: str | None, now: datetime) -> Shown | Reused | None:
    """Use a refresh token, with the key that was proved along with it.

    None for one that never was this client's, whose grant holds no more, or that is bound to another key.
    """
    whose = {"hash": _hash(token), "tenant_id": client.tenant_id, "client_id": client.id}
    row = store.run_identity(FIND, **whose).one_or_none()
    grant = None if row is None else oauth_grants.alive(row.grant_id, now=now)
    if row is None or grant is None or row.idle_expires_at <= now:
        return None
    if grant.jkt is not None:
        if jkt != grant.jkt:
            return None
        store.run_identity(USED, id=row.id, idle_expires_at=now + IDLE)
        return Shown(grant, token)
    child = MARK + _child(token, key)
    if row.state == "active":
        store.run_identity(ROTATE, id=row.id, now=now)
        _add(child, grant_id=grant.id, parent_id=row.id, now=now)
        return Shown(grant, child)
    unused = store.run_identity(CHILD, id=row.id, grant_id=grant.id).scalar_one() == "active"
    if unused and now - row.rotated_at <= PATIENCE:
        return Shown(grant, child)
    oauth_grants.revoke(grant.id, why=REUSED, now=now)
    return Reused(grant.id, client)


def grant_of(token: str, *, client: Registered) -> tuple[UUID, bool] | None:
    """The grant of a token of this client, and whether the token could be used now."""
    whose = {"hash": _hash(token), "tenant_id": client.tenant_id, "client_id": client.id}
    row = store.run_identity(GRANT_OF, **whose).one_or_none()
    return None if row is None else (row.grant_id, row.state == "active")


def _add(token: str, *, grant_id: UUID, parent_id: UUID | None, now: datetime) -> None:
    made = ids.new()
    until = now + IDLE
    store.run_identity(
        ADD, id=made, grant_id=grant_id, hash=_hash(token), parent_id=parent_id, now=now, idle_expires_at=until
    )


def _child(token: str, key: bytes) -> str:
    digest = hmac.digest(key, token.encode(), hashlib.sha256)
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
