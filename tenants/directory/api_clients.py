"""Decides who may call in a client's name: a machine with scopes of its own, or an app that acts for people.

Each belongs to one client company, whose admin makes, rotates and revokes it. Its public id names the client and
itself, so that the sign-in role finds it without looking through everybody's. Of a secret only the hash is kept.
"""

import hashlib
import hmac
import json
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import client_rules, clients
from tenants.directory.client_rules import BadApiClient
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX, HALF, MARK = "cli", 26, "gts_"
OVERLAP = timedelta(hours=24)
"""How long a replaced secret still works, so that nobody has to change two places in one second."""
METHODS = ("private_key_jwt", "client_secret_basic", "none")


class UnknownApiClient(Refusal):
    """No such API client here."""

    kind = Kind.UNKNOWN
    code = "unknown_api_client"
    remedy = "Look at the list of API clients again."


class SecretsNotTaken(Refusal):
    """The client company takes no shared secrets."""

    kind = Kind.CONFLICT
    code = "shared_secrets_off"
    remedy = "Register a public key, or switch shared secrets on in the client's profile first."


class ApiClient(TenantOwned, Model):
    """One API client."""

    __tablename__ = "api_client"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    kind: Mapped[str]
    auth_method: Mapped[str]
    secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    older_secret_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    older_secret_until: Mapped[datetime | None]
    jwks: Mapped[dict[str, Any]]
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    redirect_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    logout_uris: Mapped[list[str]] = mapped_column(ARRAY(Text))
    needs_proof: Mapped[bool]
    waiver: Mapped[str]
    needs_pushing: Mapped[bool]
    made_at: Mapped[datetime]
    made_by: Mapped[str]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str]


@dataclass(frozen=True, slots=True)
class Registered:
    """An API client as it stands."""

    tenant_id: UUID
    id: UUID
    name: str
    kind: str
    auth_method: str
    secret_hash: bytes | None
    older_secret_hash: bytes | None
    older_secret_until: datetime | None
    jwks: dict[str, Any]
    scopes: Sequence[str]
    redirect_uris: Sequence[str]
    logout_uris: Sequence[str]
    needs_proof: bool
    waiver: str
    needs_pushing: bool
    made_at: datetime
    made_by: str
    revoked_at: datetime | None
    revoked_by: str

    @property
    def client_id(self) -> str:
        """The id by which it calls: its client company's and its own."""
        return show(self.tenant_id, self.id)

    def knows(self, secret: str, *, now: datetime) -> bool:
        """Whether this is its secret, or the one before it while that still works."""
        given = _hash(secret)
        older = self.older_secret_hash if self.older_secret_until and now < self.older_secret_until else None
        first = hmac.compare_digest(given, self.secret_hash or b"")
        return hmac.compare_digest(given, older or b"") or first


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an API client is to be."""

    name: str
    kind: str
    auth_method: str
    scopes: Collection[str]
    jwks: dict[str, Any] | None = None
    redirect_uris: Collection[str] = ()
    logout_uris: Collection[str] = ()
    waiver: str = ""
    needs_pushing: bool = True


COLUMNS = ", ".join(field.name for field in fields(Registered))
ADD = """
INSERT INTO api_client (tenant_id, id, name, kind, auth_method, secret_hash, jwks, scopes, redirect_uris, logout_uris,
  needs_proof, waiver, needs_pushing, made_at, made_by)
VALUES (:tenant, :id, :name, :kind, :auth_method, :secret_hash, CAST(:jwks AS jsonb), :scopes, :redirect_uris,
  :logout_uris, :needs_proof, :waiver, :needs_pushing, :now, :actor)
"""
FIND = f"SELECT {COLUMNS} FROM api_client WHERE tenant_id = :tenant AND id = :id"
ALL = f"SELECT {COLUMNS} FROM api_client WHERE tenant_id = :tenant ORDER BY revoked_at IS NOT NULL, name, id"
KNOWN = f"SELECT {COLUMNS} FROM app.api_client WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL"
NEW_SECRET = """
UPDATE api_client SET older_secret_hash = secret_hash, older_secret_until = :until, secret_hash = :hash
WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL AND auth_method = 'client_secret_basic' RETURNING id
"""
NEW_KEYS = """
UPDATE api_client SET jwks = CAST(:jwks AS jsonb)
WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL AND auth_method = 'private_key_jwt' RETURNING id
"""
REVOKE = """
UPDATE api_client SET revoked_at = :now, revoked_by = :actor
WHERE tenant_id = :tenant AND id = :id AND revoked_at IS NULL RETURNING name
"""


def register(wanted: Wanted, *, now: datetime) -> tuple[UUID, str]:
    """Add an API client to the current client; return its id and, where it has one, the secret that is shown once.

    Raises BadApiClient for what cannot be right, SecretsNotTaken where a key is asked for instead of a secret.
    """
    row = _checked(wanted)
    if wanted.auth_method == "client_secret_basic" and not clients.profile().shared_secrets:
        raise SecretsNotTaken("This client takes no shared secrets.", pointer="/auth_method")
    secret = MARK + secrets.token_urlsafe(32) if wanted.auth_method == "client_secret_basic" else ""
    made = ids.new()
    actor = scope.current().actor
    store.run(ADD, id=made, secret_hash=_hash(secret) if secret else None, now=now, actor=actor, **row)
    told = {"name": row["name"], "kind": wanted.kind, "auth_method": wanted.auth_method, "scopes": row["scopes"]}
    history.note("api_client.made", about=("api_client", made), at=now, became=told, reason=wanted.waiver)
    return made, secret


def _checked(wanted: Wanted) -> dict[str, Any]:
    name = wanted.name.strip()
    if not 0 < len(name) <= 80:
        raise BadApiClient("A name has 1 to 80 characters.", pointer="/name")
    if wanted.auth_method not in METHODS or (wanted.kind == "machine" and wanted.auth_method == "none"):
        raise BadApiClient("A machine proves who it is, by a key or by a secret.", pointer="/auth_method")
    redirects = client_rules.check_addresses(wanted.redirect_uris, pointer="/redirect_uris")
    if (wanted.kind == "app") != bool(redirects):
        raise BadApiClient("An app names where people return to; a machine does not.", pointer="/redirect_uris")
    keyed = wanted.auth_method == "private_key_jwt"
    if keyed != (wanted.jwks is not None):
        raise BadApiClient("Keys belong to private_key_jwt, and to nothing else.", pointer="/jwks")
    return {
        "name": name,
        "kind": wanted.kind,
        "auth_method": wanted.auth_method,
        "jwks": json.dumps(client_rules.check_keys(wanted.jwks) if keyed else {"keys": []}),
        "scopes": list(client_rules.check_scopes(wanted.kind, wanted.scopes)),
        "redirect_uris": list(redirects),
        "logout_uris": list(client_rules.check_addresses(wanted.logout_uris, pointer="/logout_uris")),
        "needs_proof": not wanted.waiver.strip(),
        "waiver": wanted.waiver.strip(),
        "needs_pushing": wanted.needs_pushing,
    }


def find(client_id: UUID) -> Registered:
    """An API client of the current client. Raises UnknownApiClient."""
    row = store.run(FIND, id=client_id).one_or_none()
    if row is None:
        raise UnknownApiClient("There is no such API client.")
    return Registered(*row)


def listed() -> Sequence[Registered]:
    """Every API client of the current client, the revoked ones last."""
    return [Registered(*row) for row in store.run(ALL)]


def known(client_id: str) -> Registered | None:
    """The API client behind a public id, for the sign-in role; None for one that is not there or was revoked."""
    try:
        tenant_id, own = read(client_id)
    except ids.BadId:
        return None
    row = store.run_identity(KNOWN, tenant=tenant_id, id=own).one_or_none()
    return None if row is None else Registered(*row)


def renew_secret(client_id: UUID, *, now: datetime) -> str:
    """Give a new secret; the one before it works for a day more. Raises UnknownApiClient where there is none."""
    secret = MARK + secrets.token_urlsafe(32)
    _change(NEW_SECRET, client_id, hash=_hash(secret), until=now + OVERLAP)
    history.note("api_client.secret_renewed", about=("api_client", client_id), at=now)
    return secret


def replace_keys(client_id: UUID, *, jwks: Any, now: datetime) -> None:
    """Take other public keys; the old ones stop at once. Raises UnknownApiClient or BadApiClient."""
    kept = client_rules.check_keys(jwks)
    _change(NEW_KEYS, client_id, jwks=json.dumps(kept))
    names = {"kids": [key["kid"] for key in kept["keys"]]}
    history.note("api_client.keys_replaced", about=("api_client", client_id), at=now, became=names)


def revoke(client_id: UUID, *, now: datetime, reason: str = "") -> None:
    """End an API client; with the next request none of its tokens works. Raises UnknownApiClient."""
    _change(REVOKE, client_id, now=now, actor=scope.current().actor)
    history.note("api_client.revoked", about=("api_client", client_id), at=now, reason=reason)


def _change(statement: str, client_id: UUID, **values: Any) -> None:
    if store.run(statement, id=client_id, **values).first() is None:
        raise UnknownApiClient("There is no such API client.")


def show(tenant_id: UUID, own: UUID) -> str:
    """The public id."""
    return ids.show(PREFIX, tenant_id) + ids.show(PREFIX, own).removeprefix(f"{PREFIX}_")


def read(client_id: str) -> tuple[UUID, UUID]:
    """The client company and the API client that a public id names. Raises BadId."""
    body = client_id.removeprefix(f"{PREFIX}_")
    return ids.read(PREFIX, f"{PREFIX}_{body[:HALF]}"), ids.read(PREFIX, f"{PREFIX}_{body[HALF:]}")


def _hash(secret: str) -> bytes:
    """A secret has 256 random bits, so one round of SHA-256 hides it as well as many would."""
    return hashlib.sha256(secret.encode()).digest()
