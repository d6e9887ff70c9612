"""Decides which key signs our tokens: one is active, the next one is published a day before it signs, the last one
stays published until nothing that it signed can still be good.

Private keys lie sealed. A key that is due is changed by whoever needs one next, under a row lock; nobody waits for it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from joserfc.jwk import ECKey
from sqlalchemy import Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.sealing import Keyring

SIGNS_FOR = timedelta(days=30)
PUBLISHED_BEFORE = timedelta(hours=24)
STAYS_FOR = timedelta(hours=1)


class SigningKey(IdentityOwned, Model):
    """One pair of keys."""

    __tablename__ = "signing_key"
    __table_args__ = (
        Index("uq_signing_key_state", "state", unique=True, postgresql_where=text("state <> 'retiring'")),
        IDENTITY,
    )

    kid: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    public_jwk: Mapped[dict[str, Any]]
    sealed_private: Mapped[bytes] = mapped_column(LargeBinary)
    made_at: Mapped[datetime]
    active_at: Mapped[datetime | None]
    retiring_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    kid: str
    key: ECKey


ACTIVE = "SELECT kid, sealed_private, active_at FROM identity.signing_key WHERE state = 'active'"
ALL = "SELECT public_jwk, state FROM identity.signing_key ORDER BY state, made_at"
OF_KID = "SELECT public_jwk FROM identity.signing_key WHERE kid = :kid AND state <> 'next'"
ADD = """
INSERT INTO identity.signing_key (kid, state, public_jwk, sealed_private, made_at, active_at)
VALUES (:kid, :state, CAST(:public AS jsonb), :sealed, :now, :active_at) ON CONFLICT DO NOTHING
"""
LOCK = (
    "SELECT kid, state, made_at, active_at FROM identity.signing_key WHERE state <> 'retiring' ORDER BY kid FOR UPDATE"
)
RETIRE = """
UPDATE identity.signing_key SET state = 'retiring', retiring_at = :now
WHERE state = 'active' AND active_at <= :started_before
"""
PROMOTE = "UPDATE identity.signing_key SET state = 'active', active_at = :now WHERE state = 'next'"
DROP = "DELETE FROM identity.signing_key WHERE state = 'retiring' AND retiring_at < :before RETURNING kid"


def signer(*, ring: Keyring, now: datetime) -> Signer:
    """The active key; made if there was none, changed if it has signed for long enough."""
    row = store.run_identity(ACTIVE).one_or_none()
    if row is None:
        _add("active", ring=ring, now=now)
        _add("next", ring=ring, now=now)
        row = store.run_identity(ACTIVE).one()
    elif now - row.active_at >= SIGNS_FOR and rotate(ring=ring, now=now):
        row = store.run_identity(ACTIVE).one()
    return Signer(row.kid, _private(ring.open(row.sealed_private, about=f"signing_key:{row.kid}").decode()))


def rotate(*, ring: Keyring, now: datetime, at_once: bool = False) -> bool:
    """Let the next key sign, if it was published long enough; `at_once` is for a key that somebody may have stolen.

    What retired long enough ago is no longer published. Returns whether another key signs now.
    """
    held = {row.state: row for row in store.run_identity(LOCK)}
    store.run_identity(DROP, before=now - STAYS_FOR)
    upcoming, current = held.get("next"), held.get("active")
    if current is not None and not at_once and now - current.active_at < SIGNS_FOR:
        return False
    if upcoming is None or (now - upcoming.made_at < PUBLISHED_BEFORE and not at_once):
        _add("next", ring=ring, now=now)
        if not at_once:
            return False
    store.run_identity(RETIRE, now=now, started_before=now)
    if at_once:
        store.run_identity(DROP, before=now + STAYS_FOR)
    store.run_identity(PROMOTE, now=now)
    _add("next", ring=ring, now=now)
    return True


def published() -> Sequence[dict[str, Any]]:
    """Every public key that others may meet, the active one first."""
    return [{**row.public_jwk, "use": "sig", "alg": "ES256"} for row in store.run_identity(ALL)]


def public(kid: str) -> ECKey | None:
    """The public key of this name, if it may have signed."""
    found = store.run_identity(OF_KID, kid=kid).scalar_one_or_none()
    return None if found is None else _public(json.dumps(found, sort_keys=True))


def _add(state: str, *, ring: Keyring, now: datetime) -> None:
    """Add a key unless one of its state is there: of several who see that it lacks, one adds it."""
    key = ECKey.generate_key("P-256")
    kid = key.thumbprint()
    store.run_identity(
        ADD,
        kid=kid,
        state=state,
        public=json.dumps(key.as_dict(private=False) | {"kid": kid}),
        sealed=ring.seal(json.dumps(key.as_dict(private=True)).encode(), about=f"signing_key:{kid}"),
        now=now,
        active_at=now if state == "active" else None,
    )


@lru_cache(maxsize=16)
def _public(jwk: str) -> ECKey:
    return ECKey.import_key(json.loads(jwk))


@lru_cache(maxsize=4)
def _private(jwk: str) -> ECKey:
    return ECKey.import_key(json.loads(jwk))
