"""Two certified clients that we did not write complete every flow against a running server."""

from datetime import UTC, datetime

import pytest

from service.identity import COOKIE
from tenants.directory import sessions
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import Player
from tests.unit.service.oauth.desk import BACK, LEFT, register

SCOPE = "openid profile email offline_access client.read ledger.read"
STEPS = {
    "openid_client.mjs": {
        "discovery",
        "par",
        "code with pkce, dpop and private_key_jwt",
        "call of the API",
        "refresh",
        "introspection",
        "revocation",
        "a revoked token opens nothing",
        "a revoked refresh token gives nothing",
        "client credentials",
        "logout page",
    },
    "oauth4webapi.mjs": {
        "discovery oidc",
        "discovery oauth2",
        "par",
        "a no is a no",
        "issuer in the answer",
        "code with pkce, dpop and private_key_jwt",
        "call of the API",
        "the form of RFC 9068",
        "refresh",
        "introspection",
        "introspection of nonsense",
        "revocation",
        "everything of the grant is dead",
        "a code counts once",
    },
}


def told(desk):
    private = desk.key.as_dict(private=True)
    return {
        "id": desk.client_id,
        "kid": desk.key.thumbprint(),
        "key": private,
        "back": BACK,
        "left": LEFT,
        "scope": SCOPE,
    }


@pytest.mark.parametrize("program", STEPS)
def test_a_certified_client_completes_every_flow(running, run_peer, alder, alder_approver: Player, program):
    address, web = running
    with unit_of_work(scope.platform(actor="test", reason="a test signs somebody in")):
        session = sessions.start(alder_approver.id, now=datetime.now(UTC), agent="test")
    person = {
        "cookie": f"{COOKIE}={session.token}",
        "csrf": session.csrf_token,
        "name": alder_approver.name,
    }
    plan = {
        "issuer": address,
        "person": person,
        "app": told(register(web, alder, kind="app")),
        "machine": told(register(web, alder)),
    }
    assert set(run_peer(program, plan)) == STEPS[program]
