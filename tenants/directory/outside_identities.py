"""Decides who somebody is whom a client's identity provider vouches for: the pair of issuer and subject, never a mail
address, within that one connection.

The provider's own staff can never come in this way, and a person known elsewhere is joined only when the client proved
to own the domain of the address and the person belongs to no other client.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import people
from tenants.directory.connections import Connection
from tenants.directory.people import IDENTITY
from tenants.store import IdentityOwned, Model
from tenants.values.faults import Kind, Refusal


class NotVouched(Refusal):
    """The identity provider's word does not open anything here."""

    kind = Kind.FORBIDDEN
    code = "sign_in_refused"
    remedy = "Ask a tenant admin of your company whether you were added, and start again."


class OutsideIdentity(IdentityOwned, Model):
    """One subject of one issuer, and the person behind it."""

    __tablename__ = "outside_identity"
    __table_args__ = (Index("ix_outside_identity_person", "person_id"), IDENTITY)

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    iss: Mapped[str] = mapped_column(primary_key=True)
    sub: Mapped[str] = mapped_column(primary_key=True)
    tenant_id: Mapped[UUID]
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.person.id"))
    made_at: Mapped[datetime]


FIND = """
SELECT o.person_id, p.disabled_at, p.side FROM identity.outside_identity o
JOIN identity.person p ON p.id = o.person_id
WHERE o.connection_id = :connection_id AND o.iss = :iss AND o.sub = :sub AND o.tenant_id = :of
"""
ADD = """
INSERT INTO identity.outside_identity (connection_id, iss, sub, tenant_id, person_id, made_at)
VALUES (:connection_id, :iss, :sub, :of, :person_id, :now) ON CONFLICT DO NOTHING
"""
ELSEWHERE = """
SELECT EXISTS (SELECT FROM app.membership WHERE person_id = :person_id AND tenant_id <> :of
  AND (ends_at IS NULL OR ends_at > :now))
"""
HERE = """
SELECT EXISTS (SELECT FROM app.membership WHERE person_id = :person_id AND tenant_id = :of AND starts_at <= :now
  AND (ends_at IS NULL OR ends_at > :now))
"""


def recognise(connection: Connection, *, sub: str) -> UUID | None:
    """The person of this subject; None for one who never came. Raises NotVouched for one who is shut out."""
    row = store.run_identity(
        FIND, connection_id=connection.id, iss=connection.issuer, sub=sub, of=connection.tenant_id
    ).one_or_none()
    if row is None:
        return None
    if row.disabled_at is not None or row.side != "client":
        raise NotVouched("This sign-in does not open anything here.")
    person: UUID = row.person_id
    return person


def join(connection: Connection, *, sub: str, email: str, name: str, now: datetime) -> UUID:
    """Tie a subject to the person of a proved address, or to a new person. Raises NotVouched."""
    known = people.find(email)
    if known is None:
        if not connection.jit:
            raise NotVouched("Nobody with this address was added.")
        person_id = people.add(email, name=name or email, side="client", now=now)
    else:
        person_id = known.id
        if (
            known.side != "client"
            or known.disabled_at is not None
            or is_elsewhere(connection.tenant_id, person_id, now=now)
        ):
            raise NotVouched("This sign-in does not open anything here.")
        if not connection.jit and not is_here(connection.tenant_id, person_id, now=now):
            raise NotVouched("Nobody with this address was added.")
    store.run_identity(
        ADD,
        connection_id=connection.id,
        iss=connection.issuer,
        sub=sub,
        of=connection.tenant_id,
        person_id=person_id,
        now=now,
    )
    return person_id


def is_here(tenant_id: UUID, person_id: UUID, *, now: datetime) -> bool:
    """Whether the person has a role in this client."""
    found = store.run_identity(HERE, person_id=person_id, of=tenant_id, now=now)
    return bool(found.scalar_one())


def is_elsewhere(tenant_id: UUID, person_id: UUID, *, now: datetime) -> bool:
    """Whether the person has a role in any other client: one client's provider must not open another's books."""
    found = store.run_identity(ELSEWHERE, person_id=person_id, of=tenant_id, now=now)
    return bool(found.scalar_one())
