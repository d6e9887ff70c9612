"""Decides who lets whom act in a client: its admin the client's own people, a lead or the provider its specialists.

Nobody gives or ends a role of their own, a person of one side never holds a role of the other, and a client keeps its
last admin.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.directory import (
    clients,
    letters,
    memberships,
    outside_identities,
    people,
    permissions,
    provider_history,
    resets,
)
from tenants.directory.memberships import Held, UnknownMembership, UnknownRole
from tenants.events import history
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal

OWN = permissions.ASSERTABLE
STAFF = permissions.OF_PROVIDER_IN_CLIENTS
SIDES = {"client": OWN, "provider": STAFF}


class OwnRole(Refusal):
    """Nobody decides about themselves."""

    kind = Kind.FORBIDDEN
    code = "own_role"
    remedy = "Ask a colleague who may do it."


class WrongSide(Refusal):
    """The person works for the other side."""

    kind = Kind.CONFLICT
    code = "wrong_side"
    remedy = "Choose a person of this side."


class RoleHeld(Refusal):
    """The person has this role already."""

    kind = Kind.CONFLICT
    code = "role_held"
    remedy = "There is nothing to do."


class LastAdmin(Refusal):
    """Without an admin nobody could let anybody in."""

    kind = Kind.CONFLICT
    code = "last_admin"
    remedy = "Make somebody else an admin first."


class InAlready(Refusal):
    """Who has come in needs no invitation."""

    kind = Kind.CONFLICT
    code = "in_already"
    remedy = "They sign in as always; a new password is asked for at sign-in."


class UnknownPerson(Refusal):
    """No such person of the provider."""

    kind = Kind.UNKNOWN
    code = "unknown_person"
    remedy = "Check the address."


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of the provider who can be assigned."""

    id: UUID
    name: str
    email: str


ONE = """
SELECT person_id, person_email, person_name, role FROM membership
WHERE tenant_id = :tenant AND id = :id AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
"""
ADMINS = """
SELECT count(DISTINCT person_id) FROM membership
WHERE tenant_id = :tenant AND role = 'tenant_admin' AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now)
"""
HOLDS = """
SELECT EXISTS (SELECT FROM membership WHERE tenant_id = :tenant AND person_id = :person_id AND role = :role
  AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now))
"""
IS_HERE = """
SELECT EXISTS (SELECT FROM membership WHERE tenant_id = :tenant AND person_id = :person_id
  AND starts_at <= :now AND (ends_at IS NULL OR ends_at > :now))
"""
STAFF_OF = """
SELECT id, name, email FROM identity.person WHERE side = 'provider' AND disabled_at IS NULL ORDER BY name, id LIMIT 500
"""


def give(email: str, *, name: str, role: str, side: str, now: datetime, reason: str = "") -> UUID:
    """Let a person act in the current client in a role of that side; one of the client's side who is new is added, and
    gets a letter.

    Raises UnknownRole, UnknownPerson, WrongSide, RoleHeld, OwnRole.
    """
    if role not in SIDES[side]:
        raise UnknownRole(f"“{role[:40]}” is no role of this side.", pointer="/role")
    known = people.find(email)
    if known is None and side == "provider":
        raise UnknownPerson("Nobody of the provider has this address.", pointer="/email")
    if known is not None and (known.side != side or known.disabled_at is not None):
        raise WrongSide("This person cannot have a role of this side.", pointer="/email")
    person_id = known.id if known else people.add(email, name=name.strip() or email, side=side, now=now)
    if scope.current().actor == f"person:{person_id}":
        raise OwnRole("This is your own role.")
    if store.run(HOLDS, person_id=person_id, role=role, now=now).scalar_one():
        raise RoleHeld("This person has this role already.", pointer="/role")
    told = known.name if known and side == "provider" else name.strip() or email
    address = email.strip().lower()
    if side == "client" and not store.run(IS_HERE, person_id=person_id, now=now).scalar_one():
        _invite(address, now=now)
    if side == "provider":
        _remember("assignment.given", person=told, role=role, now=now, reason=reason)
    return memberships.give(person_id, name=told, email=address, role=role, now=now, reason=reason)


def end(membership_id: UUID, *, side: str, now: datetime, reason: str = "") -> None:
    """End a role of that side now; it opens nothing from the next request on.

    Raises UnknownMembership, OwnRole, LastAdmin.
    """
    row = store.run(ONE, id=membership_id, now=now).one_or_none()
    if row is None or row.role not in SIDES[side]:
        raise UnknownMembership("There is no such membership.")
    if scope.current().actor == f"person:{row.person_id}":
        raise OwnRole("This is your own role.")
    if row.role == "tenant_admin" and store.run(ADMINS, now=now).scalar_one() <= 1:
        raise LastAdmin("This is the last admin.")
    if side == "provider":
        _remember("assignment.ended", person=row.person_name, role=row.role, now=now, reason=reason)
    memberships.end(membership_id, now=now, reason=reason)


def _remember(act: str, *, person: str, role: str, now: datetime, reason: str) -> None:
    profile = clients.profile()
    about = ("client", profile.tenant_id, profile.legal_name)
    provider_history.note(act, about=about, at=now, became={"person": person, "role": role}, reason=reason)


def invite_again(membership_id: UUID, *, now: datetime) -> None:
    """Send one more invitation to somebody who has not come in yet. Raises UnknownMembership, InAlready."""
    row = store.run(ONE, id=membership_id, now=now).one_or_none()
    if row is None or row.role not in OWN:
        raise UnknownMembership("There is no such membership.")
    if row.person_id not in people.without_a_way_in([row.person_id]):
        raise InAlready("This person has a way in already.")
    _invite(row.person_email, now=now)


def forget_factors(membership_id: UUID, *, now: datetime, reason: str = "") -> None:
    """Take the second factors of one of the client's own people away. Raises UnknownMembership, OwnRole, ElsewhereToo,
    NothingHeld."""
    row = store.run(ONE, id=membership_id, now=now).one_or_none()
    person = people.of_id(row.person_id) if row is not None and row.role in OWN else None
    if person is None:
        raise UnknownMembership("There is no such membership.")
    if scope.current().actor == f"person:{person.id}":
        raise OwnRole("These are your own factors.", remedy="Change them under My account, or ask another admin.")
    if outside_identities.is_elsewhere(scope.current().one, person.id, now=now):
        raise resets.ElsewhereToo("This person works for another client too.")
    resets.forget(person, now=now, by=_host(), where=clients.profile().legal_name)
    history.note("second_factor.taken_away", about=("person", person.id), at=now, reason=reason)


def _invite(address: str, *, now: datetime) -> None:
    where = clients.profile().legal_name
    letters.queue(letters.INVITATION, email=address, now=now, where=where, by=_host())


def _host() -> str:
    """The name of the person who acts; nothing where it is none."""
    kind, _, name = scope.current().actor.partition(":")
    found = people.of_id(UUID(name)) if kind == "person" else None
    return found.name if found else ""


def listed(*, side: str, now: datetime) -> Sequence[Held]:
    """Who of that side acts in the current client now."""
    return [each for each in memberships.live(now=now) if each.role in SIDES[side]]


def staff() -> Sequence[Staff]:
    """Who of the provider can be assigned."""
    return [Staff(*row) for row in store.run_identity(STAFF_OF)]
