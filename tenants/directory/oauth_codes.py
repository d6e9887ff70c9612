"""Decides that an authorization code is redeemed once: one statement takes it, and of many at once one gets it.

Whoever shows a taken code again may have stolen it, or been stolen from: the grant behind it ends with all its tokens.
"""

import base64
import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import oauth_grants
from tenants.directory.api_clients import Registered
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model

GOOD_FOR = timedelta(seconds=60)
VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}", re.ASCII)
CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)


class OauthCode(IdentityOwned, Model):
    """One authorization code, by its hash."""

    __tablename__ = "oauth_code"
    __table_args__ = (Index("ix_oauth_code_grant", "grant_id"), IDENTITY)

    code_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    grant_id: Mapped[UUID] = mapped_column(ForeignKey("identity.oauth_grant.id"))
    redirect_uri: Mapped[str]
    challenge: Mapped[str]
    challenge_method: Mapped[str]
    jkt: Mapped[str | None]
    nonce: Mapped[str | None]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What a code stood for."""

    grant_id: UUID
    redirect_uri: str
    challenge: str
    jkt: str | None
    nonce: str | None

    def fits(self, verifier: str) -> bool:
        """Whether this is the secret whose hash came with the request for the code (S256, the only method)."""
        if not VERIFIER.fullmatch(verifier):
            return False
        digest = hashlib.sha256(verifier.encode()).digest()
        return hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), self.challenge)


ISSUE = """
INSERT INTO identity.oauth_code (code_hash, grant_id, redirect_uri, challenge, challenge_method, jkt, nonce, expires_at)
VALUES (:code, :grant_id, :redirect_uri, :challenge, 'S256', :jkt, :nonce, :expires_at)
"""
TAKE = """
UPDATE identity.oauth_code SET used_at = :now WHERE code_hash = :code AND used_at IS NULL AND grant_id IN (
  SELECT id FROM identity.oauth_grant WHERE tenant_id = :tenant_id AND client_id = :client_id)
RETURNING grant_id, redirect_uri, challenge, jkt, nonce, expires_at
"""
TAKEN = """
SELECT c.grant_id FROM identity.oauth_code c JOIN identity.oauth_grant g ON g.id = c.grant_id
WHERE c.code_hash = :code AND c.used_at IS NOT NULL AND g.tenant_id = :tenant_id AND g.client_id = :client_id
"""


def fresh() -> str:
    """256 random bits."""
    return secrets.token_urlsafe(32)


def keep(
    code: str,
    *,
    grant_id: UUID,
    redirect_uri: str,
    challenge: str,
    jkt: str | None,
    nonce: str | None,
    now: datetime,
) -> None:
    """Keep a fresh code as a hash, with what its redemption must fit."""
    store.run_identity(
        ISSUE,
        code=_hash(code),
        grant_id=grant_id,
        redirect_uri=redirect_uri,
        challenge=challenge,
        jkt=jkt,
        nonce=nonce,
        expires_at=now + GOOD_FOR,
    )


def take(code: str, *, client: Registered, now: datetime) -> Redeemed | None:
    """Take a code of this client's; None for one that is not there, too old, or taken. A taken one ends its grant."""
    whose = {"code": _hash(code), "tenant_id": client.tenant_id, "client_id": client.id}
    row = store.run_identity(TAKE, now=now, **whose).one_or_none()
    if row is None:
        taken = store.run_identity(TAKEN, **whose).scalar_one_or_none()
        if taken is not None:
            oauth_grants.revoke(taken, why="its code was shown twice", now=now)
        return None
    return Redeemed(*row[:5]) if row.expires_at > now else None


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
