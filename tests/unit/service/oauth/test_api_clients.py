"""Alder's admin lets machines and apps call, gives them other keys and secrets, and ends them; nobody else does."""

import base64
import json
import re
from datetime import timedelta

import pytest

from tenants.directory import client_rules, permissions
from tests.cast import NOW
from tests.unit.service.oauth.desk import BACK, Desk, new_key, register


@pytest.fixture
def admin(as_, alder_admin):
    """Toni's browser."""
    return as_(alder_admin)


@pytest.fixture
def base(alder_world):
    return f"~/tenants/{alder_world.slug}/api-clients"


def public(key):
    return {"keys": [key.as_dict(private=False)]}


def asked(**over):
    return {"name": "ERP", "kind": "machine", "scopes": ["ledger.read"], "jwks": public(new_key())} | over


def secret_at_work(desk: Desk, secret: str) -> int:
    desk.secret = secret
    return desk.token().status_code


def test_a_machine_registered_through_the_api_gets_its_token(web, admin, base, alder_world):
    key = new_key()
    made = admin.post(base, asked(jwks=public(key)))
    assert made.status_code == 201 and made.json["secret"] is None and made.json["needs_proof"] is True
    assert "d" not in made.json["jwks"]["keys"][0] and made.json["jwks"]["keys"][0]["kid"] == key.thumbprint()
    desk = Desk(web.test_client(), alder_world.tenant, made.json["client_id"], None, "private_key_jwt", key)
    token = desk.token()
    assert token.status_code == 200
    assert desk.call(token.json["access_token"], f"/api/v1/tenants/{alder_world.slug}/invoices").status_code == 200


def test_a_secret_is_told_once_and_its_successor_leaves_it_a_day(web, admin, base, alder_world, web_clock):
    made = admin.post(base, asked(auth_method="client_secret_basic", jwks=None, waiver="An old ERP"))
    assert made.status_code == 201 and made.json["secret"].startswith("gts_")
    shown = admin.get(f"{base}/{made.json['id']}")
    assert "secret" not in shown.json and made.json["secret"] not in shown.text
    desk = Desk(
        web.test_client(), alder_world.tenant, made.json["client_id"], None, "client_secret_basic", proves=False
    )
    assert secret_at_work(desk, made.json["secret"]) == 200
    renewed = admin.post(f"{base}/{made.json['id']}/secret")
    assert renewed.status_code == 200
    assert [secret_at_work(desk, each) for each in (made.json["secret"], renewed.json["secret"])] == [200, 200]
    web_clock.stand_at(NOW + timedelta(hours=25))
    assert [secret_at_work(desk, each) for each in (made.json["secret"], renewed.json["secret"])] == [401, 200]


def test_shared_secrets_are_off_until_the_client_wants_them(web, admin, alder):
    slug = next(iter(admin.get("~/whoami").json["clients"]))["slug"]
    wanted = asked(auth_method="client_secret_basic", jwks=None)
    refused = admin.post(f"~/tenants/{slug}/api-clients", wanted)
    assert (refused.status_code, refused.json["code"]) == (409, "shared_secrets_off")
    changed = admin.send("PATCH", f"~/tenants/{slug}", json={"shared_secrets": True})
    assert changed.status_code == 200 and changed.json["shared_secrets"] is True
    assert admin.post(f"~/tenants/{slug}/api-clients", wanted).status_code == 201


def test_other_keys_stop_the_old_ones_at_once(web, admin, base, alder_world):
    key, other = new_key(), new_key("OKP")
    made = admin.post(base, asked(jwks=public(key))).json
    desk = Desk(web.test_client(), alder_world.tenant, made["client_id"], None, "private_key_jwt", key)
    assert desk.token().status_code == 200
    assert admin.send("PUT", f"{base}/{made['id']}/keys", json=public(other)).status_code == 200
    assert desk.token().status_code == 401
    desk.key = other
    assert desk.token().status_code == 200
    assert admin.post(f"{base}/{made['id']}/secret").json["code"] == "unknown_api_client"


def test_an_ended_machine_is_out_on_the_next_request(machine, admin, base, alder_world):
    token = machine.token().json["access_token"]
    path = f"/api/v1/tenants/{alder_world.slug}/invoices"
    assert machine.call(token, path).status_code == 200
    (row,) = [each for each in admin.get(base).json["items"] if each["client_id"] == machine.client_id]
    ended = admin.post(f"{base}/{row['id']}/revoke", {"reason": "The ERP was replaced"})
    assert ended.status_code == 200 and ended.json["revoked_at"]
    assert machine.call(token, path).status_code == 401 and machine.token().status_code == 401
    assert admin.post(f"{base}/{row['id']}/revoke", {}).status_code == 404
    told = [each["act"] for each in admin.get(f"~/tenants/{alder_world.slug}/history").json["items"]]
    assert "api_client.revoked" in told and "api_client.made" in told


@pytest.mark.parametrize(
    ("over", "pointer"),
    [
        ({"scopes": ["people.write"]}, "/scopes"),
        ({"scopes": ["api_clients.write"]}, "/scopes"),
        ({"scopes": ["openid"]}, "/scopes"),
        ({"scopes": ["nonsense"]}, "/scopes"),
        ({"name": "   "}, "/name"),
        ({"auth_method": "none", "jwks": None}, "/auth_method"),
        ({"redirect_uris": [BACK]}, "/redirect_uris"),
        ({"kind": "app"}, "/redirect_uris"),
        ({"kind": "app", "redirect_uris": ["http://evil.test/x"]}, "/redirect_uris"),
        ({"jwks": None}, "/jwks"),
        ({"auth_method": "client_secret_basic"}, "/jwks"),
        ({"jwks": {"keys": [new_key().as_dict(private=True)]}}, "/jwks"),
        ({"jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}}, "/jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"}]}}, "/jwks"),
        ({"jwks": {"keys": [{"kty": "EC", "crv": "P-256", "x": 1, "y": 2}]}}, "/jwks"),
        ({"jwks": {"keys": [new_key().as_dict(private=False) | {"kid": "a"} for _ in range(2)]}}, "/jwks"),
        ({"jwks": {"keys": [new_key().as_dict(private=False) | {"kid": 7}]}}, "/jwks"),
    ],
    ids=range(17),
)
def test_what_cannot_be_right_is_not_registered(admin, base, over, pointer):
    answer = admin.post(base, asked(**over))
    assert (answer.status_code, answer.json["code"]) == (422, "bad_api_client"), answer.text
    assert answer.json["errors"][0]["pointer"] == pointer


def test_a_machine_can_never_hold_what_gives_rights_away():
    for kind in ("machine", "app"):
        held = client_rules.grantable(kind)
        assert not [each for each in held if each.split(".")[0] in ("people", "api_clients", "platform", "connections")]
        assert not [each for each in held if each.split(".")[0] in ("access", "portal", "settings", "team", "sso")]
    assert client_rules.grantable("machine") < client_rules.grantable("app")
    assert client_rules.grantable("machine") <= permissions.PERMISSIONS


def test_a_token_cannot_manage_api_clients(machine, base, alder_world):
    token = machine.token().json["access_token"]
    answer = machine.call(token, f"/api/v1/tenants/{alder_world.slug}/api-clients")
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


class TestPage:
    """The page of API clients."""

    @pytest.fixture
    def page(self, alder_world):
        return f"/c/{alder_world.slug}/api-clients"

    def form(self, admin, **over):
        return {"csrf_token": admin.csrf, "name": "Bank feed", "kind": "machine", "scopes": ["import.write"]} | over

    def test_toni_lets_a_machine_in_with_its_key(self, admin, page):
        key = json.dumps(new_key().as_dict(private=False))
        form = self.form(admin, auth_method="private_key_jwt", keys=key)
        made = admin.client.post(page, data=form)
        assert made.status_code == 201 and "may call now" in made.text and "gts_" not in made.text
        assert "Bank feed" in admin.get(page).text

    def test_a_secret_is_on_one_page_once(self, admin, page):
        form = self.form(admin, auth_method="client_secret_basic", scopes=["import.write", "import.read"])
        made = admin.client.post(page, data=form)
        (secret,) = re.findall(r"gts_[\w-]{43}", made.text)
        assert made.headers["Cache-Control"] == "no-store" and secret not in admin.get(page).text
        (action,) = re.findall(r'action="([^"]+/secret)"', admin.get(page).text)
        renewed = admin.client.post(action, data={"csrf_token": admin.csrf})
        assert renewed.status_code == 201 and secret not in renewed.text and "gts_" in renewed.text

    def test_toni_ends_it(self, admin, page):
        (action,) = re.findall(r'action="([^"]+/revoke)"', admin.get(page).text)
        assert admin.client.post(action, data={"csrf_token": admin.csrf, "reason": "Gone"}).status_code == 303
        assert "Ended" in admin.get(page).text and "/revoke" not in admin.get(page).text

    def test_an_app_names_where_people_return_to(self, admin, page):
        form = self.form(admin, kind="app", auth_method="none", addresses=f"{BACK}\n", waiver="A phone")
        assert admin.client.post(page, data=form).status_code == 201

    @pytest.mark.parametrize("keys", ["", "nonsense", "[1]", "{}"])
    def test_keys_that_are_none_are_refused_in_words(self, admin, page, keys):
        answer = admin.client.post(page, data=self.form(admin, auth_method="private_key_jwt", keys=keys))
        assert answer.status_code == 422 and "key" in answer.text.lower()

    def test_a_specialist_does_not_find_it_in_the_rail(self, as_, specialist, page, alder_world):
        assert "API clients" not in as_(specialist).get(f"/c/{alder_world.slug}/invoices").text
        assert as_(specialist).get(page).status_code == 403


def test_a_client_id_names_its_company_and_nobody_finds_it_under_another(web, alder_world, birch_world):
    desk = register(web, alder_world.tenant)
    stranger = register(web, birch_world.tenant)
    mixed = desk.client_id[:30] + stranger.client_id[30:]
    for name in (mixed, desk.client_id[:-1], desk.client_id.upper(), desk.client_id + "0", "cli_", ""):
        words = base64.b64encode(f"{name}:x".encode()).decode()
        form = {"grant_type": "client_credentials"}
        answer = desk.web.post("/oauth/token", data=form, headers={"Authorization": f"Basic {words}"})
        assert answer.status_code == 401
