"""Decides under which key a client's own secrets lie: its data key, which itself lies sealed under the program's keys.

Bank details are readable with the client's key alone: a copy of the table without the program's keys tells nothing, and
a sealed value that is moved to another row, column or client does not open there.
"""

import hmac
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids, sealing
from tenants.values.sealing import Keyring


class NoKeyring(RuntimeError):
    """A secret was to be sealed or opened before the process was told its keys."""


class DataKey(TenantOwned, Model):
    """One key of a client; the newest seals, all open."""

    __tablename__ = "data_key"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


KEYS = "SELECT id, wrapped FROM data_key WHERE tenant_id = :tenant ORDER BY id DESC"
ADD = "INSERT INTO data_key (tenant_id, id, wrapped) VALUES (:tenant, :id, :wrapped)"
REWRAP = "UPDATE data_key SET wrapped = :wrapped WHERE tenant_id = :tenant AND id = :id"
QUEUE_UP = "SELECT tenant_id FROM client_profile WHERE tenant_id = :tenant FOR NO KEY UPDATE"
_ring: Keyring | None = None


def hang_keyring(ring: Keyring) -> None:
    """Tell this process the keys that wrap the data keys; the composition root does it once."""
    global _ring
    _ring = ring


def seal(plain: str, *, place: str) -> bytes | None:
    """Seal a value for one place of the current client (`table.column`); nothing said is nothing sealed."""
    if not plain:
        return None
    keys = _keys() or _first()
    return sealing.seal(plain.encode(), key=keys[0], about=_about(place))


def unseal(sealed: bytes | None, *, place: str, wrapped: Sequence[tuple[UUID, bytes]] | None = None) -> str:
    """The value that lies there; nothing sealed is nothing said. Raises CannotOpen for a value from elsewhere.

    `wrapped` are the client's keys, newest first, where the caller has read them already.
    """
    if sealed is None:
        return ""
    keys = _keys() if wrapped is None else [_unwrapped(*each) for each in wrapped]
    return sealing.open_sealed(sealed, keys=keys, about=_about(place)).decode()


def marks(values: Sequence[str], *, place: str) -> list[str]:
    """A keyed hash of each value, by which it is known again without being readable; it outlives new data keys."""
    key = hmac.digest((_keys() or _first())[-1], _about(place).encode(), "sha256")
    return [hmac.digest(key, each.encode(), "sha256").hex()[:32] for each in values]


def renew() -> bytes:
    """A new data key for what is sealed from now on; what the older ones sealed still opens."""
    key, key_id = sealing.fresh_key(), ids.new()
    store.run(ADD, id=key_id, wrapped=_keyring().seal(key, about=_wrapping(key_id)))
    return key


def rewrap() -> int:
    """Wrap again what an older key of the program wraps; answers how many were."""
    ring, done = _keyring(), 0
    for row in store.run(KEYS).all():
        if ring.is_old(row.wrapped):
            about = _wrapping(row.id)
            store.run(REWRAP, id=row.id, wrapped=ring.seal(ring.open(row.wrapped, about=about), about=about))
            done += 1
    return done


def held() -> Sequence[bytes]:
    """The current client's keys, newest first, for whoever seals everything again."""
    return _keys()


def _first() -> Sequence[bytes]:
    """The key of a client that had none; of two that ask at once, one makes it."""
    store.run(QUEUE_UP)
    return _keys() or [renew()]


def _keys() -> Sequence[bytes]:
    """The client's keys, newest first."""
    return [_unwrapped(row.id, row.wrapped) for row in store.run(KEYS)]


def _unwrapped(key_id: UUID, wrapped: bytes) -> bytes:
    return _keyring().open(wrapped, about=_wrapping(key_id))


def _keyring() -> Keyring:
    if _ring is None:
        raise NoKeyring("secrets cannot be sealed before the shell was made")
    return _ring


def _about(place: str) -> str:
    return f"{scope.current().one}|{place}"


def _wrapping(key_id: UUID) -> str:
    return f"data_key:{scope.current().one}:{key_id}"
