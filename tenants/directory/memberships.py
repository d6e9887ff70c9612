"""Decides who acts in a client: a person with a role from one instant to another, given by somebody for a reason.

Rows are the client's own, so a client can see who may enter. Ending one takes effect with the next request.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.directory import permissions
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal


class UnknownRole(Refusal):
    """No such role in a client."""

    code = "unknown_role"
    remedy = "Use a role of the list."


class UnknownMembership(Refusal):
    """No such membership, or ended already."""

    kind = Kind.UNKNOWN
    code = "unknown_membership"
    remedy = "Look at the list of people again."


class Membership(TenantOwned, Model):
    """A person's role in one client, with its beginning and end."""

    __tablename__ = "membership"
    __table_args__ = (
        UniqueConstraint("tenant_id", "person_id", "role", "starts_at"),
        Index("ix_membership_person", "person_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    person_id: Mapped[UUID]
    person_name: Mapped[str]
    person_email: Mapped[str]
    role: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    granted_by: Mapped[str]
    reason: Mapped[str]


@dataclass(frozen=True, slots=True)
class Held:
    """One membership as pages show it."""

    id: UUID
    person_id: UUID
    person_name: str
    person_email: str
    role: str
    starts_at: datetime
    ends_at: datetime | None
    granted_by: str
    reason: str


GIVE = """
INSERT INTO membership
  (tenant_id, id, person_id, person_name, person_email, role, starts_at, ends_at, granted_by, reason)
VALUES (:tenant, :id, :person_id, :name, :email, :role, :starts_at, :ends_at, :granted_by, :reason)
ON CONFLICT (tenant_id, person_id, role, starts_at) DO UPDATE SET ends_at = excluded.ends_at RETURNING id
"""
END = """
UPDATE membership SET ends_at = :now
WHERE tenant_id = :tenant AND id = :id AND (ends_at IS NULL OR ends_at > :now) RETURNING role
"""
END_ROLE = """
UPDATE membership SET ends_at = :now
WHERE tenant_id = :tenant AND person_id = :person_id AND role = :role AND (ends_at IS NULL OR ends_at > :now)
  AND (CAST(:given_by AS text) IS NULL OR granted_by = :given_by) RETURNING id
"""
LIVE = """
SELECT id, person_id, person_name, person_email, role, starts_at, ends_at, granted_by, reason FROM membership
WHERE tenant_id = :tenant AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now) ORDER BY role, person_name, id
"""


def give(
    person_id: UUID,
    *,
    name: str,
    email: str,
    role: str,
    now: datetime,
    ends_at: datetime | None = None,
    reason: str = "",
) -> UUID:
    """Let a person act in the current client. Raises UnknownRole for a role that is not held in clients."""
    if role not in permissions.GIVEN:
        raise UnknownRole(f"“{role[:40]}” is no role in a client.", pointer="/role")
    membership = let_in(person_id, name=name, email=email, role=role, now=now, ends_at=ends_at, reason=reason)
    history.note(
        "membership.given", about=("person", person_id), at=now, became={"role": role, "until": ends_at}, reason=reason
    )
    return membership


def let_in(
    person_id: UUID,
    *,
    name: str,
    email: str,
    role: str,
    now: datetime,
    ends_at: datetime | None,
    reason: str = "",
    granted_by: str = "",
) -> UUID:
    """Give a role without asking whether it may be given by hand; whoever calls has decided it and notes it."""
    found: UUID = store.run(
        GIVE,
        id=ids.new(),
        person_id=person_id,
        name=name,
        email=email,
        role=role,
        starts_at=now,
        ends_at=ends_at,
        granted_by=granted_by or scope.current().actor,
        reason=reason,
    ).scalar_one()
    return found


def end_role(person_id: UUID, *, role: str, now: datetime, given_by: str | None = None) -> int:
    """End a person's running memberships of one role, whoever gave them or one giver's alone; answers how many."""
    found = store.run(END_ROLE, person_id=person_id, role=role, now=now, given_by=given_by)
    return len(found.scalars().all())


def end(membership_id: UUID, *, now: datetime, reason: str = "") -> None:
    """End a membership now. Raises UnknownMembership when there is none that could end."""
    role = store.run(END, id=membership_id, now=now).scalar_one_or_none()
    if role is None:
        raise UnknownMembership("There is no such membership.")
    history.note("membership.ended", about=("membership", membership_id), at=now, was={"role": role}, reason=reason)


def live(*, now: datetime) -> Sequence[Held]:
    """Everybody who may act in the current client now."""
    return [Held(*row) for row in store.run(LIVE, now=now)]
