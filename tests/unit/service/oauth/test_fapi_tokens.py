"""Cases of the FAPI 2 conformance suite by its own names (OA-05 to 09, 14, 16 to 18): how tokens are given."""

import base64
from datetime import timedelta

import pytest
from joserfc.jwk import OctKey, RSAKey

from tenants.directory import api_clients
from tenants.events import history
from tests.cast import NOW
from tests.unit.service.oauth.desk import API, ISSUER, Walk, new_key, register, unsigned
from tests.unit.service.oauth.desk import signed as make
from tests.unit.service.oauth.said import WRONG_ADDRESSES, refused


def by_assertion(desk, assertion, path="/oauth/token", **form):
    return desk.ask(path, {"grant_type": "client_credentials", "client_assertion": assertion} | form)


class TestCodes:
    """OA-05 to OA-09"""

    @pytest.mark.parametrize("verifier", ["x" * 64, None, "", "é" * 50, "x" * 200])
    def test_oa05_incorrect_or_missing_code_verifier(self, walk, verifier):
        refused(walk.redeem(walk.code(), form={"code_verifier": verifier}), "invalid_grant")

    def test_oa05_the_vector_of_rfc_7636(self, walk):
        verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
        challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        code = walk.code(code_challenge=challenge)
        assert walk.redeem(code, form={"code_verifier": verifier}).status_code == 200

    def test_oa06_attempt_reuse_authorization_code_after_one_second(self, walk, web_clock):
        code = walk.code()
        tokens = walk.redeem(code).json
        walk.desk.now = NOW + timedelta(seconds=1)
        web_clock.stand_at(walk.desk.now)
        refused(walk.redeem(code), "invalid_grant")
        assert walk.desk.call(tokens["access_token"]).status_code == 401
        refused(walk.refresh(tokens["refresh_token"]), "invalid_grant")

    def test_oa08_an_expired_code_is_refused(self, walk, web_clock):
        code = walk.code()
        walk.desk.now = NOW + timedelta(seconds=61)
        web_clock.stand_at(walk.desk.now)
        refused(walk.redeem(code), "invalid_grant")

    def test_oa09_a_code_is_bound_to_its_client(self, walk, web, alder):
        code = walk.code()
        thief = Walk(register(web, alder, kind="app"), walk.browser, verifier=walk.verifier)
        refused(thief.redeem(code), "invalid_grant")
        assert walk.redeem(code).status_code == 200, "and a thief's try does not spoil it"

    @pytest.mark.parametrize("address", [*WRONG_ADDRESSES, None])
    def test_oa10_the_redirect_uri_of_the_code_is_asked_for_again(self, walk, address):
        refused(walk.redeem(walk.code(), form={"redirect_uri": address}), "invalid_grant", "invalid_request")

    def test_oa16_dpop_jkt_mismatch_at_par(self, walk):
        proof = walk.desk.proof("POST", f"{ISSUER}/oauth/par")
        refused(walk.push(proof=proof, dpop_jkt=new_key().thumbprint()), "invalid_dpop_proof")

    @pytest.mark.parametrize("how", ["parameter", "proof"])
    def test_oa16_dpop_jkt_mismatch_at_the_token_endpoint(self, walk, how):
        proof = walk.desk.proof("POST", f"{ISSUER}/oauth/par")
        code = walk.code(**({"dpop_jkt": walk.desk.jkt} if how == "parameter" else {"proof": proof}))
        other = walk.desk.proof("POST", f"{ISSUER}/oauth/token", key=new_key())
        refused(walk.redeem(code, proof=other), "invalid_grant")

    @pytest.mark.parametrize("how", ["parameter", "proof"])
    def test_oa16_the_right_key_redeems(self, walk, how):
        proof = walk.desk.proof("POST", f"{ISSUER}/oauth/par")
        code = walk.code(**({"dpop_jkt": walk.desk.jkt} if how == "parameter" else {"proof": proof}))
        assert walk.redeem(code).status_code == 200

    @pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
    def test_the_token_endpoint_knows_post_only(self, machine, method):
        assert machine.web.open("/oauth/token", method=method).status_code == 405

    @pytest.mark.parametrize(
        "kind", ["password", "implicit", "urn:ietf:params:oauth:grant-type:jwt-bearer", "nonsense", None]
    )
    def test_other_grants_are_not_known(self, machine, kind):
        refused(machine.ask("/oauth/token", {"grant_type": kind}), "unsupported_grant_type")

    def test_a_machine_redeems_no_codes_and_an_app_asks_for_nothing_of_its_own(self, machine, app):
        refused(machine.ask("/oauth/token", {"grant_type": "authorization_code", "code": "x"}), "unauthorized_client")
        refused(app.token(), "unauthorized_client")

    @pytest.mark.parametrize("resource", ["https://evil.test", f"{API}/", ISSUER])
    def test_another_resource_is_no_target(self, machine, walk, resource):
        refused(machine.token(resource=resource), "invalid_target")
        refused(walk.push(resource=resource), "invalid_target")
        assert machine.token(resource=API).status_code == 200


class TestClientAssertions:
    """OA-14"""

    @pytest.mark.parametrize(
        "audience",
        [
            f"{ISSUER}/oauth/token",
            f"{ISSUER}/oauth/par",
            [ISSUER],
            [ISSUER, "https://evil.test"],
            "https://evil.test",
            None,
        ],
        ids=["token endpoint", "par endpoint", "array", "array of two", "wrong", "none"],
    )
    def test_oa14_audience_is_the_issuer_as_one_text(self, machine, audience):
        refused(by_assertion(machine, machine.assertion(aud=audience)), "invalid_client", status=401)

    def test_oa14_expiry_past_five_minutes(self, machine):
        for seconds, status in ((300, 200), (305, 200), (330, 401), (-11, 401)):
            exp = int(NOW.timestamp()) + seconds
            assert by_assertion(machine, machine.assertion(exp=exp)).status_code == status, seconds

    @pytest.mark.parametrize("claim", ["iat", "nbf"])
    def test_oa14_eight_seconds_ahead_pass_and_sixty_one_do_not(self, machine, claim):
        now = int(NOW.timestamp())
        assert by_assertion(machine, machine.assertion(**{claim: now + 8})).status_code == 200
        refused(by_assertion(machine, machine.assertion(**{claim: now + 61})), "invalid_client", status=401)

    @pytest.mark.parametrize("claim", ["sub", "iss", "jti", "exp"])
    def test_oa14_each_claim_is_needed(self, machine, claim):
        refused(by_assertion(machine, machine.assertion(**{claim: None})), "invalid_client", status=401)

    def test_oa14_subject_and_issuer_are_the_client(self, machine, app):
        for over in ({"sub": app.client_id}, {"iss": app.client_id}, {"iss": app.client_id, "sub": app.client_id}):
            refused(by_assertion(machine, machine.assertion(**over)), "invalid_client", status=401)

    def test_oa14_an_assertion_counts_once(self, machine):
        assertion = machine.assertion()
        assert by_assertion(machine, assertion).status_code == 200
        refused(by_assertion(machine, assertion), "invalid_client", status=401)

    def test_oa14_an_assertion_counts_once_across_endpoints(self, walk):
        assertion = walk.desk.assertion()
        assert walk.push(client_assertion=assertion).status_code == 201
        refused(
            walk.desk.ask("/oauth/revoke", {"token": "x", "client_assertion": assertion}), "invalid_client", status=401
        )

    @pytest.mark.parametrize("name", ["none", "HS256", "RS256"])
    def test_oa14_other_algorithms(self, machine, name):
        keys = {"none": None, "HS256": OctKey.import_key(machine.client_id), "RS256": RSAKey.generate_key(2048)}
        if name == "none":
            text = unsigned({"alg": "none"}, machine.claims())
        else:
            text = make({"alg": name}, machine.claims(), keys[name])
        refused(by_assertion(machine, text), "invalid_client", status=401)

    def test_oa14_another_clients_key(self, machine, app):
        refused(by_assertion(machine, machine.assertion(key=app.key)), "invalid_client", status=401)

    def test_oa14_a_kid_must_name_one_of_the_clients_keys(self, machine):
        good = machine.assertion(header={"kid": machine.key.thumbprint()})
        assert by_assertion(machine, good).status_code == 200
        refused(by_assertion(machine, machine.assertion(header={"kid": "other"})), "invalid_client", status=401)

    @pytest.mark.parametrize("kind", [None, "", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"])
    def test_oa14_the_type_of_the_assertion_is_named(self, machine, kind):
        answer = by_assertion(machine, machine.assertion(), client_assertion_type=kind)
        refused(answer, "invalid_client", status=401)

    def test_oa14_two_ways_at_once_are_none(self, machine):
        form, _ = machine.identified({"grant_type": "client_credentials"})
        words = base64.b64encode(f"{machine.client_id}:x".encode()).decode()
        answer = machine.web.post("/oauth/token", data=form, headers={"Authorization": f"Basic {words}"})
        refused(answer, "invalid_client", status=401)

    def test_oa14_a_client_that_was_ended_is_nobody(self, machine, alder_world):
        assert machine.token().status_code == 200
        with alder_world.books():
            api_clients.revoke(machine.own_id, now=NOW)
        refused(machine.token(), "invalid_client", status=401)


class TestRefresh:
    """OA-17, 18"""

    def test_oa17_refresh_by_another_client(self, walk, web, alder):
        token = walk.tokens()["refresh_token"]
        thief = Walk(register(web, alder, kind="app"), walk.browser)
        refused(thief.refresh(token), "invalid_grant")
        assert walk.refresh(token).status_code == 200

    def test_oa17_refresh_without_client_authentication(self, walk):
        form = {"grant_type": "refresh_token", "refresh_token": walk.tokens()["refresh_token"]}
        refused(walk.desk.web.post("/oauth/token", data=form), "invalid_client", status=401)

    def test_oa17_refresh_without_a_proof(self, walk):
        refused(walk.refresh(walk.tokens()["refresh_token"], proof=None), "invalid_dpop_proof")

    def test_oa17_refresh_with_another_key(self, walk):
        proof = walk.desk.proof("POST", f"{ISSUER}/oauth/token", key=new_key())
        refused(walk.refresh(walk.tokens()["refresh_token"], proof=proof), "invalid_grant")

    def test_oa18_a_bound_refresh_token_stays_as_it_is(self, walk):
        token = walk.tokens()["refresh_token"]
        for _ in range(3):
            answer = walk.refresh(token)
            assert answer.status_code == 200 and "refresh_token" not in answer.json

    def test_oa18_a_lost_answer_is_told_again_within_twenty_seconds(self, loose_walk, web_clock):
        first = loose_walk.tokens()["refresh_token"]
        child = loose_walk.refresh(first).json["refresh_token"]
        loose_walk.desk.now = NOW + timedelta(seconds=19)
        web_clock.stand_at(loose_walk.desk.now)
        assert loose_walk.refresh(first).json["refresh_token"] == child
        assert loose_walk.refresh(child).status_code == 200

    def test_oa18_later_than_that_the_family_ends(self, loose_walk, web_clock, alder_world):
        tokens = loose_walk.tokens()
        child = loose_walk.refresh(tokens["refresh_token"]).json["refresh_token"]
        web_clock.stand_at(NOW + timedelta(seconds=21))
        refused(loose_walk.refresh(tokens["refresh_token"]), "invalid_grant")
        refused(loose_walk.refresh(child), "invalid_grant")
        assert loose_walk.desk.call(tokens["access_token"]).status_code == 401
        with alder_world.books():
            told = [each["act"] for each in history.latest(since=NOW)]
        assert told.count("oauth.refresh.reuse") == 1
        office = loose_walk.desk.web.application.extensions["post"]
        office._tools.mailer.sent.clear()
        office.send()
        assert ["was signed out" in each.subject for each in office._tools.mailer.sent].count(True) >= 1

    def test_oa18_a_refresh_token_that_nobody_used_for_two_weeks_is_dead(self, walk, web_clock):
        token = walk.tokens()["refresh_token"]
        walk.desk.now = NOW + timedelta(days=13)
        web_clock.stand_at(walk.desk.now)
        assert walk.refresh(token).status_code == 200
        walk.desk.now = NOW + timedelta(days=28)
        web_clock.stand_at(walk.desk.now)
        refused(walk.refresh(token), "invalid_grant")

    def test_oa18_after_thirty_days_a_person_is_asked_again(self, walk, web_clock):
        token = walk.tokens()["refresh_token"]
        for days in (10, 20, 29):
            walk.desk.now = NOW + timedelta(days=days)
            web_clock.stand_at(walk.desk.now)
            assert walk.refresh(token).status_code == 200
        walk.desk.now = NOW + timedelta(days=31)
        web_clock.stand_at(walk.desk.now)
        refused(walk.refresh(token), "invalid_grant")

    def test_a_refresh_can_ask_for_less_and_never_for_more(self, walk):
        token = walk.tokens(scope="offline_access ledger.read client.read")["refresh_token"]
        assert walk.refresh(token, form={"scope": "client.read"}).json["scope"] == "client.read"
        refused(walk.refresh(token, form={"scope": "openid"}), "invalid_scope")

    def test_without_offline_access_there_is_no_refresh_token(self, walk):
        assert "refresh_token" not in walk.tokens(scope="openid ledger.read")

    @pytest.mark.parametrize("token", [None, "", "nonsense", "gtr_" + "x" * 43])
    def test_a_refresh_token_that_never_was_gives_nothing(self, walk, token):
        refused(walk.refresh(token), "invalid_grant", "invalid_request")
