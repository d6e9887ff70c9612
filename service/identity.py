"""Who is calling: a person with a browser session, and the clients in which that person has a role right now.

Roles are read on each request, so a removal takes effect on the next one.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import g, request

from tenants.directory import access, permissions, sessions
from tenants.isolation import scope
from tenants.work import unit_of_work

COOKIE = "gt_session"


@dataclass(frozen=True, slots=True)
class Caller:
    """One signed-in person, with what may be seen and done where."""

    person_id: UUID
    name: str
    email: str
    side: str
    csrf_token: str
    session_hash: bytes
    provider_roles: frozenset[str]
    clients: tuple[access.VisibleClient, ...]

    @property
    def actor(self) -> str:
        """The name of this caller in scopes, history and logs."""
        return f"person:{self.person_id}"

    def client(self, name: str) -> access.VisibleClient | None:
        """The visible client with this slug or id; None for a foreign or missing one alike."""
        return next((each for each in self.clients if name in (each.slug, each.public_id)), None)

    def may(self, permission: str, client: access.VisibleClient) -> bool:
        """Whether any role in this client gives the permission."""
        return permissions.allowed(client.roles, permission)

    def may_at_provider(self, permission: str) -> bool:
        """Whether a provider role gives a platform permission."""
        return permissions.allowed(self.provider_roles, permission)

    @property
    def waits_for_clients(self) -> bool:
        """Whether this is somebody of the provider to whom no client is assigned: their lists are empty, not shut."""
        return self.side == "provider" and not self.clients and not self.provider_roles

    def clients_with(self, permission: str) -> tuple[access.VisibleClient, ...]:
        """The clients in which the permission is held: the read set of portfolio lists."""
        return tuple(each for each in self.clients if self.may(permission, each))


def caller(now: datetime) -> Caller | None:
    """Return who is calling, or None; looked up once per request."""
    if "caller" not in g:
        g.caller = _find(request.cookies.get(COOKIE, ""), now)
    return g.caller  # type: ignore[no-any-return]


def _find(token: str, now: datetime) -> Caller | None:
    if not token:
        return None
    with unit_of_work(scope.platform(actor="sign-in", reason="find the caller's session and roles")):
        found = sessions.find(token, now=now)
        if found is None:
            return None
        return Caller(
            person_id=found.person_id,
            name=found.name,
            email=found.email,
            side=found.side,
            csrf_token=found.csrf_token,
            session_hash=found.id_hash,
            provider_roles=found.provider_roles,
            clients=access.visible_clients(found.person_id, now=now),
        )
