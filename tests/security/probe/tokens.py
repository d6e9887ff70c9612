"""Tokens that hold no more or never held: on every route of the API they are answered alike, and nothing changes."""

from datetime import datetime, timedelta
from functools import partial
from typing import Any

from joserfc.jwk import ECKey

from service.endpoint import PUBLIC, Route
from service.openapi import PREFIX
from tenants.directory import access_tokens, api_clients, oauth_grants, signing_keys
from tenants.isolation import scope
from tenants.values import ids, signed
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.security.probe import asks
from tests.security.probe.books import look
from tests.security.probe.findings import Finding
from tests.security.probe.programs import OF_MACHINES, WAIVER, token_of
from tests.security.probe.stage import Stage
from tests.security.probe.walker import Walk, shown
from tests.unit.service.asking import Ask
from tests.unit.service.oauth.desk import Desk, opened, register

SIGNED_IN = "forged, beside a session"


def walk(walk_: Walk) -> None:
    """Every route of the API with every dead token."""
    alder, routes = walk_.stage.alder, []
    for route in walk_.routes:
        build = asks.builder(route)
        if route.rule.startswith(PREFIX) and route.needs != PUBLIC and build is not None:
            routes.append((route, walk_.asked(route, build, alder)))
    spoilt = dead(walk_.stage)
    with walk_.stage.eye() as line:
        before = look(line)
    for route, ask in routes:
        if ask is not None:
            _all_of(walk_, route, ask, spoilt)
    with walk_.stage.eye() as line:
        for table, tenant in before.changed(look(line)):
            finding = Finding("leaks", "some route", "a dead token", table, f"rows of {tenant} changed")
            walk_.findings.leaks.append(finding)


def _all_of(walk_: Walk, route: Route, ask: Ask, spoilt: dict[str, str]) -> None:
    path = asks.address(route, walk_.stage.alder, ask)
    answers = {}
    for name, authorization in spoilt.items():
        stranger = walk_.stage.app.test_client()
        client = walk_.stage.caller("manager of one").client if name == SIGNED_IN else stranger
        headers = {"Authorization": authorization, "Idempotency-Key": "0123456789abcdef", "If-Match": "*"}
        answers[name] = shown(client.open(path, method=route.method, headers=headers, **ask.options()), "-")
        walk_.findings.counted["tokens"] += 1
    for name, answer in answers.items():
        if answer[0] != 401 or answer != answers["forged"]:
            finding = Finding("others", f"{route.method} {route.rule}", "a dead token", name, f"{answer[0]}")
            walk_.findings.others.append(finding)


def dead(stage: Stage) -> dict[str, str]:
    """What is sent as authorization, by what is wrong with it."""
    alder = stage.alder
    loose = register(stage.app, alder.tenant, scopes=OF_MACHINES, waiver=WAIVER)
    bound = token_of(register(stage.app, alder.tenant, scopes=OF_MACHINES))
    good, revoked = token_of(loose), token_of(loose)
    with unit_of_work(scope.platform(actor="probe", reason="a probe spoils tokens")):
        key = signing_keys.signer(ring=stage.tools.settings.keyring, now=NOW).key
        oauth_grants.revoke(ids.read(oauth_grants.PREFIX, opened(revoked)[1]["sid"]), why="a probe", now=NOW)
    forge, other = partial(_forged, good, key), ECKey.generate_key("P-256")
    bearers = {
        "forged": _forged(good, other),
        SIGNED_IN: _forged(good, other),
        "none": "",
        "no token": "x",
        "expired": forge(**_times(NOW - timedelta(seconds=311))),
        "of tomorrow": forge(**_times(NOW + timedelta(days=1))),
        "revoked": revoked,
        "of a client that was ended": _of_ended(stage),
        "for another audience": forge(aud="https://elsewhere.test/api/v1"),
        "for its own client": forge(aud=loose.client_id),
        "of another issuer": forge(iss="https://elsewhere.test"),
        "of a grant that nobody gave": forge(sid=ids.show(oauth_grants.PREFIX, ids.new())),
        "of another kind": forge(head={"typ": "JWT"}),
        "bound, and shown bare": bound,
    }
    return {name: f"Bearer {token}" for name, token in bearers.items()} | {
        "bound, and without its proof": f"DPoP {bound}",
        "loose, and shown as if bound": f"DPoP {good}",
        "somebody's password": "Basic bTpw",
    }


def _of_ended(stage: Stage) -> str:
    ended: Desk = register(stage.app, stage.alder.tenant, scopes=OF_MACHINES, waiver=WAIVER)
    token = token_of(ended)
    with stage.alder.books():
        api_clients.revoke(ended.own_id, now=NOW)
    return token


def _forged(good: str, key: ECKey, *, head: dict[str, Any] | None = None, **over: Any) -> str:
    """The good token with other words in it, signed again."""
    header, claims = opened(good)
    return signed.sign(header | (head or {}), claims | over, key=key)


def _times(at: datetime) -> dict[str, int]:
    """The times of a token that was issued then."""
    return {"iat": int(at.timestamp()), "exp": int((at + access_tokens.GOOD_FOR).timestamp())}
