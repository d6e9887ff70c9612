"""Decides what becomes of the users that a directory sends: each is kept as it was said, and stands for a person here
as soon as its address lies in a domain that the client proved to own.

A user who is switched off has no role in the client any more and no open session, from the next request on, and in a
client that was closed too.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.directory.provisioning import granting, leaving, shape
from tenants.directory.provisioning.filters import Term
from tenants.directory.provisioning.shape import USER, BadFilter, NoSuchResource, Taken
from tenants.events import history
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

PREFIX = "scu"


class Stale(Refusal):
    """The resource was changed since it was read."""

    kind = Kind.STALE
    code = "stale"


@dataclass(frozen=True, slots=True)
class Resource:
    """One user or group as it is kept."""

    id: UUID
    said: dict[str, Any]
    version: int
    made_at: datetime
    changed_at: datetime


COLUMNS = "id, said, version, made_at, changed_at"
ADD = """
INSERT INTO scim_user (tenant_id, id, person_id, user_name, user_key, external_id, active, said, made_at, changed_at)
VALUES (:tenant, :id, NULL, :user_name, :user_key, :external_id, :active, CAST(:said AS jsonb), :now, :now)
ON CONFLICT (tenant_id, user_key) DO NOTHING RETURNING id
"""
CHANGE = """
UPDATE scim_user SET user_name = :user_name, user_key = :user_key, external_id = :external_id,
  active = coalesce(:active, active), said = CAST(:said AS jsonb), version = version + 1, changed_at = :now
WHERE tenant_id = :tenant AND id = :id
"""
TAKEN = "SELECT EXISTS (SELECT FROM scim_user WHERE tenant_id = :tenant AND user_key = :user_key AND id <> :id)"
FIND = f"SELECT {COLUMNS} FROM scim_user WHERE tenant_id = :tenant AND id = :id"
LOCK = f"{FIND} FOR UPDATE"
PAGE = f"""
SELECT {COLUMNS} FROM scim_user WHERE tenant_id = :tenant{{narrow}} ORDER BY made_at, id OFFSET :offset LIMIT :limit
"""
COUNT = "SELECT count(*) FROM scim_user WHERE tenant_id = :tenant{narrow}"
NARROW = {
    "username": (" AND user_key = :username", lambda value: str(value).lower()),
    "externalid": (" AND external_id = :externalid", str),
    "id": (" AND id = :id", lambda value: as_id(PREFIX, value)),
}
LEAVE = "DELETE FROM scim_member WHERE tenant_id = :tenant AND user_id = :id"
REMOVE = "DELETE FROM scim_user WHERE tenant_id = :tenant AND id = :id"
GROUPS = """
SELECT m.user_id, g.id, g.name FROM scim_member m JOIN scim_group g ON g.tenant_id = :tenant AND g.id = m.group_id
WHERE m.tenant_id = :tenant AND m.user_id = ANY(:users) ORDER BY g.name, g.id
"""


def create(document: Mapping[str, Any], *, now: datetime) -> Resource:
    """Add a user. Raises BadValue, Taken, ClientClosed."""
    leaving.refuse_more(leaves=False)
    said, fresh = shape.read(USER, document), ids.new()
    said.setdefault("active", True)
    if store.run(ADD, id=fresh, now=now, **_columns(said)).one_or_none() is None:
        raise Taken("Another user has this name.")
    history.note("provisioning.user_added", about=("scim_user", fresh), at=now, became={"userName": said["userName"]})
    granting.settle([fresh], now=now)
    return find(fresh)


def find(user_id: UUID) -> Resource:
    """One user. Raises NoSuchResource."""
    return _found(FIND, user_id)


def change(user_id: UUID, said: Mapping[str, Any], *, now: datetime) -> Resource:
    """Keep what a user became, read as a whole. Raises BadValue, Taken, ClientClosed."""
    before, after = find(user_id).said, shape.read(USER, said)
    if before != after:
        leaving.refuse_more(leaves=after.get("active") is False)
        columns = _columns(after)
        if store.run(TAKEN, id=user_id, user_key=columns["user_key"]).scalar_one():
            raise Taken("Another user has this name.")
        store.run(CHANGE, id=user_id, now=now, **columns)
        was = {name: before.get(name) for name in ("userName", "active")}
        became = {name: after.get(name) for name in ("userName", "active")}
        history.note("provisioning.user_changed", about=("scim_user", user_id), at=now, was=was, became=became)
        granting.settle([user_id], now=now)
    return find(user_id)


def locked(user_id: UUID, *, version: int | None = None) -> Resource:
    """One user, for a change; with a version, only that one. Raises NoSuchResource, Stale."""
    found = _found(LOCK, user_id)
    if version is not None and found.version != version:
        raise Stale("The user was changed since.")
    return found


def remove(user_id: UUID, *, now: datetime) -> None:
    """Take a user away: no role, no session, no group. Raises NoSuchResource."""
    gone = locked(user_id)
    granting.revoke(user_id, now=now)
    store.run(LEAVE, id=user_id)
    store.run(REMOVE, id=user_id)
    history.note(
        "provisioning.user_removed", about=("scim_user", user_id), at=now, was={"userName": gone.said["userName"]}
    )


def page(terms: Sequence[Term], *, offset: int, limit: int) -> tuple[int, Sequence[Resource]]:
    """How many users fit, and some of them. Raises BadFilter for what we do not search by."""
    narrow, values = narrowed(terms, NARROW)
    total = store.run(COUNT.format(narrow=narrow), **values).scalar_one()
    rows = store.run(PAGE.format(narrow=narrow), **values, offset=offset, limit=limit)
    return total, [Resource(*row) for row in rows]


def groups_of(users: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    """In which groups these users are."""
    found: dict[UUID, list[tuple[UUID, str]]] = {each: [] for each in users}
    for user_id, group_id, name in store.run(GROUPS, users=list(users)):
        found[user_id].append((group_id, name))
    return found


def narrowed(terms: Sequence[Term], known: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The conditions of a filter and their values. Raises BadFilter."""
    narrow, values = "", {}
    for term in terms:
        name = term.name.lower()
        if name not in known or name in values:
            raise BadFilter(f"We search by {', '.join(known)}, each once.")
        condition, read = known[name]
        narrow += condition
        values[name] = read(term.value)
    return narrow, values


def as_id(prefix: str, value: object) -> UUID | None:
    """The id behind its written form; None for any other text, which then fits nothing."""
    try:
        return ids.read(prefix, value if isinstance(value, str) else "")
    except ids.BadId:
        return None


def _found(sql: str, user_id: UUID) -> Resource:
    row = store.run(sql, id=user_id).one_or_none()
    if row is None:
        raise NoSuchResource("There is no such user.")
    return Resource(*row)


def _columns(said: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "user_name": said["userName"],
        "user_key": said["userName"].lower(),
        "external_id": said.get("externalId"),
        "active": said.get("active"),
        "said": json.dumps(said),
    }
