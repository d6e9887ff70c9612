"""Decides how long a started sign-in, or a started proof, may wait for its next step: minutes, in one browser, once.

The browser holds a random token, of which only the hash is kept here; what was said in the step before lies with it.
"""

import hashlib
import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model

WAITS = timedelta(minutes=10)


class SignInStep(IdentityOwned, Model):
    """One step that waits for the next."""

    __tablename__ = "sign_in_step"
    __table_args__ = (Index("ix_sign_in_step_expires", "expires_at"), IDENTITY)

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    purpose: Mapped[str]
    person_id: Mapped[UUID | None] = mapped_column(ForeignKey("identity.person.id"))
    said: Mapped[dict[str, Any]]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Step:
    """What the step before left."""

    person_id: UUID | None
    said: dict[str, Any]


BEGIN = """
INSERT INTO identity.sign_in_step (token_hash, purpose, person_id, said, expires_at)
VALUES (:token_hash, :purpose, :person_id, CAST(:said AS jsonb), :expires_at)
"""
LIVE = "token_hash = :token_hash AND purpose = :purpose AND used_at IS NULL AND expires_at > :now"
FIND = f"SELECT person_id, said FROM identity.sign_in_step WHERE {LIVE}"
TAKE = f"UPDATE identity.sign_in_step SET used_at = :now WHERE {LIVE} RETURNING person_id, said"
REMEMBER = f"UPDATE identity.sign_in_step SET said = CAST(:said AS jsonb) WHERE {LIVE}"
DROP = "DELETE FROM identity.sign_in_step WHERE person_id = :person_id AND purpose = ANY(:purposes)"
PURGE = "DELETE FROM identity.sign_in_step WHERE expires_at < :before"


def begin(
    purpose: str,
    *,
    now: datetime,
    person_id: UUID | None = None,
    said: dict[str, Any] | None = None,
    token: str = "",
    waits: timedelta = WAITS,
) -> str:
    """Let a step wait for the next one; answers the token that the browser must bring."""
    token = token or secrets.token_urlsafe(32)
    store.run_identity(PURGE, before=now - WAITS)
    store.run_identity(
        BEGIN,
        token_hash=_hash(token),
        purpose=purpose,
        person_id=person_id,
        said=json.dumps(said or {}),
        expires_at=now + waits,
    )
    return token


def find(token: str, *, purpose: str, now: datetime) -> Step | None:
    """The step that waits under this token; it goes on waiting."""
    row = store.run_identity(FIND, token_hash=_hash(token), purpose=purpose, now=now).one_or_none()
    return None if row is None else Step(*row)


def remember(token: str, *, purpose: str, said: dict[str, Any], now: datetime) -> None:
    """Say something else with a step that goes on waiting."""
    store.run_identity(REMEMBER, token_hash=_hash(token), purpose=purpose, said=json.dumps(said), now=now)


def drop(person_id: UUID, *, purposes: Collection[str]) -> None:
    """Let no step of these purposes wait any more."""
    store.run_identity(DROP, person_id=person_id, purposes=list(purposes))


def take(token: str, *, purpose: str, now: datetime) -> Step | None:
    """The same, and use it up: of two that bring the token, one gets it."""
    row = store.run_identity(TAKE, token_hash=_hash(token), purpose=purpose, now=now).one_or_none()
    return None if row is None else Step(*row)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
