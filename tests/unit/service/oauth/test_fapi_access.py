"""Cases of the FAPI 2 conformance suite by its own names (OA-23 to 25, 29): what a token opens, and how it ends."""

import secrets
from datetime import timedelta

import pytest

from tenants import store
from tenants.directory import client_rules, memberships, people
from tests.cast import NOW
from tests.unit.service.oauth.desk import Walk, b64, opened, register, unsigned
from tests.unit.service.oauth.desk import signed as make
from tests.unit.service.oauth.said import refused


class TestAccessTokens:
    """OA-23, 29"""

    @pytest.mark.parametrize(
        "over",
        [
            {"aud": "https://evil.test"},
            {"iss": "https://evil.test"},
            {"exp": int(NOW.timestamp()) - 11},
            {"exp": int(NOW.timestamp()) + 400},
            {"nbf": int(NOW.timestamp()) + 60},
            {"iat": int(NOW.timestamp()) + 60},
            {"sid": "grt_" + "0" * 26},
            {"sid": "x"},
            {"scope": None},
            {"cnf": None},
            {"cnf": {}},
            {"cnf": {"jkt": 7}},
            {"cnf": "x"},
        ],
        ids=str,
    )
    def test_oa23_each_wrong_claim_is_refused(self, machine, our_key, over):
        head, claims = opened(machine.token().json["access_token"])
        claims = {name: value for name, value in (claims | over).items() if value is not None}
        assert machine.call(make(head, claims, our_key)).status_code == 401

    def test_oa23_an_id_token_is_no_access_token(self, walk):
        assert walk.desk.call(walk.tokens()["id_token"]).status_code == 401

    @pytest.mark.parametrize("kid", [None, "", "x", 7, "../../etc/passwd", "' OR 1=1 --"])
    def test_oa23_a_key_that_we_do_not_know(self, machine, kid):
        head, claims = opened(machine.token().json["access_token"])
        head = {name: value for name, value in (head | {"kid": kid}).items() if value is not None}
        assert machine.call(unsigned(head, claims, b"x" * 64)).status_code == 401

    def test_oa23_deep_json_and_odd_tokens(self, machine):
        deep = b64(b'{"a":' * 1500 + b"1" + b"}" * 1500)
        for text in ("", ".", "..", "...", "a.b.c", "é.é.é", deep + ".e30.AA", f"e30.{deep}.AA", "x" * 200_000):
            answer = machine.web.get(
                "/api/v1/whoami", headers={"Authorization": f"Bearer {text}".encode().decode("latin-1")}
            )
            assert answer.status_code == 401, text[:20]

    def test_a_cookie_beside_a_wrong_token_does_not_help(self, as_, alder_approver):
        answer = as_(alder_approver).get("~/whoami", query_string={})
        assert answer.status_code == 200
        browser = as_(alder_approver)
        browser.headers = {"Authorization": "Bearer x"}
        assert browser.get("~/whoami").status_code == 401

    def test_oa29_a_role_that_ended_closes_the_tokens_too(self, walk, alder_world, alder_approver):
        token = walk.tokens()["access_token"]
        path = f"/api/v1/tenants/{alder_world.slug}/invoices"
        assert walk.desk.call(token, path).status_code == 200
        with alder_world.books():
            (held,) = [each for each in memberships.live(now=NOW) if each.person_id == alder_approver.id]
            memberships.end(held.id, now=NOW, reason="He left")
        assert walk.desk.call(token, path).status_code == 404

    def test_oa29_scopes_taken_from_the_client_are_gone_from_its_tokens(self, machine, alder_world):
        token = machine.token().json["access_token"]
        path = f"/api/v1/tenants/{alder_world.slug}/invoices"
        assert machine.call(token, path).status_code == 200
        with alder_world.books():
            store.run("UPDATE api_client SET scopes = '{client.read}' WHERE tenant_id = :tenant")
        assert machine.call(token, path).status_code == 403

    def test_oa29_a_person_who_was_shut_out_is_out_with_every_app(self, walk, alder_approver, on_platform):
        token = walk.tokens()["access_token"]
        with on_platform:
            people.disable(alder_approver.id, now=NOW)
        assert walk.desk.call(token).status_code == 401

    def test_oa29_a_new_password_ends_what_was_granted_before(self, walk, alder_approver, on_platform):
        token = walk.tokens()["access_token"]
        with on_platform:
            people.set_password(alder_approver.id, password="a new fair word", now=NOW + timedelta(seconds=1))
        assert walk.desk.call(token).status_code == 401

    def test_a_token_opens_one_client_alone(self, web, walk, as_, alder_world, birch_world, specialist):
        """Sofia works for both clients; through Alder's app she works for Alder."""
        sofia = Walk(walk.desk, as_(specialist))
        token = sofia.tokens()["access_token"]
        assert [each["slug"] for each in sofia.desk.call(token).json["clients"]] == [alder_world.slug]
        assert sofia.desk.call(token, f"/api/v1/tenants/{alder_world.slug}/invoices").status_code == 200
        assert sofia.desk.call(token, f"/api/v1/tenants/{birch_world.slug}/invoices").status_code == 404

    def test_a_machine_finds_nothing_of_another_client(self, machine, alder_world, birch_world):
        token = machine.token().json["access_token"]
        assert machine.call(token, f"/api/v1/tenants/{birch_world.slug}").status_code == 404

    def test_a_machine_changes_books_without_a_token_of_a_page(self, machine, alder_world):
        token = machine.token().json["access_token"]
        path = f"/api/v1/tenants/{alder_world.slug}/debtors"
        answer = machine.call(token, path, "POST", json={"number": f"N-{secrets.token_hex(4)}", "name": "Oak"})
        assert answer.status_code == 201, answer.text

    def test_a_provider_page_opens_for_no_token(self, web, alder_world, as_, provider_admin):
        """A token never carries a right over the platform."""
        assert not {each for each in client_rules.OF_APPS if each.startswith(("platform.", "people.", "api_clients."))}


class TestEnds:
    """OA-24, 25"""

    def test_oa24_an_unknown_token_is_revoked_with_200(self, machine):
        for token in ("nonsense", "gtr_x", "a.b.c"):
            assert machine.ask("/oauth/revoke", {"token": token}).status_code == 200

    @pytest.mark.parametrize("which", ["access_token", "refresh_token"])
    @pytest.mark.parametrize("hint", [None, "access_token", "refresh_token", "nonsense"])
    def test_oa24_after_a_revocation_nothing_works_on_the_next_request(self, walk, which, hint):
        tokens = walk.tokens()
        assert walk.desk.call(tokens["access_token"]).status_code == 200
        answer = walk.desk.ask("/oauth/revoke", {"token": tokens[which], "token_type_hint": hint})
        assert answer.status_code == 200
        assert walk.desk.call(tokens["access_token"]).status_code == 401
        refused(walk.refresh(tokens["refresh_token"]), "invalid_grant")

    def test_oa24_a_client_cannot_revoke_anothers_token(self, walk, machine):
        tokens = walk.tokens()
        for name in ("access_token", "refresh_token"):
            assert machine.ask("/oauth/revoke", {"token": tokens[name]}).status_code == 200
        assert walk.desk.call(tokens["access_token"]).status_code == 200

    @pytest.mark.parametrize("path", ["/oauth/revoke", "/oauth/introspect"])
    def test_oa24_a_token_must_be_named(self, machine, path):
        refused(machine.ask(path, {}), "invalid_request")

    def test_oa25_introspection_of_a_foreign_token_tells_nothing(self, walk, machine):
        tokens = walk.tokens()
        for name in ("access_token", "refresh_token", "id_token"):
            answer = machine.ask("/oauth/introspect", {"token": tokens[name]})
            assert (answer.status_code, answer.json) == (200, {"active": False})

    def test_oa25_introspection_of_ones_own_token(self, walk):
        tokens = walk.tokens()
        told = walk.desk.ask("/oauth/introspect", {"token": tokens["access_token"]}).json
        assert told["active"] and told["token_type"] == "DPoP" and told["cnf"] == {"jkt": walk.desk.jkt}
        assert walk.desk.ask("/oauth/introspect", {"token": tokens["refresh_token"]}).json["active"]

    def test_oa25_who_cannot_prove_itself_does_not_ask(self, loose_walk):
        token = loose_walk.tokens()["access_token"]
        refused(loose_walk.desk.ask("/oauth/introspect", {"token": token}), "invalid_client", status=401)

    def test_oa25_a_rotated_refresh_token_is_not_active(self, web, alder, as_, alder_approver):
        desk = register(web, alder, kind="app", waiver="A pilot without keys for proofs")
        walk = Walk(desk, as_(alder_approver))
        first = walk.tokens()["refresh_token"]
        assert desk.ask("/oauth/introspect", {"token": first}).json["active"]
        walk.refresh(first)
        assert desk.ask("/oauth/introspect", {"token": first}).json == {"active": False}


def test_the_answer_of_the_token_endpoint_is_never_kept_by_caches(machine):
    assert machine.token().headers["Cache-Control"] == "no-store"
