"""Decides which directory may send people: the bearer of a token that the client made, shown once, kept as a hash."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "sct"
MARK = "gt_scim_"
TOUCH_EVERY = timedelta(minutes=1)


class UnknownToken(Refusal):
    """No such token of this client."""

    kind = Kind.UNKNOWN
    code = "unknown_token"
    remedy = "Look at the list again."


class ScimToken(TenantOwned, Model):
    """One directory's key."""

    __tablename__ = "scim_token"
    __table_args__ = (UniqueConstraint("tenant_id", "token_hash"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whose directory speaks."""

    tenant_id: UUID
    token_id: UUID


@dataclass(frozen=True, slots=True)
class Shown:
    """One token as its client sees it."""

    id: UUID
    name: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


ADD = """
INSERT INTO scim_token (tenant_id, id, token_hash, name, made_at, made_by)
VALUES (:tenant, :id, :token_hash, :name, :now, :by)
"""
FIND = """
SELECT k.tenant_id, k.id FROM app.scim_token k JOIN app.tenant t ON t.id = k.tenant_id
WHERE k.tenant_id = :of AND t.id = :of AND k.token_hash = :token_hash AND k.revoked_at IS NULL
  AND (t.state <> 'closed' OR t.shut_at > :now)
"""
ALL = "SELECT id, name, made_at, used_at, revoked_at FROM scim_token WHERE tenant_id = :tenant ORDER BY made_at DESC"
USED = """
UPDATE scim_token SET used_at = :now
WHERE tenant_id = :tenant AND id = :id AND (used_at IS NULL OR used_at < :stale)
"""
REVOKE = """
UPDATE scim_token SET revoked_at = :now WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL RETURNING name
"""


def make(name: str, *, now: datetime) -> tuple[UUID, str]:
    """A new token of the current client; the text is shown once and kept nowhere."""
    fresh, opened = ids.new(), scope.current()
    token = f"{MARK}{opened.one.hex}_{secrets.token_urlsafe(32)}"
    store.run(ADD, id=fresh, token_hash=_hash(token), name=name.strip(), now=now, by=opened.actor)
    history.note("provisioning.token_made", about=("scim_token", fresh), at=now, became={"name": name.strip()})
    return fresh, token


def find(token: str, *, now: datetime) -> Bearer | None:
    """Whose directory this token belongs to; None for any other text, and for one whose client's books are shut."""
    try:
        of = UUID(hex=token.removeprefix(MARK).partition("_")[0])
    except ValueError:
        return None
    row = store.run_identity(FIND, of=of, token_hash=_hash(token), now=now).one_or_none()
    return None if row is None else Bearer(*row)


def touch(token_id: UUID, *, now: datetime) -> None:
    """Remember when a directory last spoke, to the minute."""
    store.run(USED, id=token_id, now=now, stale=now - TOUCH_EVERY)


def all_of() -> Sequence[Shown]:
    """The tokens of the current client, the newest first."""
    return [Shown(*row) for row in store.run(ALL)]


def revoke(token_id: UUID, *, now: datetime) -> None:
    """Shut a token; its next request is refused. Raises UnknownToken."""
    name = store.run(REVOKE, id=token_id, now=now).scalar_one_or_none()
    if name is None:
        raise UnknownToken("There is no such token.")
    history.note("provisioning.token_revoked", about=("scim_token", token_id), at=now, was={"name": name})


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
