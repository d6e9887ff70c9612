"""Who asks: people with a browser, and programs with an access token that reach the API alone."""

from dataclasses import dataclass, field
from secrets import token_hex
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.endpoint import Route
from service.openapi import PREFIX
from tenants.directory import client_rules, permissions
from tests.unit.service.asking import Ask
from tests.unit.service.oauth.desk import ISSUER, Desk
from tests.unit.service.world import World

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass
class Caller:
    """Somebody who asks: at home in one client, with the roles that are held now in some."""

    name: str
    home: World
    client: FlaskClient
    roles: dict[UUID, frozenset[str]] = field(default_factory=dict)
    provider_roles: frozenset[str] = frozenset()
    signed_in: bool = True
    csrf: str = ""

    def may(self, route: Route, tenant: UUID) -> bool:
        """Whether the matrix lets this caller do it there."""
        return tenant in self.roles and permissions.allowed(self.roles[tenant], route.needs)

    def reaches(self, route: Route) -> bool:
        """Whether the route listens to callers of this kind at all."""
        return True

    def shown(self, method: str, path: str) -> dict[str, str]:
        """The headers with which this caller says who it is."""
        return {"X-CSRF-Token": self.csrf, "User-Agent": BROWSER}

    def ask(self, route: Route, path: str, ask: Ask) -> TestResponse:
        """Send it as a page's form or as a program's JSON, whichever the route reads."""
        headers = self.shown(route.method, path) | {"Idempotency-Key": token_hex(8), "If-Match": "*"}
        options: dict[str, Any] = {"data": ask.body}
        if route.rule.startswith(PREFIX) or ask.data is not None:
            options = ask.options()
        return self.client.open(path, method=route.method, headers=headers, **options)


@dataclass
class Program(Caller):
    """A machine of one client, or an app that acts there in somebody's name; the roles are that person's."""

    token: str = ""
    desk: Desk | None = None
    """Where the proofs of the token's key are made, for a token that is bound to one."""
    scopes: frozenset[str] = frozenset()
    is_machine: bool = True

    def may(self, route: Route, tenant: UUID) -> bool:
        """A machine by its scopes alone, an app by what its person may too."""
        held = client_rules.OF_MACHINES if self.is_machine else permissions.PERMISSIONS
        allowed = self.is_machine or super().may(route, tenant)
        return tenant in self.roles and allowed and route.needs in self.scopes & held

    def reaches(self, route: Route) -> bool:
        """Pages and portal do not look at tokens."""
        return route.rule.startswith(PREFIX)

    def shown(self, method: str, path: str) -> dict[str, str]:
        """The token, with a fresh proof of its key where it is bound to one."""
        if self.desk is None:
            return {"Authorization": f"Bearer {self.token}"}
        proof = self.desk.proof(method, ISSUER + path.partition("?")[0], token=self.token)
        return {"Authorization": f"DPoP {self.token}", "DPoP": proof}
