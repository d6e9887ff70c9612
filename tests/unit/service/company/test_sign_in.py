"""Sign-in through a client's own identity provider: what opens a session, and the many things that do not."""

import base64
import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc.jwk import RSAKey

from service.identity import COOKIE
from tenants.directory import memberships
from tests.cast import NOW
from tests.unit.service.company.desk import CURVE, ISSUER, KEY, OTHER, UNBOUND, US, back, go, is_in, metadata
from tests.unit.service.conftest import Browser


def test_una_comes_in_for_the_first_time_and_may_look(try_, alder, una, idp, in_alder):
    browser, answer = try_()
    assert (answer.status_code, answer.location) == (303, "/my-day")
    me = browser.get("~/whoami").json
    assert (me["name"], me["email"], me["side"]) == ("Una Vogel", una, "client")
    assert [each["roles"] for each in me["clients"]] == [["client_viewer"]]
    with in_alder:
        (held,) = [each for each in memberships.live(now=NOW) if each.person_email == una]
    assert held.reason == "Signed in through Alder's login" and held.granted_by.startswith("connection:")
    again, answer = try_(email="una@changed.test", name="Una Changed")
    assert answer.status_code == 303 and again.get("~/whoami").json["id"] == me["id"], "the subject is the key"


def test_the_question_has_a_state_a_nonce_and_a_challenge_of_its_own(web, alder, connection, idp, una):
    browser = Browser(web.test_client())
    asked, other = go(browser, alder, connection), go(Browser(web.test_client()), alder, connection)
    assert asked["response_type"] == "code" and asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://goodterms.test/sign-in/company/return" and asked["client_id"] == US
    assert all(asked[name] != other[name] for name in ("state", "nonce", "code_challenge"))
    idp.vouch(asked["nonce"], email=una)
    assert back(browser, asked).status_code == 303
    (redeemed,) = idp.redeemed
    digest = hashlib.sha256(redeemed["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]
    assert (redeemed["secret"], redeemed["in_form"], redeemed["code"]) == ("s3cret", "False", "c-1")


at = int(NOW.timestamp())
CLAIMS = {
    "wrong issuer": {"iss": "https://login.birch.test"},
    "issuer with a slash more": {"iss": ISSUER + "/"},
    "no issuer": {"iss": ...},
    "another's audience": {"aud": "somebody-else"},
    "audience of several, we among them": {"aud": [US, "somebody-else"]},
    "azp trick: aud is another, azp is us": {"aud": "somebody-else", "azp": US},
    "azp is another": {"azp": "somebody-else"},
    "no audience": {"aud": ...},
    "empty audience": {"aud": []},
    "wrong nonce": {"nonce": "x" * 43},
    "no nonce": {"nonce": ...},
    "nonce that is no text": {"nonce": 1},
    "over": {"exp": at - 61},
    "no end": {"exp": ...},
    "end that is no number": {"exp": "tomorrow"},
    "end that is a truth": {"exp": True},
    "end beyond all time": {"exp": 2**60},
    "issued in the future": {"iat": at + 120},
    "issued long ago": {"iat": at - 3600},
    "no instant of issue": {"iat": ...},
    "not yet": {"nbf": at + 120},
    "no subject": {"sub": ...},
    "empty subject": {"sub": ""},
    "subject that is no text": {"sub": 7},
    "subject without end": {"sub": "x" * 256},
    "subject with a sign that is none": {"sub": "u\0"},
    "no address, and nobody to ask for it": {"email": ...},
    "address that is not verified": {"email_verified": False},
    "address verified in words": {"email_verified": "true"},
    "address of a domain that nobody proved": {"email": "una@birch.test"},
    "address of a domain below it": {"email": "una@sub.alder.test"},
    "address with a gap": {"email": "una @alder.test"},
    "address with a sign that is none": {"email": "u\0@alder.test"},
    "two addresses in one": {"email": "una@alder.test@birch.test"},
}


@pytest.mark.parametrize("bent", CLAIMS)
def test_a_token_that_says_the_wrong_thing_opens_nothing(try_, bent):
    browser, answer = try_(**CLAIMS[bent])
    assert (answer.status_code, is_in(browser)) == (403, False) and "open" in answer.text
    assert COOKIE not in str(answer.headers.getlist("Set-Cookie"))


HEADERS = {
    "signed by another key of the same name": {"key": OTHER},
    "key that is not in the list": {"header": {"kid": "k9"}},
    "no name where there are several keys": {"header": {"kid": None}},
    "algorithm of another key": {"key": CURVE, "header": {"alg": "ES256", "kid": "k1"}},
    "an access token": {"header": {"typ": "at+jwt"}},
    "a key of its own": {"header": {"jwk": KEY.as_dict(private=False)}},
    "a place where keys are": {"header": {"jku": "https://evil.test/keys"}},
    "a certificate of its own": {"header": {"x5u": "https://evil.test/cert"}},
    "something packed": {"header": {"zip": "DEF"}},
    "an algorithm that the provider does not have": {"key": UNBOUND, "header": {"alg": "RS512"}},
}


@pytest.mark.parametrize("bent", HEADERS)
def test_a_token_that_is_signed_wrongly_opens_nothing(try_, bent):
    browser, answer = try_(**HEADERS[bent])
    assert (answer.status_code, is_in(browser)) == (403, False)


def compact(*parts):
    return ".".join(base64.urlsafe_b64encode(each).rstrip(b"=").decode() for each in parts)


def unsigned(claims):
    return compact(b'{"alg": "none"}', json.dumps(claims).encode()) + "."


def with_the_public_key_as_a_secret(claims):
    said = compact(b'{"alg": "HS256", "kid": "k1"}', json.dumps(claims).encode())
    return said + "." + compact(hmac.digest(KEY.as_pem(private=False), said.encode(), "sha256"))


def with_something_critical(claims):
    said = compact(b'{"alg": "RS256", "kid": "k1", "crit": ["x"], "x": 1}', json.dumps(claims).encode())
    return said + "." + compact(KEY.private_key.sign(said.encode(), PKCS1v15(), SHA256()))


@pytest.mark.parametrize("make", [with_something_critical, unsigned, with_the_public_key_as_a_secret])
def test_a_token_without_a_signature_of_the_provider_opens_nothing(web, alder, connection, idp, una, make):
    browser = Browser(web.test_client())
    asked = go(browser, alder, connection)
    said = {"iss": ISSUER, "aud": US, "sub": "u", "email": una, "nonce": asked["nonce"], "iat": at, "exp": at + 99}
    idp.answer = {"id_token": make(said)}
    assert (back(browser, asked).status_code, is_in(browser)) == (403, False)


@pytest.mark.parametrize(
    "token", [None, "", "a.b.c", "x" * 20_000, 7, "..", unsigned({"iss": ISSUER, "aud": US, "sub": "u-1"})]
)
def test_what_is_no_token_opens_nothing(web, alder, connection, idp, token):
    browser = Browser(web.test_client())
    asked = go(browser, alder, connection)
    idp.answer = {"id_token": token, "access_token": "x"}
    assert (back(browser, asked).status_code, is_in(browser)) == (403, False)


ANSWERS = {
    "another issuer": {"iss": "https://login.birch.test"},
    "no issuer where one is promised": {"iss": None},
    "another state": {"state": "x" * 43},
    "no state": {"state": None},
    "no code": {"code": None},
    "an error": {"error": "access_denied", "code": None},
    "an error with a code": {"error": "server_error"},
}


@pytest.mark.parametrize("bent", ANSWERS)
def test_an_answer_to_another_question_opens_nothing(try_, bent, idp):
    browser, answer = try_(answer=ANSWERS[bent])
    assert (answer.status_code, is_in(browser)) == (403, False)
    assert idp.redeemed == [], "a code of nobody's is not even tried"


def test_an_answer_in_another_browser_opens_nothing(web, alder, connection, idp, una):
    asker, victim = Browser(web.test_client()), Browser(web.test_client())
    asked = go(asker, alder, connection)
    idp.vouch(asked["nonce"], email=una)
    assert back(victim, asked).status_code == 403
    go(victim, alder, connection)
    assert back(victim, asked).status_code == 403 and not is_in(victim)


def test_an_answer_counts_once(web, alder, connection, idp, una):
    browser = Browser(web.test_client())
    asked = go(browser, alder, connection)
    idp.vouch(asked["nonce"], email=una)
    step = browser.client.get_cookie("gt_step").value
    assert back(browser, asked).status_code == 303
    browser.client.set_cookie("gt_step", step, domain="localhost")
    assert back(browser, asked).status_code == 403


def test_a_question_waits_ten_minutes(web, alder, connection, idp, una, web_clock):
    browser = Browser(web.test_client())
    asked = go(browser, alder, connection)
    idp.vouch(asked["nonce"], email=una)
    web_clock.stand_at(NOW + timedelta(minutes=11))
    assert back(browser, asked).status_code == 403


@pytest.mark.parametrize(
    "over",
    [
        {"issuer": ISSUER + "/"},
        {"issuer": "https://login.birch.test"},
        {"issuer": None},
        {"token_endpoint": "http://login.alder.test/token"},
        {"jwks_uri": None},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"code_challenge_methods_supported": ["plain"]},
    ],
)
def test_a_provider_that_is_not_the_pinned_one_is_not_asked(stranger, alder, connection, idp, over):
    idp.documents[f"{ISSUER}/.well-known/openid-configuration"] = metadata(**over)
    assert go(stranger, alder, connection).status_code == 403


def test_a_provider_that_does_not_answer_opens_nothing(web, alder, connection, idp, una):
    browser = Browser(web.test_client())
    asked = go(browser, alder, connection)
    assert back(browser, asked).status_code == 403, "no tokens"
    idp.documents.clear()
    assert go(browser, alder, connection).status_code == 403


def test_an_address_that_the_token_lacks_is_asked_for_and_must_be_of_the_same_subject(try_, idp, una):
    about = {f"{ISSUER}/.well-known/openid-configuration": metadata(userinfo_endpoint=f"{ISSUER}/me")}
    idp.documents |= about
    for told, status in (
        ({"sub": "u-2", "email": una}, 403),
        ({"email": una}, 403),
        ({"sub": "u-1", "email": una}, 303),
    ):
        idp.person_told = told
        assert try_(email=..., name=...)[1].status_code == status
    assert idp.asked == [(f"{ISSUER}/me", "x")] * 3


def test_new_keys_are_fetched_when_a_name_is_new(try_, idp):
    fresh = RSAKey.generate_key(2048, {"kid": "k2", "use": "sig", "alg": "RS256"})
    idp.show(fresh)
    _, answer = try_(key=fresh, header={"kid": "k2"})
    assert answer.status_code == 303
    _, answer = try_(header={"kid": "k1"})
    assert answer.status_code == 403 and (f"{ISSUER}/keys", True) in idp.fetched


def test_a_key_of_a_curve_and_a_provider_that_wants_the_secret_in_the_form(try_, idp):
    idp.documents[f"{ISSUER}/.well-known/openid-configuration"] = metadata(
        token_endpoint_auth_methods_supported=["client_secret_post"],
        authorization_response_iss_parameter_supported=False,
    )
    browser, answer = try_(key=CURVE, header={"alg": "ES256", "kid": "e1"}, answer={"iss": None, "session_state": "x"})
    assert answer.status_code == 303 and is_in(browser) and idp.redeemed[0]["in_form"] == "True"
