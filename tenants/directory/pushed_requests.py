"""Decides how long a pushed authorization request may be used, by whom, and how often: one browser, one answer.

It must be opened within a minute by a browser; that browser may take ten minutes to sign in and to answer, and its
answer, yes or no, uses it up.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory.api_clients import Registered
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model

PREFIX = "urn:ietf:params:oauth:request_uri:"
GOOD_FOR = timedelta(seconds=60)
TO_ANSWER = timedelta(minutes=10)


class PushedRequest(IdentityOwned, Model):
    """One pushed request, by the hash of its address."""

    __tablename__ = "pushed_request"
    __table_args__ = (Index("ix_pushed_request_expires", "expires_at"), IDENTITY)

    uri_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    tenant_id: Mapped[UUID]
    client_id: Mapped[UUID]
    parameters: Mapped[dict[str, Any]]
    jkt: Mapped[str | None]
    expires_at: Mapped[datetime]
    browser_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    opened_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Pushed:
    """A pushed request that this browser may answer."""

    parameters: dict[str, str]
    jkt: str | None


PURGE = """
DELETE FROM identity.pushed_request WHERE uri_hash IN (
  SELECT uri_hash FROM identity.pushed_request WHERE expires_at < :before ORDER BY expires_at LIMIT 8
  FOR UPDATE SKIP LOCKED)
"""
ADD = """
INSERT INTO identity.pushed_request (uri_hash, tenant_id, client_id, parameters, jkt, expires_at)
VALUES (:uri, :tenant_id, :client_id, CAST(:parameters AS jsonb), :jkt, :expires_at)
"""
OPEN = """
UPDATE identity.pushed_request SET opened_at = coalesce(opened_at, :now), browser_hash = :browser
WHERE uri_hash = :uri AND tenant_id = :tenant_id AND client_id = :client_id AND used_at IS NULL
  AND ((opened_at IS NULL AND expires_at > :now) OR (browser_hash = :browser AND opened_at > :opened_after))
RETURNING parameters, jkt
"""
USE = """
UPDATE identity.pushed_request SET used_at = :now
WHERE uri_hash = :uri AND tenant_id = :tenant_id AND client_id = :client_id AND used_at IS NULL
  AND browser_hash = :browser AND opened_at > :opened_after
RETURNING parameters, jkt
"""


def push(parameters: dict[str, str], *, client: Registered, jkt: str | None, now: datetime) -> str:
    """Keep a request that was checked; return the address under which a browser opens it."""
    store.run_identity(PURGE, before=now - TO_ANSWER)
    uri = PREFIX + secrets.token_urlsafe(32)
    store.run_identity(
        ADD,
        uri=_hash(uri),
        tenant_id=client.tenant_id,
        client_id=client.id,
        parameters=json.dumps(parameters),
        jkt=jkt,
        expires_at=now + GOOD_FOR,
    )
    return uri


def open(uri: str, *, client: Registered, browser: str, now: datetime) -> Pushed | None:
    """Open a request in one browser; None for one that is not there, too old, answered, or open in another browser."""
    return _found(OPEN, uri, client, browser, now)


def use(uri: str, *, client: Registered, browser: str, now: datetime) -> Pushed | None:
    """Use up a request that this browser opened; None when there is nothing to answer, or somebody was faster."""
    return _found(USE, uri, client, browser, now)


def _found(statement: str, uri: str, client: Registered, browser: str, now: datetime) -> Pushed | None:
    row = store.run_identity(
        statement,
        uri=_hash(uri),
        tenant_id=client.tenant_id,
        client_id=client.id,
        browser=_hash(browser),
        now=now,
        opened_after=now - TO_ANSWER,
    ).one_or_none()
    return None if row is None else Pushed(*row)


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()
