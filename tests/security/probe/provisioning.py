"""Directories: the token of one client's directory finds nobody and no group of another's."""

from secrets import token_hex
from uuid import UUID

from flask.testing import FlaskClient

from service.endpoint import DIRECTORY, Route
from tenants.directory.provisioning import tokens
from tenants.values import ids
from tests.cast import NOW
from tests.security.probe import asks, slots
from tests.security.probe.books import look
from tests.security.probe.findings import Finding
from tests.security.probe.walker import Said, Walk, shown
from tests.unit.service.asking import Ask
from tests.unit.service.world import World

SCIM = "application/scim+json"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"


def walk(walk_: Walk) -> None:
    """Every route of provisioning by the directory of each client, with the objects of the others."""
    routes = [route for route in walk_.routes if route.needs == DIRECTORY]
    if not routes:
        return
    client = walk_.stage.app.test_client()
    keys = {world.tenant: _token(world) for world in walk_.stage.worlds}
    known = {world.tenant: _people(client, keys[world.tenant]) for world in walk_.stage.worlds}
    home, others = walk_.stage.worlds[0], walk_.stage.worlds[1:]
    for route in routes:
        found = slots.of(route)
        own = _people(client, keys[home.tenant])
        said = _said(client, route, home, {slot.kind: own[slot.kind] for slot in found}, f"Bearer {keys[home.tenant]}")
        walk_.findings.counted["own"] += 1
        if said[0] in (401, 403, 404, 500):  # 501 says what is not offered
            _note(walk_, "broken", route, "own", f"{said[0]}: {said[2][:200]}")
        for bad in ("", "Bearer x", f"Bearer {keys[home.tenant][:-3]}xyz"):
            walk_.findings.counted["tokens"] += 1
            said = _said(client, route, home, {slot.kind: ids.new() for slot in found}, bad)
            if said[0] != 401:
                _note(walk_, "others", route, "token", f"{said[0]} for a token that is none")
        for slot in found:
            before = _books(walk_)
            missing = _said(client, route, home, {slot.kind: ids.new()}, f"Bearer {keys[home.tenant]}")
            for other in others:
                theirs = known[other.tenant].get(slot.kind)
                if theirs is None:
                    walk_.findings.uncovered["references"].append(f"{route.name} {slot}")
                    continue
                walk_.findings.counted["foreign"] += 1
                said = _said(client, route, home, {slot.kind: theirs}, f"Bearer {keys[home.tenant]}")
                if said != missing or said[0] != 404:
                    _note(walk_, "others", route, str(slot), f"{said[0]}, and {missing[0]} for nobody's")
            if any(tenant != home.tenant for _, tenant in before.changed(_books(walk_))):
                _note(walk_, "leaks", route, str(slot), "changed another client")
    for route in (each for each in routes if each.method == "GET" and not slots.of(each) and "<" not in each.rule):
        said = _said(client, route, home, {}, f"Bearer {keys[home.tenant]}")
        walk_.findings.counted["lists"] += 1
        theirs = {ids.show(kind, found) for other in others for kind, found in known[other.tenant].items()}
        if said[0] != 200 or any(each in said[2] for each in theirs):
            _note(walk_, "leaks", route, "list", f"{said[0]}, or it shows another client's people")


def _token(world: World) -> str:
    with world.books():
        return tokens.make("probe", now=NOW)[1]


def _people(client: FlaskClient, token: str) -> dict[str, UUID]:
    """One person and one group of a directory, by the prefix of their ids."""
    name = f"{token_hex(6)}@directory.test"
    headers = {"Authorization": f"Bearer {token}"}
    user = {"schemas": [USER], "userName": name, "emails": [{"value": name}], "displayName": "Uma Reed"}
    group = {"schemas": [GROUP], "displayName": f"Group {token_hex(4)}"}
    found = {}
    for path, body in (("Users", user), ("Groups", group)):
        answer = client.post(f"/scim/v2/{path}", json=body, headers=headers, content_type=SCIM)
        made = (answer.get_json(force=True, silent=True) or {}).get("id", "")
        prefix = str(made).partition("_")[0]
        if prefix:
            found[prefix] = ids.read(prefix, made)
    return found


def _said(client: FlaskClient, route: Route, home: World, path: dict[str, UUID], authorization: str) -> Said:
    ask = Ask({**path, "name": USER if "/Schemas/" in route.rule else "User"})
    body = {"PATCH": {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "X"}]}}
    put = {"schemas": [USER if "Users" in route.rule else GROUP], "userName": "x@y.test", "displayName": "X"}
    search = {"schemas": [SEARCH], "filter": 'userName eq "x"'}
    sent = search if route.rule.endswith(".search") else body.get(route.method, put)
    options = {} if route.method in ("GET", "DELETE") else {"json": sent, "content_type": SCIM}
    headers = {"Authorization": authorization} if authorization else {}
    answer = client.open(asks.address(route, home, ask), method=route.method, headers=headers, **options)
    value = next((ids.show(kind, each) for kind, each in path.items()), "-")
    return shown(answer, value)


def _books(walk_: Walk):
    with walk_.stage.eye() as line:
        return look(line)


def _note(walk_: Walk, what: str, route: Route, slot: str, said: str) -> None:
    finding = Finding(what, f"{route.method} {route.rule}", "a directory", slot, said)
    getattr(walk_.findings, what).append(finding)
