"""The ways that are meant to be walked: a machine's token, an app in a person's name, and what they open."""

from dataclasses import replace
from datetime import timedelta

from tenants import store
from tenants.directory.rates import LocalCounter
from tests.cast import NOW
from tests.unit.service.oauth.desk import API, ISSUER, opened


def test_alders_erp_gets_a_token_and_reads_alders_books(machine, alder_world):
    answer = machine.token()
    assert answer.status_code == 200, answer.text
    assert answer.json["token_type"] == "DPoP" and answer.json["expires_in"] == 300
    header, claims = opened(answer.json["access_token"])
    assert header["typ"] == "at+jwt" and header["alg"] == "ES256"
    assert claims["aud"] == API and claims["iss"] == ISSUER and claims["cnf"] == {"jkt": machine.jkt}
    assert claims["act_kind"] == "machine" and claims["sub"] == machine.client_id
    books = machine.call(answer.json["access_token"], f"/api/v1/tenants/{alder_world.slug}/invoices")
    assert books.status_code == 200 and books.json["items"]


def test_anton_lets_the_app_in_and_it_acts_in_his_name(walk, alder_world):
    tokens = walk.tokens(nonce="n-1")
    assert tokens["token_type"] == "DPoP" and tokens["refresh_token"] and tokens["id_token"]
    _, told = opened(tokens["id_token"])
    assert told["nonce"] == "n-1" and told["aud"] == walk.desk.client_id
    me = walk.desk.call(tokens["access_token"])
    assert me.status_code == 200 and me.json["name"] == "Anton Weiss"
    again = walk.refresh(tokens["refresh_token"])
    assert again.status_code == 200, again.text
    assert walk.desk.call(again.json["access_token"]).status_code == 200


def test_a_client_asks_for_so_many_tokens_a_minute_and_another_is_not_slowed(machine, app, whole_web, monkeypatch):
    tools = whole_web.extensions["goodterms"]
    chosen = replace(tools.settings, tokens_per_client=2)
    monkeypatch.setitem(whole_web.extensions, "goodterms", replace(tools, settings=chosen, rates=LocalCounter()))
    first, second, third = (machine.token() for _ in range(3))
    assert [each.status_code for each in (first, second, third)] == [200, 200, 429]
    assert first.headers["RateLimit"] == '"client";r=1;t=30' and third.headers["Retry-After"] == "30"
    assert third.json["code"] == "too_fast" and "access_token" not in third.json
    assert app.ask("/oauth/token", {"grant_type": "authorization_code", "code": "x"}).status_code == 400


def close(world, shut_at):
    with world.books():
        store.run(
            "UPDATE tenant SET state = 'closed', closed_at = :now, shut_at = :shut WHERE id = :tenant",
            now=NOW,
            shut=shut_at,
        )


def test_a_machine_of_a_closed_client_is_told_so_and_gets_no_other_token(machine, alder_world):
    token = machine.token().json["access_token"]
    close(alder_world, NOW + timedelta(days=30))
    answer = machine.call(token, f"/api/v1/tenants/{alder_world.slug}/invoices")
    assert (answer.status_code, answer.json["code"]) == (403, "client_closed"), "with its next request"
    again = machine.token()
    assert (again.status_code, again.json["error"]) == (400, "unauthorized_client") and "closed" in again.text
    assert machine.token(scope="everything").json["error"] == "unauthorized_client"
    assert machine.ask("/oauth/introspect", {"token": token}).json == {"active": False}
    with alder_world.books():
        store.run("UPDATE tenant SET state = 'live', closed_at = NULL, shut_at = NULL WHERE id = :tenant")
    assert machine.token().status_code == 200, "opened again"


def test_an_app_of_a_closed_client_reads_until_its_books_are_shut(walk, alder_world):
    tokens = walk.tokens()
    close(alder_world, NOW + timedelta(days=1))
    fresh = walk.refresh(tokens["refresh_token"])
    assert fresh.status_code == 200, "people read on, and by an app too"
    assert walk.desk.call(fresh.json["access_token"], f"/api/v1/tenants/{alder_world.slug}/invoices").status_code == 200
    close(alder_world, NOW)
    over = walk.refresh(tokens["refresh_token"])
    assert (over.status_code, over.json["error"]) == (400, "invalid_grant")
    assert walk.desk.call(fresh.json["access_token"]).status_code == 401
