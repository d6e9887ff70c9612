"""Who is calling: a person with a browser session, an app in a person's name, or a machine; and in which clients.

Roles are read on each request, so a removal takes effect on the next one. On the API a token decides alone: what comes
with one is never believed for the sake of its cookie.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from flask import current_app, g, request

from service import cookies, token_callers
from service.token_callers import ByToken
from tenants.directory import access, client_rules, permissions, sessions
from tenants.isolation import scope
from tenants.work import unit_of_work

COOKIE = "gt_session"
API = "/api/"
UNASKED = "unasked"
NEVER = datetime(1, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may see and do things: a person, with a session or through an app, or a machine (no person)."""

    person_id: UUID | None
    name: str
    email: str
    side: str
    csrf_token: str
    session_hash: bytes
    provider_roles: frozenset[str]
    clients: Sequence[access.VisibleClient]
    token: ByToken | None = None
    """What the call was let in with, where that was an access token."""
    proved_at: datetime = NEVER
    """When the person of this session last proved to be one."""
    misses_factor: bool = False
    """Whether this session opens nothing but the way to a second factor."""
    within: UUID | None = None
    """The one client whose own provider vouched for the person of this session."""

    @property
    def actor(self) -> str:
        """The name of this caller in scopes, history and logs."""
        return f"person:{self.person_id}" if self.token is None else self.token.actor

    def client(self, name: str) -> access.VisibleClient | None:
        """The visible client with this slug or id; None for a foreign or missing one alike."""
        if isinstance(self.clients, access.Clients):
            return self.clients.named(name)
        return next((each for each in self.clients if name in (each.slug, each.public_id)), None)

    def may(self, permission: str, client: access.VisibleClient) -> bool:
        """Whether any role in this client gives the permission, and the token, where there is one, does not narrow it
        away. A machine has no role: it holds what its client company let it have. Of a closed client people
        read, and take away."""
        if client.is_closed and (self.person_id is None or permission not in permissions.AFTER_CLOSING):
            return False
        held = permissions.allowed(client.roles, permission)
        if self.token is None:
            return held
        return permission in self.token.scopes and (
            held or (self.person_id is None and permission in client_rules.OF_MACHINES)
        )

    def may_at_provider(self, permission: str) -> bool:
        """Whether a provider role gives a platform permission; no token ever does."""
        return permissions.allowed(self.provider_roles, permission) and self.token is None

    @property
    def waits_for_clients(self) -> bool:
        """Whether this is somebody of the provider to whom no client is assigned: their lists are empty, not shut."""
        return self.side == "provider" and not self.clients and not self.provider_roles

    def clients_with(self, permission: str) -> tuple[access.VisibleClient, ...]:
        """The clients in which the permission is held: the read set of portfolio lists. Who was let in for an hour
        looks at that client alone, and of a closed client there is nothing to do."""
        open_ones = (each for each in self.clients if not each.is_visited and not each.is_closed)
        return tuple(each for each in open_ones if self.may(permission, each))


def caller(now: datetime) -> Caller | None:
    """Return who is calling, or None; looked up once per request. Raises BadToken for a token that is not good."""
    held = g._get_current_object()
    found: Caller | str | None = held.get("caller", UNASKED)
    if isinstance(found, str):
        by_token = "Authorization" in request.headers and request.path.startswith(API)
        found = held.caller = _bearer(now) if by_token else _find(cookies.given(COOKIE), now)
    return found


def _bearer(now: datetime) -> Caller:
    """Whoever the token speaks for, in the one client company that let its app or machine in."""
    found, clients = token_callers.believed(now)
    grant = found.grant
    return Caller(
        person_id=grant.person_id,
        name=grant.person_name or grant.client_name,
        email=grant.email or "",
        side=grant.side or "machine",
        csrf_token="",
        session_hash=b"",
        provider_roles=frozenset(),
        clients=clients,
        token=found,
    )


def _find(token: str, now: datetime) -> Caller | None:
    if not token:
        return None
    found = sessions.find_all(token, now=now)
    if found is None:
        return None
    visitor, clients = found
    if sessions.is_stale(visitor, now=now):
        with unit_of_work(scope.platform(actor="sign-in", reason="note that a session is in use")):
            sessions.touch(visitor, now=now)
    return Caller(
        person_id=visitor.person_id,
        name=visitor.name,
        email=visitor.email,
        side=visitor.side,
        csrf_token=visitor.csrf_token,
        session_hash=visitor.id_hash,
        provider_roles=visitor.provider_roles,
        clients=clients,
        proved_at=visitor.proved_at,
        within=visitor.within,
        misses_factor=visitor.misses_factor(of_staff=current_app.extensions["goodterms"].settings.staff_second_factor),
    )
