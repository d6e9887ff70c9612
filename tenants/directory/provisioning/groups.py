"""Decides what becomes of the groups that a directory sends: a list of members, and a role only if the client said one.

Which group means which role is the client's own decision, taken here by a tenant admin; a directory cannot name roles.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.directory import permissions
from tenants.directory.provisioning import granting, leaving, shape, users
from tenants.directory.provisioning.filters import Term
from tenants.directory.provisioning.shape import GROUP, BadValue, NoSuchResource, Taken
from tenants.directory.provisioning.users import Resource, Stale, as_id, narrowed
from tenants.events import history
from tenants.values import ids

PREFIX = "scg"

ADD = """
INSERT INTO scim_group (tenant_id, id, name, name_key, external_id, made_at, changed_at)
VALUES (:tenant, :id, :name, :name_key, :external_id, :now, :now) ON CONFLICT (tenant_id, name_key) DO NOTHING
RETURNING id
"""
CHANGE = """
UPDATE scim_group SET name = :name, name_key = :name_key, external_id = :external_id, version = version + 1,
  changed_at = :now WHERE tenant_id = :tenant AND id = :id
"""
TAKEN = "SELECT EXISTS (SELECT FROM scim_group WHERE tenant_id = :tenant AND name_key = :name_key AND id <> :id)"
FIND = """
SELECT id, name, external_id, version, made_at, changed_at FROM scim_group WHERE tenant_id = :tenant AND id = :id
"""
LOCK = f"{FIND} FOR UPDATE"
PAGE = """
SELECT id, name, external_id, version, made_at, changed_at FROM scim_group
WHERE tenant_id = :tenant{narrow} ORDER BY made_at, id OFFSET :offset LIMIT :limit
"""
COUNT = "SELECT count(*) FROM scim_group WHERE tenant_id = :tenant{narrow}"
NARROW = {
    "displayname": (" AND name_key = :displayname", lambda value: str(value).lower()),
    "externalid": (" AND external_id = :externalid", str),
    "id": (" AND id = :id", lambda value: as_id(PREFIX, value)),
}
MEMBERS = """
SELECT m.group_id, u.id, u.user_name FROM scim_member m JOIN scim_user u ON u.tenant_id = :tenant AND u.id = m.user_id
WHERE m.tenant_id = :tenant AND m.group_id = ANY(:groups) ORDER BY u.made_at, u.id
"""
KNOWN = "SELECT id FROM scim_user WHERE tenant_id = :tenant AND id = ANY(:users)"
JOIN = """
INSERT INTO scim_member (tenant_id, group_id, user_id) SELECT :tenant, :id, unnest(CAST(:users AS uuid[]))
ON CONFLICT DO NOTHING
"""
LEAVE = "DELETE FROM scim_member WHERE tenant_id = :tenant AND group_id = :id AND user_id = ANY(:users)"
REMOVE = "DELETE FROM scim_group WHERE tenant_id = :tenant AND id = :id"
SET_ROLE = "UPDATE scim_group SET role = :role WHERE tenant_id = :tenant AND id = :id RETURNING name"
WITH_ROLES = """
SELECT g.id, g.name, g.role, (SELECT count(*) FROM scim_member m WHERE m.tenant_id = :tenant AND m.group_id = g.id)
FROM scim_group g WHERE g.tenant_id = :tenant ORDER BY g.name, g.id
"""


@dataclass(frozen=True, slots=True)
class Mapped:
    """A group with the role that it means here."""

    id: UUID
    name: str
    role: str | None
    members: int


def create(document: Mapping[str, Any], *, now: datetime) -> Resource:
    """Add a group with its members. Raises BadValue, Taken, ClientClosed."""
    leaving.refuse_more(leaves=False)
    said, fresh = shape.read(GROUP, document), ids.new()
    if store.run(ADD, id=fresh, now=now, **_columns(said)).one_or_none() is None:
        raise Taken("Another group has this name.")
    _set_members(fresh, said, now=now)
    history.note("provisioning.group_added", about=("scim_group", fresh), at=now, became={"name": said["displayName"]})
    return find(fresh)


def find(group_id: UUID) -> Resource:
    """One group. Raises NoSuchResource."""
    return _found(FIND, group_id)


def locked(group_id: UUID, *, version: int | None = None) -> Resource:
    """One group, for a change. Raises NoSuchResource, Stale."""
    found = _found(LOCK, group_id)
    if version is not None and found.version != version:
        raise Stale("The group was changed since.")
    return found


def change(group_id: UUID, said: Mapping[str, Any], *, now: datetime) -> Resource:
    """Keep what a group became, read as a whole. Raises BadValue, Taken, ClientClosed."""
    after = shape.read(GROUP, said)
    leaving.refuse_more(leaves=_only_loses(find(group_id).said, after))
    columns = _columns(after)
    if store.run(TAKEN, id=group_id, name_key=columns["name_key"]).scalar_one():
        raise Taken("Another group has this name.")
    store.run(CHANGE, id=group_id, now=now, **columns)
    _set_members(group_id, after, now=now)
    return find(group_id)


def remove(group_id: UUID, *, now: datetime) -> None:
    """Take a group away; whoever had a role by it has it no more. Raises NoSuchResource."""
    gone = locked(group_id)
    members = [user for user, _ in _members([group_id])[group_id]]
    store.run(LEAVE, id=group_id, users=members)
    store.run(REMOVE, id=group_id)
    granting.settle(members, now=now)
    history.note(
        "provisioning.group_removed", about=("scim_group", group_id), at=now, was={"name": gone.said["displayName"]}
    )


def page(terms: Sequence[Term], *, offset: int, limit: int) -> tuple[int, Sequence[Resource]]:
    """How many groups fit, and some of them. Raises BadFilter."""
    narrow, values = narrowed(terms, NARROW)
    total = store.run(COUNT.format(narrow=narrow), **values).scalar_one()
    return total, _resources(store.run(PAGE.format(narrow=narrow), **values, offset=offset, limit=limit).all())


def with_roles() -> Sequence[Mapped]:
    """Every group of the current client, and what it means here."""
    return [Mapped(*row) for row in store.run(WITH_ROLES)]


def set_role(group_id: UUID, *, role: str | None, now: datetime) -> None:
    """Say what a group means here; its members have that role from now on. Raises BadValue, NoSuchResource."""
    if role is not None and role not in permissions.ASSERTABLE:
        raise BadValue("A directory's group can mean a role of the client's own people only.", pointer="/role")
    name = store.run(SET_ROLE, id=group_id, role=role).scalar_one_or_none()
    if name is None:
        raise NoSuchResource("There is no such group.")
    history.note("provisioning.role_set", about=("scim_group", group_id), at=now, became={"group": name, "role": role})
    granting.settle([user for user, _ in _members([group_id])[group_id]], now=now)


def _only_loses(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Whether a group is the same but for members who left it."""
    was, became = ({each.get("value") for each in said.get("members", [])} for said in (before, after))
    same = all(before.get(name) == after.get(name) for name in ("displayName", "externalId"))
    return same and became <= was


def _set_members(group_id: UUID, said: Mapping[str, Any], *, now: datetime) -> None:
    """Make the members of a group those that are named. Raises BadValue for one who is not a user here."""
    wanted = {as_id(users.PREFIX, each.get("value")) for each in said.get("members", [])}
    known = {user for (user,) in store.run(KNOWN, users=[each for each in wanted if each])}
    if wanted - known:
        raise BadValue("A member is not a user of this directory.")
    before = {user for user, _ in _members([group_id])[group_id]}
    store.run(LEAVE, id=group_id, users=list(before - known))
    store.run(JOIN, id=group_id, users=list(known - before))
    if changed := sorted(before ^ known):
        history.note(
            "provisioning.members_changed",
            about=("scim_group", group_id),
            at=now,
            became={"joined": len(known - before), "left": len(before - known)},
        )
        granting.settle(changed, now=now)


def _members(groups: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    found: dict[UUID, list[tuple[UUID, str]]] = {each: [] for each in groups}
    for group_id, user_id, name in store.run(MEMBERS, groups=list(groups)):
        found[group_id].append((user_id, name))
    return found


def _found(sql: str, group_id: UUID) -> Resource:
    row = store.run(sql, id=group_id).one_or_none()
    if row is None:
        raise NoSuchResource("There is no such group.")
    return _resources([row])[0]


def _resources(rows: Sequence[Any]) -> list[Resource]:
    members = _members([row.id for row in rows])
    return [Resource(row.id, _said(row, members[row.id]), row.version, row.made_at, row.changed_at) for row in rows]


def _said(row: Any, members: Sequence[tuple[UUID, str]]) -> dict[str, Any]:
    said: dict[str, Any] = {"displayName": row.name}
    if row.external_id is not None:
        said["externalId"] = row.external_id
    if members:
        said["members"] = [{"value": ids.show(users.PREFIX, user)} for user, _ in members]
    return said


def _columns(said: Mapping[str, Any]) -> dict[str, Any]:
    name = said["displayName"]
    return {"name": name, "name_key": name.lower(), "external_id": said.get("externalId")}
