"""Decides who is meant by the roles that rules name: people of the provider and of the client who act there now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from tenants import store

ROLES: dict[str, tuple[str, ...]] = {
    "client account manager": ("client_approver", "tenant_admin"),
    "client finance lead": ("client_approver",),
    "dispute owner": ("client_approver", "tenant_admin"),
    "team lead": ("specialist_manager",),
    "tenant admins": ("tenant_admin",),
}
"""What a rule calls them, and the roles of the directory in the order in which they are looked for."""
MEMBERS = """
SELECT person_id, person_name, person_email FROM membership
WHERE tenant_id = :tenant AND role = :role AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
ORDER BY starts_at, person_id
"""
POOL = """
SELECT p.person_id, p.person_name, '' AS person_email FROM pool_member p
WHERE p.tenant_id = :tenant AND p.pool = :pool
  AND NOT (p.away_from_on IS NOT NULL AND :today BETWEEN p.away_from_on AND COALESCE(p.away_until_on, :today))
ORDER BY p.person_id
"""
JOIN = """
INSERT INTO pool_member (tenant_id, pool, person_id, person_name, away_from_on, away_until_on)
VALUES (:tenant, :pool, :person, :name, :away_from, :away_until)
ON CONFLICT (tenant_id, pool, person_id) DO UPDATE
SET person_name = excluded.person_name, away_from_on = excluded.away_from_on, away_until_on = excluded.away_until_on
"""
BY_ACTOR = """
SELECT person_id, person_name, person_email FROM membership
WHERE tenant_id = :tenant AND person_id = :person AND (ends_at IS NULL OR ends_at > :now) ORDER BY starts_at LIMIT 1
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be given work or told something."""

    id: UUID
    name: str
    email: str


def of_role(role: str, *, now: datetime) -> list[Person]:
    """The people whom a rule means by a role."""
    for held in ROLES.get(role, ()):
        if found := [Person(*row) for row in store.run(MEMBERS, role=held, now=now)]:
            return found
    return []


def of_pool(pool: str, *, now: datetime, today: date) -> list[Person]:
    """The people of a pool who are there today; a pool that nobody has filled is the team leads."""
    found = [Person(*row) for row in store.run(POOL, pool=pool, today=today)]
    return found or of_role("team lead", now=now)


def join_pool(
    pool: str, *, person: Person, away_from_on: date | None = None, away_until_on: date | None = None
) -> None:
    """Put somebody into a pool, or say when they are away."""
    values = {"name": person.name, "away_from": away_from_on, "away_until": away_until_on}
    store.run(JOIN, pool=pool, person=person.id, **values)


def behind(actor: str, *, now: datetime) -> Person | None:
    """The person behind an actor of this client, who may have left."""
    kind, _, name = actor.partition(":")
    if kind != "person":
        return None
    row = store.run(BY_ACTOR, person=UUID(name), now=now).one_or_none()
    return Person(*row) if row else None


def owner_of(actors: Sequence[str], *, now: datetime) -> Person | None:
    """The first of the actors who is still here."""
    return next((person for actor in actors if (person := behind(actor, now=now))), None)
