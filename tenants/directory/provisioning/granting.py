"""Decides which roles provisioned people have: those of the groups that they are in, as long as they are switched on.

A user stands for a person only by an address in a domain that the client proved to own, and never for the provider's
staff or for somebody who belongs to another client. Who is switched off loses every role in the client, however it was
given, and every session.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.directory import connections, memberships, outside_identities, people, permissions
from tenants.directory.provisioning import leaving
from tenants.isolation import scope

ACTOR = "provisioning"
STATE = """
SELECT u.id, u.person_id, u.active, u.said,
  ARRAY(SELECT DISTINCT g.role FROM scim_member m JOIN scim_group g ON g.tenant_id = :tenant AND g.id = m.group_id
    WHERE m.tenant_id = :tenant AND m.user_id = u.id AND g.role IS NOT NULL) AS roles
FROM scim_user u WHERE u.tenant_id = :tenant AND u.id = ANY(:users)
"""
TIE = "UPDATE scim_user SET person_id = :person_id WHERE tenant_id = :tenant AND id = :id"
HELD = """
SELECT role FROM membership WHERE tenant_id = :tenant AND person_id = :person_id AND starts_at <= :now
  AND (ends_at IS NULL OR ends_at > :now) AND granted_by = :giver
"""


def settle(users: Sequence[UUID], *, now: datetime) -> None:
    """Make the roles of these users what their groups say; what a person gave by hand stays with who is switched on.
    In a client that was closed roles only end."""
    gives = not leaving.is_over()
    for row in store.run(STATE, users=list(users)).mappings().all():
        person = row["person_id"] or _tie(dict(row), now=now)
        if person is None:
            continue
        if not row["active"]:
            shut(person, now=now)
            continue
        held = set(store.run(HELD, person_id=person, now=now, giver=ACTOR).scalars())
        for role in sorted(set(row["roles"]) - held if gives else ()):
            memberships.let_in(
                person,
                name=_name(row["said"]),
                email=_address(row["said"]),
                role=role,
                now=now,
                ends_at=None,
                granted_by=ACTOR,
                reason="Group of the client's directory",
            )
        for role in sorted(held - set(row["roles"])):
            memberships.end_role(person, role=role, now=now, given_by=ACTOR)


def revoke(user_id: UUID, *, now: datetime) -> None:
    """Shut out the person of a user who is taken away."""
    for row in store.run(STATE, users=[user_id]).mappings().all():
        if row["person_id"] is not None:
            shut(row["person_id"], now=now)


def shut(person_id: UUID, *, now: datetime) -> None:
    """No role in this client and no open session."""
    for role in sorted(permissions.ASSERTABLE):
        memberships.end_role(person_id, role=role, now=now)
    people.end_sessions(person_id, now=now)


def _tie(row: Mapping[str, Any], *, now: datetime) -> UUID | None:
    """The person that a user stands for, found or made; None for an address that does not count here."""
    address, tenant = _address(row["said"]), scope.current().one
    if not address or not connections.owns(tenant, email=address):
        return None
    known = people.find(address)
    if known is None:
        person_id = people.add(address, name=_name(row["said"]), side="client", now=now)
    elif known.side != "client" or outside_identities.is_elsewhere(tenant, known.id, now=now):
        return None
    else:
        person_id = known.id
    store.run(TIE, id=row["id"], person_id=person_id)
    return person_id


def _address(said: Mapping[str, Any]) -> str:
    """The user name if it is an address, else the primary address, else the first."""
    listed = [each for each in said.get("emails", []) if each.get("value")]
    first = next((each for each in listed if each.get("primary")), listed[0] if listed else {})
    found = said["userName"] if "@" in said["userName"][1:-1] else str(first.get("value", ""))
    return found.strip().lower()


def _name(said: Mapping[str, Any]) -> str:
    parts = said.get("name", {})
    written = " ".join(filter(None, (parts.get("givenName"), parts.get("familyName"))))
    return str(said.get("displayName") or parts.get("formatted") or written or said["userName"])[:200]
