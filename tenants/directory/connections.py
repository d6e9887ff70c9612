"""Decides through which identity provider a client's own people may sign in, and what it may say about them.

A connection belongs to one client and asserts that client's people only: its issuer is pinned word by word, and an
address counts only in a domain that the client proved to be its own.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Boolean, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import great_providers, permissions
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal
from tenants.values.sealing import Keyring

PREFIX = "idp"
DOMAIN = re.compile(r"(?=.{4,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.ASCII)
PROOF = "goodterms-verification="


class BadConnection(Refusal):
    """What was said about the identity provider cannot be right."""

    code = "bad_connection"
    remedy = "Correct the named part."


class UnknownConnection(Refusal):
    """No such connection of this client."""

    kind = Kind.UNKNOWN
    code = "unknown_connection"
    remedy = "Look at the list again."


class DomainNotProved(Refusal):
    """The domain's TXT record does not carry the client's word."""

    kind = Kind.CONFLICT
    code = "domain_not_proved"
    remedy = "Publish the TXT record that is shown, wait until it can be seen everywhere, and check again."


class NotTested(Refusal):
    """A connection that nobody has signed in through is not opened to all."""

    kind = Kind.CONFLICT
    code = "connection_not_tested"
    remedy = "Press the test button and sign in at your identity provider first."


class IdpConnection(TenantOwned, Model):
    """One identity provider of a client."""

    __tablename__ = "idp_connection"
    __table_args__ = (UniqueConstraint("tenant_id", "issuer"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    issuer: Mapped[str]
    client_id: Mapped[str]
    sealed_secret: Mapped[bytes] = mapped_column(LargeBinary)
    jit: Mapped[bool] = mapped_column(Boolean, server_default=text("false"))
    default_role: Mapped[str] = mapped_column(server_default="client_viewer")
    state: Mapped[str] = mapped_column(server_default="draft")
    tested_at: Mapped[datetime | None]
    made_at: Mapped[datetime]


class EmailDomain(TenantOwned, Model):
    """A domain of mail addresses, and the word by which a client proves that it is its own."""

    __tablename__ = "email_domain"

    domain: Mapped[str] = mapped_column(primary_key=True)
    token: Mapped[str]
    made_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True)
class Connection:
    """One identity provider as the rest of the program reads it."""

    tenant_id: UUID
    id: UUID
    name: str
    issuer: str
    client_id: str
    sealed_secret: bytes
    jit: bool
    default_role: str
    state: str
    tested_at: datetime | None
    organisation: str

    def secret(self, keys: Keyring) -> str:
        """The secret that this client's provider gave us."""
        return keys.open(self.sealed_secret, about=_about(self.tenant_id, self.id)).decode()


@dataclass(frozen=True, slots=True)
class Domain:
    """One domain as its client sees it."""

    domain: str
    record: str
    verified_at: datetime | None


COLUMNS = """c.tenant_id, c.id, c.name, c.issuer, c.client_id, c.sealed_secret, c.jit, c.default_role, c.state,
  c.tested_at, t.legal_name"""
AT_SIGN_IN = COLUMNS.replace("c.jit", "c.jit AND t.state <> 'closed'")
ADD = """
INSERT INTO idp_connection (tenant_id, id, name, issuer, client_id, sealed_secret, jit, default_role, made_at)
VALUES (:tenant, :id, :name, :issuer, :client_id, :sealed, :jit, :default_role, :now)
ON CONFLICT (tenant_id, issuer) DO NOTHING RETURNING id
"""
ALL = f"""
SELECT {COLUMNS} FROM idp_connection c JOIN tenant t ON t.id = c.tenant_id
WHERE c.tenant_id = :tenant AND t.id = :tenant ORDER BY c.name, c.id
"""
SET_STATE = "UPDATE idp_connection SET state = :state WHERE tenant_id = :tenant AND id = :id RETURNING name"
TESTED = "UPDATE idp_connection SET tested_at = :now WHERE tenant_id = :tenant AND id = :id"
ONE = f"""
SELECT {AT_SIGN_IN} FROM app.idp_connection c JOIN app.tenant t ON t.id = c.tenant_id
WHERE c.id = :id AND c.tenant_id = :of AND t.id = :of AND (t.state <> 'closed' OR t.shut_at > :now)
"""
OF_DOMAIN = f"""
SELECT {COLUMNS} FROM app.email_domain d
JOIN app.idp_connection c ON c.tenant_id = d.tenant_id JOIN app.tenant t ON t.id = d.tenant_id
WHERE d.domain = :domain AND d.verified_at IS NOT NULL AND c.state = 'live'
  AND (t.state <> 'closed' OR t.shut_at > :now)
ORDER BY t.legal_name, c.name LIMIT 10
"""
IS_OWN = """
SELECT EXISTS (SELECT FROM app.email_domain WHERE tenant_id = :of AND domain = :domain AND verified_at IS NOT NULL)
"""
ADD_DOMAIN = """
INSERT INTO email_domain (tenant_id, domain, token, made_at) VALUES (:tenant, :domain, :token, :now)
ON CONFLICT (tenant_id, domain) DO NOTHING
"""
DOMAINS = "SELECT domain, token, verified_at FROM email_domain WHERE tenant_id = :tenant ORDER BY domain"
VERIFIED = """
UPDATE email_domain SET verified_at = :now WHERE tenant_id = :tenant AND domain = :domain AND token = :token
"""
DROP_DOMAIN = "DELETE FROM email_domain WHERE tenant_id = :tenant AND domain = :domain RETURNING domain"


def add(
    name: str,
    *,
    issuer: str,
    client_id: str,
    secret: str,
    now: datetime,
    keys: Keyring,
    jit: bool = False,
    default_role: str = "client_viewer",
) -> UUID:
    """Add an identity provider as a draft; it opens nothing before it was tried. Raises BadConnection."""
    _check_issuer(issuer)
    if default_role not in permissions.ASSERTABLE - {"tenant_admin"}:
        raise BadConnection(
            "People who come by themselves look, or decide; they do not administer.", pointer="/default_role"
        )
    fresh = ids.new()
    sealed = keys.seal(secret.encode(), about=_about(scope.current().one, fresh))
    added = store.run(
        ADD,
        id=fresh,
        name=name.strip(),
        issuer=issuer,
        client_id=client_id,
        sealed=sealed,
        jit=jit,
        default_role=default_role,
        now=now,
    ).scalar_one_or_none()
    if added is None:
        raise BadConnection("This issuer is connected already.", pointer="/issuer")
    history.note("connection.added", about=("connection", fresh), at=now, became={"name": name, "issuer": issuer})
    return fresh


def all_of() -> Sequence[Connection]:
    """The connections of the current client."""
    return [Connection(*row) for row in store.run(ALL)]


def find(connection_id: UUID) -> Connection:
    """One connection of the current client. Raises UnknownConnection."""
    found = next((each for each in all_of() if each.id == connection_id), None)
    if found is None:
        raise UnknownConnection("There is no such connection.")
    return found


def set_state(connection_id: UUID, *, state: str, now: datetime) -> None:
    """Open a connection to all, or shut it. Raises NotTested, UnknownConnection."""
    found = find(connection_id)
    if state == "live" and found.tested_at is None:
        raise NotTested("Nobody has signed in through this connection yet.")
    store.run(SET_STATE, id=connection_id, state=state)
    history.note(
        "connection.changed",
        about=("connection", connection_id),
        at=now,
        was={"state": found.state},
        became={"state": state},
    )


def mark_tested(connection_id: UUID, *, now: datetime) -> None:
    """Remember that a sign-in through the connection came back as it should."""
    store.run(TESTED, id=connection_id, now=now)


def known(tenant_id: UUID, connection_id: UUID, *, now: datetime) -> Connection | None:
    """A connection as sign-in finds it, before it is in anybody's books; nobody comes to a closed client by it for the
    first time."""
    row = store.run_identity(ONE, of=tenant_id, id=connection_id, now=now).one_or_none()
    return None if row is None else Connection(*row)


def of_address(email: str, *, now: datetime) -> Sequence[Connection]:
    """The live connections whose client proved to own the domain of this address; says nothing about people."""
    rows = store.run_identity(OF_DOMAIN, domain=_domain(email), now=now)
    return [Connection(*row) for row in rows]


def owns(tenant_id: UUID, *, email: str) -> bool:
    """Whether the client proved that this address lies in a domain of its own."""
    return bool(store.run_identity(IS_OWN, of=tenant_id, domain=_domain(email)).scalar_one())


def claim_domain(domain: str, *, now: datetime) -> None:
    """Name a domain; it counts once its TXT record carries the word. Raises BadConnection."""
    name = domain.strip().lower().rstrip(".")
    if not DOMAIN.fullmatch(name):
        raise BadConnection("This is no domain of mail addresses.", pointer="/domain")
    store.run(ADD_DOMAIN, domain=name, token=secrets.token_hex(16), now=now)
    history.note("domain.claimed", about=("client", None), at=now, became={"domain": name})


def domains() -> Sequence[Domain]:
    """The domains of the current client, with the TXT record that each must carry."""
    return [Domain(row.domain, PROOF + row.token, row.verified_at) for row in store.run(DOMAINS)]


def prove_domain(domain: str, *, records: Sequence[str], now: datetime) -> None:
    """Believe a domain whose TXT records carry the client's word. Raises DomainNotProved, UnknownConnection."""
    found = next((each for each in domains() if each.domain == domain), None)
    if found is None:
        raise UnknownConnection("This domain was not named.")
    if found.record not in (each.strip().strip('"') for each in records):
        raise DomainNotProved(f"No TXT record of {domain} carries the word.")
    store.run(VERIFIED, domain=domain, token=found.record.removeprefix(PROOF), now=now)
    history.note("domain.proved", about=("client", None), at=now, became={"domain": domain})


def drop_domain(domain: str, *, now: datetime) -> None:
    """Let a domain go. Raises UnknownConnection."""
    if store.run(DROP_DOMAIN, domain=domain).one_or_none() is None:
        raise UnknownConnection("This domain was not named.")
    history.note("domain.dropped", about=("client", None), at=now, was={"domain": domain})


def _check_issuer(issuer: str) -> None:
    parts = urlsplit(issuer)
    fits = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"))
    if not fits or not parts.hostname or parts.query or parts.fragment or parts.username or len(issuer) > 500:
        raise BadConnection("An issuer is an https address without query or fragment.", pointer="/issuer")
    if fault := great_providers.fault_of(issuer):
        raise BadConnection(fault, pointer="/issuer")


def _domain(email: str) -> str:
    return email.strip().lower().rpartition("@")[2]


def _about(tenant_id: UUID, connection_id: UUID) -> str:
    return f"idp_connection.secret:{tenant_id}:{connection_id}"
