"""Decides which clients a person can enter: those with a membership that is running now, and with which roles.

Asked as the sign-in role, on every request: a membership that ended a second ago opens nothing. A client that was
closed is seen until its books are shut, to read.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, overload
from uuid import UUID

from tenants import store
from tenants.directory import clients, permissions, sign_in_rules
from tenants.values import ids


@dataclass(frozen=True, slots=True)
class VisibleClient:
    """A client that a person can enter, and the roles held there."""

    tenant_id: UUID
    slug: str
    name: str
    roles: frozenset[str]
    base_currency: str
    time_zone: str
    language: str
    state: str = "live"
    shut_at: datetime | None = None
    """Until when the books of a closed client can be read."""

    @property
    def is_closed(self) -> bool:
        """Whether its people only read, export and take away, and its machines do nothing at all."""
        return self.state == "closed"

    @property
    def public_id(self) -> str:
        """The id as it stands in addresses and answers."""
        return ids.show(clients.PREFIX, self.tenant_id)

    @property
    def is_visited(self) -> bool:
        """Whether nothing but a grant for an hour lets the person in; a machine has no role and visits nobody."""
        return bool(self.roles) and self.roles <= permissions.BY_GRANT


VISIBLE = """
SELECT t.id, t.slug, t.legal_name, array_agg(m.role), t.base_currency, t.time_zone, t.language, t.state, t.shut_at
FROM app.membership m JOIN app.tenant t ON t.id = m.tenant_id
WHERE m.person_id = :person_id AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now)
  AND (t.state <> 'closed' OR t.shut_at > :now)
GROUP BY t.id ORDER BY t.legal_name, t.id
"""

ROW = """
jsonb_build_array(t.id, t.slug, t.legal_name, array_agg(m.role), t.base_currency, t.time_zone, t.language, t.state,
  t.shut_at)
"""
CLIENTS_OF = f"""
SELECT coalesce(bool_or(v.wants_factor), false) AS client_wants_factor,
  coalesce(jsonb_agg(v.client ORDER BY v.legal_name, v.id) FILTER (WHERE v.opens), '[]') AS clients
FROM (
  SELECT t.id, t.legal_name, {ROW} AS client, {sign_in_rules.WANTS_FACTOR} AS wants_factor,
    (t.state <> 'closed' OR t.shut_at > :now)
    AND CASE WHEN {{within}} IS NULL THEN NOT ({sign_in_rules.ITS_WORD_ALONE}) ELSE t.id = {{within}} END AS opens
  FROM app.membership m JOIN app.tenant t ON t.id = m.tenant_id
    LEFT JOIN app.sign_in_rule r ON r.tenant_id = m.tenant_id
  WHERE m.person_id = {{person}} AND m.starts_at <= :now AND (m.ends_at IS NULL OR m.ends_at > :now)
  GROUP BY t.id) v
"""
"""For a question that asks for more than that: the clients that a session opens by the way in which it began, as one
value, and whether one of them wants a second factor."""

OF_MACHINE = """
SELECT t.id, t.slug, t.legal_name, t.base_currency, t.time_zone, t.language, t.state, t.shut_at
FROM app.tenant t WHERE t.id = :tenant_id
"""


def client_of_machine(tenant_id: UUID) -> tuple[VisibleClient, ...]:
    """The one client company that a machine works for; it holds no role there, only scopes."""
    rows = store.run_identity(OF_MACHINE, tenant_id=tenant_id)
    return tuple(VisibleClient(row[0], row[1], row[2], frozenset(), *row[3:]) for row in rows)


def is_closed(tenant_id: UUID) -> bool:
    """Whether the client was closed, for whoever calls without a role in it: a machine, or the client's directory."""
    return any(each.is_closed for each in client_of_machine(tenant_id))


def visible_clients(person_id: UUID, *, now: datetime) -> tuple[VisibleClient, ...]:
    """Every client that the person can enter now, by name."""
    rows = store.run_identity(VISIBLE, person_id=person_id, now=now)
    return tuple(VisibleClient(row[0], row[1], row[2], frozenset(row[3]), *row[4:]) for row in rows)


class Clients(Sequence[VisibleClient]):
    """The clients in an answer to CLIENTS_OF. Each is made when it is looked at: somebody may work for hundreds, and a
    request is about one."""

    def __init__(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows = rows
        self._made: dict[int, VisibleClient] = {}

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, at: int) -> VisibleClient: ...
    @overload
    def __getitem__(self, at: slice) -> tuple[VisibleClient, ...]: ...
    def __getitem__(self, at: int | slice) -> VisibleClient | tuple[VisibleClient, ...]:
        if isinstance(at, slice):
            return tuple(self[one] for one in range(len(self))[at])
        if at not in self._made:
            self._made[at] = _read(self._rows[at])
        return self._made[at]

    def named(self, name: str) -> VisibleClient | None:
        """The client with this slug or id."""
        at = next((at for at, row in enumerate(self._rows) if row[1] == name), None)
        return next((each for each in self if each.public_id == name), None) if at is None else self[at]


def _read(row: Sequence[Any]) -> VisibleClient:
    """One client as it stands in a value of JSON."""
    until = datetime.fromisoformat(row[8]) if row[8] else None
    tenant_id, slug, name, roles, currency, zone, language, state, _ = row
    return VisibleClient(UUID(tenant_id), slug, name, frozenset(roles), currency, zone, language, state, until)


@dataclass(frozen=True, slots=True)
class Seen:
    """A client as the provider's own pages show it: that it is there, and how many work for it."""

    id: UUID
    slug: str
    name: str
    state: str
    created_at: datetime
    staff: int


EVERY = """
SELECT t.id, t.slug, t.legal_name, t.state, t.created_at,
  (SELECT count(DISTINCT m.person_id) FROM app.membership m WHERE m.tenant_id = t.id
     AND m.role IN ('specialist', 'specialist_manager') AND m.starts_at <= :now
     AND (m.ends_at IS NULL OR m.ends_at > :now))
FROM app.tenant t
WHERE (position(lower(:words) IN lower(t.legal_name)) > 0 OR position(lower(:words) IN t.slug) > 0)
  AND (CAST(:name AS text) IS NULL OR (t.legal_name, t.id) > (:name, CAST(:after AS uuid)))
ORDER BY t.legal_name, t.id LIMIT :limit
"""
Place = tuple[str, UUID]
"""Behind which client a page begins: its name and its id."""


def every_client(*, now: datetime, words: str = "", after: Place | None = None, limit: int) -> tuple[Seen, ...]:
    """Clients by name, for the provider's own pages: all, or those whose name or short name holds these words."""
    name, last = after or (None, None)
    sought = " ".join(words.split())
    return tuple(
        Seen(*row) for row in store.run_identity(EVERY, now=now, words=sought, name=name, after=last, limit=limit)
    )
