"""What the grant engine leaves open as it comes (A1 to A22), each with the countermeasure that closes it here."""

import base64
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from authlib.oauth2.rfc6749 import OAuth2Error

from service import token_callers
from service.auth.oauth import clients, engine, issuing
from tenants.directory import access_tokens
from tenants.values import signed
from tests.unit.service.oauth.desk import API, ISSUER, Walk, opened, register, unsigned
from tests.unit.service.oauth.desk import signed as make

ROOT = Path(__file__).parents[4]
HOUSE = [path for room in ("service", "tenants", "jobs", "console") for path in (ROOT / room).rglob("*.py")]


def refused(answer, code, status=400):
    """The refusal that was meant, and nothing else."""
    assert (answer.status_code, answer.json["error"]) == (status, code), answer.text


@pytest.mark.parametrize("missing", ["code_challenge", "code_challenge_method"])
def test_a1_a_challenge_is_needed_from_a_client_with_a_key_too(walk: Walk, missing):
    refused(walk.push(**{missing: None}), "invalid_request")


def test_a2_plain_is_no_method_at_all(walk: Walk):
    refused(walk.push(code_challenge=walk.verifier, code_challenge_method="plain"), "invalid_request")
    assert issuing.StrictPkce.SUPPORTED_CODE_CHALLENGE_METHOD == ["S256"]


def test_a3_a_code_is_taken_before_anything_else_is_looked_at(walk: Walk):
    code = walk.code()
    first = walk.redeem(code)
    assert first.status_code == 200
    refused(walk.redeem(code), "invalid_grant")
    assert walk.desk.call(first.json["access_token"]).status_code == 401, "what the code had given is dead too"


def test_a4_a_refresh_token_without_a_key_is_changed_at_each_use(loose_walk: Walk):
    first = loose_walk.tokens()["refresh_token"]
    second = loose_walk.refresh(first).json["refresh_token"]
    assert second != first
    third = loose_walk.refresh(second)
    assert third.status_code == 200
    refused(loose_walk.refresh(first), "invalid_grant")
    refused(loose_walk.refresh(third.json["refresh_token"]), "invalid_grant")


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/par", "/oauth/revoke", "/oauth/introspect"])
def test_a5_nothing_is_read_from_the_address(machine, path):
    form, headers = machine.identified({"grant_type": "client_credentials", "token": "x"})
    answer = machine.web.post(f"{path}?grant_type=client_credentials", data=form, headers=headers)
    refused(answer, "invalid_request")
    refused(machine.web.post(path, json=form, headers=headers), "invalid_request")
    refused(machine.web.post(path, data=form, content_type="multipart/form-data"), "invalid_request")


@pytest.mark.parametrize("name", ["code", "grant_type", "client_assertion", "redirect_uri", "scope", "unheard_of"])
def test_a6_a_parameter_that_stands_twice_is_refused(machine, name):
    form, headers = machine.identified({"grant_type": "client_credentials"})
    body = "&".join(f"{key}={value}" for key, value in [*form.items(), (name, "a"), (name, "b")])
    answer = machine.web.post(
        "/oauth/token", data=body, content_type="application/x-www-form-urlencoded", headers=headers
    )
    refused(answer, "invalid_request")


def test_a7_every_access_token_lives_five_minutes(machine, walk: Walk):
    refresh = walk.tokens()
    for answer in (machine.token().json, refresh, walk.refresh(refresh["refresh_token"]).json):
        _, claims = opened(answer["access_token"])
        assert answer["expires_in"] == claims["exp"] - claims["iat"] == 300
    assert access_tokens.GOOD_FOR.total_seconds() <= 300


def test_a8_an_unknown_client_and_a_wrong_secret_get_the_same_answer(web, alder_world):
    alder_world.api_client()
    desk = register(web, alder_world.tenant, "client_secret_basic", waiver="Old ERP")
    answers = []
    unknown = desk.client_id[:-4] + "0000"
    for name, secret in ((desk.client_id, "gts_wrong"), (unknown, desk.secret), ("cli_x", "x"), ("nobody", "y")):
        words = base64.b64encode(f"{name}:{secret}".encode()).decode()
        answer = desk.web.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, headers={"Authorization": f"Basic {words}"}
        )
        answers.append((answer.status_code, answer.data))
    assert answers[0][0] == 401 and len(set(answers)) == 1
    assert desk.token().status_code == 200


@pytest.mark.parametrize("words", [b"\xff\xfe:x", b"no colon", b"", b":", b"a:", b":b", b"\x00:\x00"])
def test_a9_basic_credentials_that_cannot_be_read_are_a_refusal(web, machine, words):
    text = base64.b64encode(words).decode()
    for header in (f"Basic {text}", f"Basic {text[:-1]}é", "Basic", "Basic ***", "Negotiate abc"):
        answer = machine.web.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            headers={"Authorization": header.encode().decode("latin-1")},
        )
        refused(answer, "invalid_client", 401)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "client_id=nobody",
        "client_id=&request_uri=",
        "response_type=code&client_id=nobody&redirect_uri=https://evil.test",
        "request_uri=urn:ietf:params:oauth:request_uri:x",
        "client_id=%ff",
        "a=1&a=2",
    ],
)
def test_a10_a_fault_of_the_authorization_request_ends_on_our_own_page(web, alder, query):
    answer = web.test_client().get(f"/oauth/authorize?{query}")
    assert answer.status_code == 400 and "Location" not in answer.headers
    assert "This app cannot be let in" in answer.text


def _own_token(machine, header, claims=None, key=None):
    """A token of ours with one thing changed, signed by our own key."""
    real = machine.token().json["access_token"]
    head, said = opened(real)
    return {**head, **header}, {**said, **(claims or {})}


@pytest.mark.parametrize("kind", [None, "JWT", "at+jwt2", "", "dpop+jwt"])
def test_a11_only_the_kind_of_access_tokens_is_read_as_one(machine, our_key, kind):
    head, claims = _own_token(machine, {})
    head = {name: value for name, value in head.items() if name != "typ"} | ({} if kind is None else {"typ": kind})
    token = make(head, claims, our_key)
    answer = machine.call(token)
    assert answer.status_code == 401 and answer.json["code"] == "invalid_token"


@pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
def test_a11_the_kind_is_a_media_type_in_any_case_of_letters(machine, our_key, kind):
    head, claims = _own_token(machine, {"typ": kind})
    assert machine.call(make(head, claims, our_key)).status_code == 200


def test_a12_one_algorithm_is_expected_and_no_other_is_tried(machine, our_key):
    real = machine.token().json["access_token"]
    head, claims = opened(real)
    public = our_key.as_dict(private=False)
    forged = [unsigned({**head, "alg": name}, claims, b"x" * 64) for name in ("none", "HS256", "RS256", "EdDSA")]
    assert [machine.call(token).status_code for token in forged] == [401] * 4
    assert public["crv"] == "P-256"
    pattern = re.compile(r"authlib\.jose|(?:jwt\.decode|deserialize_compact)\((?![^)]*algorithms=)")
    found = [path for path in HOUSE if pattern.search(path.read_text())]
    assert found == [], "signed texts are read with a pinned algorithm"


def test_a13_the_audience_is_the_api_and_never_the_client(machine, our_key):
    real = machine.token().json["access_token"]
    head, claims = opened(real)
    assert claims["aud"] == API
    for audience in (machine.client_id, [API], [API, machine.client_id], ISSUER, "", None):
        assert machine.call(make(head, claims | {"aud": audience}, our_key)).status_code == 401


def test_a14_a_route_needs_one_permission_and_the_token_must_hold_it(machine, alder_world):
    token = machine.token(scope="client.read").json["access_token"]
    base = f"/api/v1/tenants/{alder_world.slug}"
    assert machine.call(token, base).status_code == 200
    answer = machine.call(token, f"{base}/invoices")
    assert (answer.status_code, answer.json["code"]) == (403, "not_allowed")


def test_a15_the_engines_own_guards_of_resources_are_not_used():
    found = [path for path in HOUSE if re.search(r"ResourceProtector|require_oauth", path.read_text())]
    assert found == []


def test_a16_only_hashes_of_tokens_are_kept(walk: Walk, statements):
    tokens = walk.tokens()
    kept = "".join(
        str(row)
        for table in ("oauth_grant", "oauth_code", "refresh_token", "pushed_request", "seen_once")
        for row in statements(f"SELECT t::text FROM identity.{table} t")
    )
    for secret in (tokens["refresh_token"], tokens["access_token"], walk.verifier):
        assert secret not in kept and secret.split(".")[-1] not in kept


def test_a17_secrets_are_hashed_and_each_client_has_one_way_to_prove_itself(web, alder_world, statements):
    alder_world.api_client()
    desk = register(web, alder_world.tenant, "client_secret_basic", waiver="Old ERP")
    assert desk.secret not in str(statements("SELECT t::text FROM app.api_client t"))
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke", "/oauth/par"):
        form = {"grant_type": "client_credentials", "token": "x", "client_id": desk.client_id}
        refused(desk.web.post(path, data=form), "invalid_client", 401)
        refused(desk.web.post(path, data=form | {"client_secret": desk.secret}), "invalid_client", 401)


@pytest.mark.parametrize(
    "over",
    [{"exp": 10**9 * 4}, {"exp": None}, {"aud": [ISSUER]}, {"aud": f"{ISSUER}/oauth/token"}, {"jti": None}, {"jti": 7}],
)
def test_a18_an_assertion_is_short_for_us_alone_and_counts_once(machine, over):
    form = {"client_assertion": machine.assertion(**over)}
    refused(machine.ask("/oauth/token", {"grant_type": "client_credentials"} | form), "invalid_client", 401)


def test_a18_the_name_of_the_method_is_the_one_of_the_metadata(machine):
    told = machine.web.get("/.well-known/oauth-authorization-server").json
    assert set(told["token_endpoint_auth_methods_supported"]) == set(issuing.METHODS)
    assert "private_key_jwt" in issuing.METHODS


def test_a19_a_hint_of_another_issuer_or_app_signs_nobody_out(walk: Walk, our_key):
    tokens = walk.tokens()
    head, claims = opened(tokens["id_token"])
    for wrong in ({"iss": "https://evil.test"}, {"aud": ["x", claims["aud"]]}, {"sid": "grt_x"}):
        hint = make(head, claims | wrong, our_key)
        walk.desk.web.post("/oauth/logout", data={"id_token_hint": hint})
    assert walk.desk.call(tokens["access_token"]).status_code == 200


def test_a20_the_switch_of_the_engine_that_allows_plain_http_stops_the_start():
    code = "from tenants import settings; settings.read()"
    env = os.environ | {
        "AUTHLIB_INSECURE_TRANSPORT": "1",
        "GOODTERMS_DATABASE_URL": "postgresql://x",
        "GOODTERMS_REDIS_URL": "redis://x",
        "GOODTERMS_SECRET_KEY": "s" * 40,
        "GOODTERMS_DOCUMENTS": "/tmp",
    }
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode != 0 and "AUTHLIB_INSECURE_TRANSPORT" in done.stderr


def test_a20_the_address_in_a_proof_is_the_public_one_whatever_host_was_called(machine):
    proof = machine.proof("POST", "http://localhost/oauth/token")
    refused(machine.ask("/oauth/token", {"grant_type": "client_credentials"}, proof=proof), "invalid_dpop_proof")


@pytest.mark.parametrize("scope", ["ledger.read people.write", "rules.publish", "api_clients.write", "openid"])
def test_a21_a_scope_beyond_the_client_is_refused_and_not_cut(machine, scope):
    refused(machine.token(scope=scope), "invalid_scope")


def test_a21_an_app_is_refused_in_the_same_way(walk: Walk):
    refused(walk.push(scope="openid delivery.write"), "invalid_scope")
    refused(walk.push(scope=None), "invalid_scope")


def test_a22_everything_of_one_request_is_one_transaction():
    """A code is used up and its tokens are kept together: no commit stands anywhere near the engine."""
    for module in (engine, issuing, clients, token_callers, access_tokens, signed):
        assert "commit(" not in inspect.getsource(module)
    assert issubclass(engine.BadProof, OAuth2Error)


def test_a22_a_refused_redemption_uses_the_code_up(walk: Walk):
    code = walk.code()
    refused(walk.redeem(code, form={"code_verifier": "x" * 60}), "invalid_grant")
    refused(walk.redeem(code), "invalid_grant")
