"""Cases of the FAPI 2 conformance suite by its own names (OA-01 to 04, 10 to 13, 19 to 22): how a code is asked for."""

from datetime import timedelta

import pytest

from tests.cast import NOW
from tests.unit.service.oauth import test_fapi_access, test_fapi_tokens
from tests.unit.service.oauth.desk import API, ISSUER, Walk, new_key, opened, register
from tests.unit.service.oauth.said import WRONG_ADDRESSES, refused


class TestDiscovery:
    """OA-01"""

    @pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration"])
    def test_oa01_discovery_end_point_verification(self, web, alder, name):
        told = web.test_client().get(f"/.well-known/{name}").json
        assert told["issuer"] == ISSUER
        assert told["response_types_supported"] == ["code"]
        assert told["code_challenge_methods_supported"] == ["S256"]
        assert told["require_pushed_authorization_requests"] is True
        assert told["authorization_response_iss_parameter_supported"] is True
        assert set(told["grant_types_supported"]) == {"authorization_code", "refresh_token", "client_credentials"}
        assert told["dpop_signing_alg_values_supported"] == ["ES256", "EdDSA"]
        assert told["token_endpoint_auth_signing_alg_values_supported"] == ["ES256", "EdDSA"]
        assert told["id_token_signing_alg_values_supported"] == ["ES256"]

    def test_oa01_every_endpoint_that_is_named_is_there(self, web, alder):
        told = web.test_client().get("/.well-known/oauth-authorization-server").json
        for name, address in told.items():
            if name.endswith(("_endpoint", "_uri")) and name != "service_documentation":
                path = address.removeprefix(ISSUER)
                assert {web.test_client().get(path).status_code, web.test_client().post(path).status_code} != {404}, (
                    name
                )

    def test_oa01_the_protected_resource_names_its_server(self, web, alder):
        told = web.test_client().get("/.well-known/oauth-protected-resource").json
        assert told["resource"] == API and told["authorization_servers"] == [ISSUER]

    def test_oa01_jwks_hold_public_keys_only(self, web, machine):
        machine.token()
        keys = web.test_client().get("/oauth/jwks").json["keys"]
        assert keys and all(key["use"] == "sig" and "d" not in key and key["kty"] == "EC" for key in keys)


class TestHappyFlow:
    """OA-02"""

    def test_oa02_happy_flow_with_two_clients(self, web, alder, walk, as_, alder_viewer):
        second = Walk(register(web, alder, kind="app"), as_(alder_viewer))
        first, other = walk.tokens(), second.tokens()
        assert opened(first["access_token"])[1]["client_id"] != opened(other["access_token"])[1]["client_id"]
        assert walk.desk.call(first["access_token"]).json["name"] == "Anton Weiss"
        assert second.desk.call(other["access_token"]).json["name"] == "Vera Brandt"
        assert walk.desk.call(other["access_token"]).status_code == 401, "another client's token needs another key"

    def test_oa02_happy_flow_with_an_ed25519_key(self, web, alder):
        assert register(web, alder, key=new_key("OKP")).token().status_code == 200

    def test_oa21_user_rejects_authentication(self, walk):
        uri = walk.push().json["request_uri"]
        walk.open(uri)
        back = walk.come_back(walk.answer(uri, "deny"))
        assert back == {"error": "access_denied", "state": walk.state, "iss": ISSUER} | {
            "error_description": back["error_description"]
        }

    @pytest.mark.parametrize("state", ["s" * 384, "s" * 64, None], ids=["384", "64", "absent"])
    def test_oa19_state_long_and_absent(self, walk, state):
        uri = walk.push(state=state).json["request_uri"]
        walk.open(uri)
        back = walk.come_back(walk.answer(uri))
        assert back.get("state") == state and back["iss"] == ISSUER

    @pytest.mark.parametrize("nonce", ["n" * 384, "n" * 64, None], ids=["384", "64", "absent"])
    def test_oa19_nonce_long_and_absent(self, walk, nonce):
        assert opened(walk.tokens(nonce=nonce)["id_token"])[1].get("nonce") == nonce

    def test_oa20_the_order_of_scopes_does_not_matter(self, walk):
        assert walk.tokens(scope="ledger.read openid")["scope"] == walk.tokens(scope="openid ledger.read")["scope"]

    def test_oa20_an_unknown_scope_is_refused(self, walk):
        refused(walk.push(scope="openid nonsense"), "invalid_scope")

    def test_oa22_the_token_type_is_read_in_any_case(self, walk):
        token = walk.tokens()["access_token"]
        proof = walk.desk.proof("GET", f"{API}/whoami", token=token)
        answer = walk.desk.web.get("/api/v1/whoami", headers={"Authorization": f"dPoP {token}", "DPoP": proof})
        assert answer.status_code == 200

    def test_prompt_none_asks_nobody(self, walk, web):
        uri = walk.push(prompt="none").json["request_uri"]
        assert walk.come_back(walk.open(uri))["error"] == "consent_required"
        walk.browser.client = web.test_client()
        uri = walk.push(prompt="none").json["request_uri"]
        assert walk.come_back(walk.open(uri))["error"] == "login_required"

    def test_somebody_who_is_not_signed_in_signs_in_first(self, walk, web):
        walk.browser.client = web.test_client()
        answer = walk.open(walk.push().json["request_uri"])
        assert answer.status_code == 302 and answer.headers["Location"].startswith("/sign-in?next=/oauth/authorize")

    def test_max_age_asks_for_a_fresh_sign_in(self, walk, web_clock):
        walk.desk.now = NOW + timedelta(minutes=5)
        web_clock.stand_at(walk.desk.now)
        assert walk.open(walk.push(max_age="60").json["request_uri"]).headers["Location"].startswith("/sign-in")
        assert walk.open(walk.push(max_age="900").json["request_uri"]).status_code == 200

    def test_somebody_without_a_role_at_the_client_is_not_let_in(self, walk, as_, birch_viewer):
        stranger = Walk(walk.desk, as_(birch_viewer))
        assert stranger.come_back(stranger.open(stranger.push().json["request_uri"]))["error"] == "access_denied"


class TestPushedRequests:
    """OA-03, 04, 11, 12, 13"""

    def test_oa03_par_ensure_pkce_required(self, walk):
        refused(walk.push(code_challenge=None, code_challenge_method=None), "invalid_request")

    def test_oa04_par_plain_pkce_rejected(self, walk):
        refused(walk.push(code_challenge_method="plain"), "invalid_request")

    @pytest.mark.parametrize("challenge", ["short", "x" * 44, "x" * 42 + "=", "x" * 42 + "é"])
    def test_oa04_a_challenge_of_another_form_is_rejected(self, walk, challenge):
        refused(walk.push(code_challenge=challenge), "invalid_request")

    def test_oa11_par_request_uri_reuse_after_success(self, walk):
        uri = walk.push().json["request_uri"]
        assert walk.open(uri).status_code == 200
        assert walk.answer(uri).status_code == 303
        assert walk.answer(uri).status_code == 400
        assert walk.open(uri).status_code == 400

    def test_oa11_par_expired_request_uri(self, walk, web_clock):
        uri = walk.push().json["request_uri"]
        web_clock.stand_at(NOW + timedelta(seconds=61))
        assert walk.open(uri).status_code == 400

    def test_oa11_par_a_person_has_ten_minutes_to_answer_what_is_open(self, walk, web_clock):
        uri = walk.push().json["request_uri"]
        walk.open(uri)
        web_clock.stand_at(NOW + timedelta(minutes=9))
        assert walk.open(uri).status_code == 200
        web_clock.stand_at(NOW + timedelta(minutes=11))
        assert walk.answer(uri).status_code == 400

    def test_oa11_par_request_uri_of_another_client(self, walk, web, alder):
        other = register(web, alder, kind="app")
        uri = walk.push().json["request_uri"]
        assert walk.open(uri, client_id=other.client_id).status_code == 400

    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
    def test_oa11_par_endpoint_knows_post_only(self, walk, method):
        assert walk.desk.web.open("/oauth/par", method=method).status_code == 405

    def test_oa11_par_request_uri_inside_par(self, walk):
        uri = walk.push().json["request_uri"]
        refused(walk.push(request_uri=uri), "invalid_request")
        refused(walk.push(request="eyJ"), "invalid_request")

    def test_oa11_par_without_client_authentication(self, walk):
        answer = walk.desk.web.post("/oauth/par", data=walk.request())
        refused(answer, "invalid_client", status=401)

    def test_oa11_par_with_another_clients_id(self, walk, web, alder):
        other = register(web, alder, kind="app")
        refused(walk.push(client_id=other.client_id), "invalid_client", status=401)

    def test_oa12_a_request_without_par_is_refused(self, walk):
        answer = walk.browser.client.get("/oauth/authorize", query_string=walk.request())
        assert answer.status_code == 400 and "Location" not in answer.headers

    def test_oa12_an_app_that_was_let_off_may_ask_in_the_address(self, web, alder, as_, alder_approver):
        walk = Walk(register(web, alder, kind="app", needs_pushing=False), as_(alder_approver))
        page = walk.browser.client.get("/oauth/authorize", query_string=walk.request())
        assert page.status_code == 200 and "Let it in" in page.text

    @pytest.mark.parametrize("kind", ["token", "code id_token", "id_token", "code token", "none", None])
    def test_oa13_response_type_is_code_alone(self, walk, kind):
        refused(walk.push(response_type=kind), "unsupported_response_type", "invalid_request")

    def test_oa13_a_repeated_response_type_is_refused(self, walk):
        form, _ = walk.desk.identified(walk.request())
        body = "&".join(f"{name}={value}" for name, value in form.items()) + "&response_type=code"
        answer = walk.desk.web.post("/oauth/par", data=body, content_type="application/x-www-form-urlencoded")
        refused(answer, "invalid_request")

    @pytest.mark.parametrize("mode", ["fragment", "form_post", "web_message"])
    def test_oa13_other_response_modes_are_refused(self, walk, mode):
        refused(walk.push(response_mode=mode), "invalid_request")

    @pytest.mark.parametrize("address", [*WRONG_ADDRESSES, None])
    def test_oa10_par_redirect_uri_is_one_of_those_registered(self, walk, address):
        refused(walk.push(redirect_uri=address), "invalid_request")

    def test_a_machine_pushes_nothing(self, machine, as_, alder_approver):
        refused(Walk(machine, as_(alder_approver)).push(), "invalid_request", "unauthorized_client")


def test_there_are_at_least_fifty_named_cases():
    kinds = [kind for module in (test_fapi_access, test_fapi_tokens) for kind in vars(module).values()]
    kinds += [TestDiscovery, TestHappyFlow, TestPushedRequests]
    assert sum(name.startswith("test_oa") for kind in kinds if isinstance(kind, type) for name in vars(kind)) >= 50
