"""Many at once: one code gives one success, one refresh token one child, one proof one use.

GOODTERMS_FULL=1 runs a hundred rounds of each.
"""

import os
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.cast import NOW
from tests.unit.service.oauth.desk import ISSUER, Desk, Walk

AT_ONCE = 50
ROUNDS = 100 if os.environ.get("GOODTERMS_FULL") == "1" else 1


def together(asks):
    """Send prepared requests from as many threads, and return the answers."""
    with ThreadPoolExecutor(len(asks)) as crowd:
        return [each.result() for each in [crowd.submit(ask) for ask in asks]]


def prepared(desk: Desk, form):
    """One more request of the same kind, with an assertion and a proof of its own, through a browser of its own."""
    whole, headers = desk.identified(form)
    if desk.proves:
        headers |= {"DPoP": desk.proof("POST", f"{ISSUER}/oauth/token")}
    client = desk.web.application.test_client()
    return lambda: client.post("/oauth/token", data=whole, headers=headers)


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_oa07_fifty_redemptions_of_one_code_at_once_give_one_success(walk: Walk, turn):
    form = {"grant_type": "authorization_code", "redirect_uri": "https://app.alder.test/back", "code": walk.code()}
    asks = [prepared(walk.desk, form | {"code_verifier": walk.verifier}) for _ in range(AT_ONCE)]
    answers = together(asks)
    good = [each for each in answers if each.status_code == 200]
    assert len(good) == 1
    assert {each.json["error"] for each in answers if each is not good[0]} == {"invalid_grant"}
    assert walk.desk.call(good[0].json["access_token"]).status_code == 401, "a code shown twice ends what it gave"


@pytest.mark.parametrize("turn", range(ROUNDS))
def test_oa18_one_refresh_token_used_fifty_times_at_once_gives_one_child(loose_walk: Walk, web_clock, turn):
    first = loose_walk.tokens()["refresh_token"]
    asks = [prepared(loose_walk.desk, {"grant_type": "refresh_token", "refresh_token": first}) for _ in range(AT_ONCE)]
    answers = together(asks)
    assert {each.status_code for each in answers} == {200}
    (child,) = {each.json["refresh_token"] for each in answers}
    web_clock.stand_at(NOW + timedelta(seconds=21))
    assert loose_walk.refresh(first).json["error"] == "invalid_grant"
    assert loose_walk.refresh(child).json["error"] == "invalid_grant", "after the replay the family is dead"


def test_one_proof_shown_twenty_times_at_once_counts_once(machine: Desk):
    proof = machine.proof("POST", f"{ISSUER}/oauth/token")
    asks = []
    for _ in range(20):
        whole, headers = machine.identified({"grant_type": "client_credentials"})
        client = machine.web.application.test_client()
        asks.append(lambda c=client, w=whole, h=headers: c.post("/oauth/token", data=w, headers={**h, "DPoP": proof}))
    assert sorted(each.status_code for each in together(asks)) == [200] + [400] * 19


def test_one_assertion_shown_twenty_times_at_once_counts_once(machine: Desk):
    form, _ = machine.identified({"grant_type": "client_credentials"})
    asks = []
    for _ in range(20):
        headers = {"DPoP": machine.proof("POST", f"{ISSUER}/oauth/token")}
        client = machine.web.application.test_client()
        asks.append(lambda c=client, h=headers: c.post("/oauth/token", data=form, headers=h))
    assert sorted(each.status_code for each in together(asks)) == [200] + [401] * 19


def test_one_request_answered_ten_times_at_once_gives_one_code(walk: Walk):
    uri = walk.push().json["request_uri"]
    assert walk.open(uri).status_code == 200
    cookies = {name: walk.browser.client.get_cookie(name, path=path).value for name, path in COOKIES.items()}
    form = {"client_id": walk.desk.client_id, "request_uri": uri, "answer": "allow", "csrf_token": walk.browser.csrf}
    asks = []
    for _ in range(10):
        client = walk.desk.web.application.test_client()
        for name, value in cookies.items():
            client.set_cookie(name, value)
        asks.append(lambda c=client: c.post("/oauth/authorize", data=form))
    assert sorted(each.status_code for each in together(asks)) == [303] + [400] * 9


COOKIES = {"gt_session": "/", "gt_oauth": "/"}
