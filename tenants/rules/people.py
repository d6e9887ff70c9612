"""Decides who is meant by the roles that rules name: people of the provider and of the client who act there now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.values.faults import Kind, Refusal

POOLS = ("senior pool",)
"""Teams that rules hand over to; within one, whoever is there and has the least open work takes it."""
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
  AND EXISTS (SELECT FROM membership m WHERE m.tenant_id = :tenant AND m.person_id = p.person_id
              AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now))
  AND NOT (p.away_from_on IS NOT NULL AND :today BETWEEN p.away_from_on AND COALESCE(p.away_until_on, :today))
ORDER BY p.person_id
"""
JOIN = """
INSERT INTO pool_member (tenant_id, pool, person_id, person_name, away_from_on, away_until_on)
VALUES (:tenant, :pool, :person, :name, :away_from, :away_until)
ON CONFLICT (tenant_id, pool, person_id) DO UPDATE
SET person_name = excluded.person_name, away_from_on = excluded.away_from_on, away_until_on = excluded.away_until_on
"""
LEAVE = "DELETE FROM pool_member WHERE tenant_id = :tenant AND pool = :pool AND person_id = :person RETURNING person_id"
MEMBERS_OF = """
SELECT p.pool, p.person_id, p.person_name, p.away_from_on, p.away_until_on,
  (SELECT count(*) FROM task t WHERE t.tenant_id = :tenant AND t.assignee_id = p.person_id
     AND t.state IN ('open', 'snoozed')) AS open_tasks
FROM pool_member p WHERE p.tenant_id = :tenant ORDER BY p.pool, p.person_name, p.person_id
"""
STAFF = """
SELECT DISTINCT person_id, person_name, person_email FROM membership
WHERE tenant_id = :tenant AND role IN ('specialist', 'specialist_manager') AND starts_at <= :now
  AND (ends_at IS NULL OR ends_at > :now) ORDER BY person_name, person_id
"""
NAMED = """
SELECT DISTINCT ON (person_id) person_id, person_name FROM membership
WHERE tenant_id = :tenant AND person_id = ANY(CAST(:people AS uuid[])) ORDER BY person_id, starts_at DESC
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
    found = [Person(*row) for row in store.run(POOL, pool=pool, now=now, today=today)]
    return found or of_role("team lead", now=now)


def join_pool(
    pool: str, *, person: Person, away_from_on: date | None = None, away_until_on: date | None = None
) -> None:
    """Put somebody into a pool, or say when they are away."""
    values = {"name": person.name, "away_from": away_from_on, "away_until": away_until_on}
    store.run(JOIN, pool=pool, person=person.id, **values)


class NoPool(Refusal, LookupError):
    """No such pool, or nobody who can be in it."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "no_pool"
    remedy = "Choose somebody of the provider who works here."


class BadAbsence(Refusal, ValueError):
    """The absence ends before it begins, or only ends."""

    code = "bad_absence"
    remedy = "Say from which day, and until a later one or for good."


def put_into_pool(
    pool: str, *, person_id: UUID, away_from_on: date | None, away_until_on: date | None, now: datetime
) -> None:
    """Put somebody who works here into a pool, or say when they are away. Raises NoPool, BadAbsence."""
    person = next((each for each in staff(now=now) if each.id == person_id), None)
    if person is None or pool not in POOLS:
        raise NoPool("There is no such pool, or nobody like that works here.")
    if away_until_on is not None and (away_from_on is None or away_until_on < away_from_on):
        raise BadAbsence("The absence makes no sense.", pointer="/away_until_on")
    join_pool(pool, person=person, away_from_on=away_from_on, away_until_on=away_until_on)
    became = {"pool": pool, "away_from_on": away_from_on, "away_until_on": away_until_on}
    history.note("pool.joined", about=("person", person_id), at=now, became=became)


def leave_pool(pool: str, *, person_id: UUID, now: datetime) -> None:
    """Take somebody out of a pool; what they have stays theirs. Raises NoPool."""
    if store.run(LEAVE, pool=pool, person=person_id).one_or_none() is None:
        raise NoPool("Nobody like that is in this pool.")
    history.note("pool.left", about=("person", person_id), at=now, was={"pool": pool})


def pools() -> Sequence[RowMapping]:
    """Everybody in a pool, with absence and the number of open tasks."""
    return store.run(MEMBERS_OF).mappings().all()


def staff(*, now: datetime) -> list[Person]:
    """Those of the provider who work for this client now."""
    return [Person(*row) for row in store.run(STAFF, now=now)]


def named(actors: Sequence[str]) -> dict[str, str]:
    """What the people among these actors are called."""
    asked = {actor: UUID(actor.removeprefix("person:")) for actor in actors if actor.startswith("person:")}
    found: dict[UUID, str] = {row[0]: row[1] for row in store.run(NAMED, people=list(asked.values()))} if asked else {}
    return {actor: found[person] for actor, person in asked.items() if person in found}


def behind(actor: str, *, now: datetime) -> Person | None:
    """The person behind an actor of this client, who may have left."""
    kind, _, name = actor.partition(":")
    if kind != "person":
        return None
    row = store.run(BY_ACTOR, person=UUID(name), now=now).one_or_none()
    return Person(*row) if row else None
