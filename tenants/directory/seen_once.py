"""Decides that a proof or an assertion counts once: its id is kept, hashed, until it would be refused for its age.

Kept in PostgreSQL, because a cache that forgets would let every old proof in again. Each new id takes a few forgotten
ones with it, so the table stays as small as what can still be replayed.
"""

import hashlib
from datetime import datetime

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model


class SeenOnce(IdentityOwned, Model):
    """One id that was used."""

    __tablename__ = "seen_once"
    __table_args__ = (Index("ix_seen_once_forget", "forget_at"), IDENTITY)

    key_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    forget_at: Mapped[datetime]


REMEMBER = """
WITH forgotten AS (
  DELETE FROM identity.seen_once WHERE key_hash IN (
    SELECT key_hash FROM identity.seen_once WHERE forget_at < :now ORDER BY forget_at LIMIT 4 FOR UPDATE SKIP LOCKED))
INSERT INTO identity.seen_once (key_hash, forget_at) VALUES (:key, :forget_at)
ON CONFLICT (key_hash) DO NOTHING RETURNING key_hash
"""


def first_time(kind: str, owner: str, word: str, *, now: datetime, until: datetime) -> bool:
    """Whether this word of this owner is met for the first time; of many at once, one is the first."""
    key = hashlib.sha256("\n".join((kind, owner, word)).encode()).digest()
    return store.run_identity(REMEMBER, key=key, now=now, forget_at=until).first() is not None
