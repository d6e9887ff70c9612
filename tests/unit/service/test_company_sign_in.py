"""Sign-in through a client's own identity provider: what opens a session, and the many things that do not."""

import base64
import hashlib
import hmac
import json
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jws, jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from service.identity import COOKIE
from tenants import store
from tenants.adapters.identity_providers import MemoryProviders
from tenants.directory import connections, memberships, outside_identities, people
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service.conftest import Browser

ISSUER = "https://login.alder.test/realm"
US = "goodterms-at-alder"
KEY = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
OTHER = RSAKey.generate_key(2048, {"kid": "k1", "use": "sig", "alg": "RS256"})
UNBOUND = RSAKey.import_key({name: value for name, value in KEY.as_dict(private=True).items() if name != "alg"})
CURVE = ECKey.generate_key("P-256", {"kid": "e1", "use": "sig", "alg": "ES256"})


def metadata(**over):
    return {
        "issuer": ISSUER,
        "authorization_endpoint": f"{ISSUER}/auth",
        "token_endpoint": f"{ISSUER}/token",
        "jwks_uri": f"{ISSUER}/keys",
        "id_token_signing_alg_values_supported": ["RS256", "ES256", "HS256", "none"],
        "authorization_response_iss_parameter_supported": True,
        **over,
    }


class Idp(MemoryProviders):
    """Alder's identity provider, honest until a test makes it otherwise."""

    def __init__(self) -> None:
        super().__init__({f"{ISSUER}/.well-known/openid-configuration": metadata()})
        self.show(KEY, CURVE)

    def show(self, *keys) -> None:
        self.documents[f"{ISSUER}/keys"] = KeySet(keys).as_dict(private=False)

    def vouch(self, asked: str, /, *, key=KEY, header: dict[str, Any] | None = None, **claims: Any) -> None:
        at = int(NOW.timestamp())
        said = {
            "iss": ISSUER,
            "aud": US,
            "sub": "u-1",
            "email": "una@alder.test",
            "email_verified": True,
            "name": "Una Vogel",
            "nonce": asked,
            "iat": at,
            "exp": at + 300,
            **claims,
        }
        said = {name: value for name, value in said.items() if value is not ...}
        words = {"alg": "RS256", "kid": "k1", **(header or {})}
        words = {name: value for name, value in words.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=[words["alg"]], strict_check_header=False)
        self.answer = {"id_token": jwt.encode(words, said, key, registry=registry), "access_token": "x"}


@pytest.fixture
def idp(web):
    """Alder's provider, in the place of the open internet."""
    before, provider = web.extensions["goodterms"], Idp()
    web.extensions["goodterms"] = replace(before, providers=provider)
    yield provider
    web.extensions["goodterms"] = before


def connect(tenant, settings, *, jit=True, issuer=ISSUER, domain="alder.test", live=True):
    with unit_of_work(scope.tenant(tenant, actor="test")):
        store.run("DELETE FROM email_domain WHERE tenant_id = :tenant")
        added = connections.add(
            "Alder's login", issuer=issuer, client_id=US, secret="s3cret", now=NOW, keys=settings.keyring, jit=jit
        )
        if domain:
            connections.claim_domain(domain, now=NOW)
            (mine,) = connections.domains()
            connections.prove_domain(domain, records=["v=spf1 -all", f'"{mine.record}"'], now=NOW)
        if live:
            connections.mark_tested(added, now=NOW)
            connections.set_state(added, state="live", now=NOW)
    return added


@pytest.fixture
def connection(alder, settings, idp):
    """Alder's connection, live, with a proved domain of its own for this test."""
    return connect(alder, settings, domain=f"alder-{uuid4().hex[:8]}.test")


@pytest.fixture
def una(alder, in_alder):
    """An address in the domain that Alder proved to own."""
    with in_alder:
        (domain,) = connections.domains() or (None,)
    return f"una@{domain.domain}" if domain else "una@alder.test"


def go(browser: Browser, tenant, connection, next_page="/my-day"):
    """Press the company's button; answers what the provider is asked."""
    sent = {"tenant": ids.show("ten", tenant), "connection": ids.show("idp", connection), "next": next_page}
    answer = browser.client.post("/sign-in/company", data=sent)
    if answer.status_code != 200:
        return answer
    address = answer.headers["Refresh"].partition("url=")[2]
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def back(browser: Browser, asked, **over):
    said = {"code": "c-1", "state": asked["state"], "iss": ISSUER, **over}
    return browser.client.get("/sign-in/company/return", query_string={k: v for k, v in said.items() if v is not None})


def is_in(browser: Browser) -> bool:
    return browser.get("~/whoami").status_code == 200


@pytest.fixture
def try_(web, alder, connection, idp, una):
    """One whole sign-in in a new browser, with what a test bends: the answer, the header, the claims."""

    def run(*, answer=None, key=KEY, header=None, browser=None, **claims):
        browser = browser or Browser(web.test_client())
        asked = go(browser, alder, connection)
        idp.vouch(asked["nonce"], key=key, header=header, **{"email": una, **claims})
        return browser, back(browser, asked, **(answer or {}))

    return run


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
    "no address, and nobody to ask for it": {"email": ...},
    "address that is not verified": {"email_verified": False},
    "address verified in words": {"email_verified": "true"},
    "address of a domain that nobody proved": {"email": "una@birch.test"},
    "address of a domain below it": {"email": "una@sub.alder.test"},
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


# --- whom a client's provider may not vouch for ----------------------------------------------------------------------


def test_the_providers_own_staff_never_come_in_this_way(try_, alder, connection, settings):
    staff = engage("Sam Staff", (alder, "specialist"), side="provider")
    with unit_of_work(scope.tenant(alder, actor="test")):
        connections.claim_domain("people.test", now=NOW)
        record = next(each.record for each in connections.domains() if each.domain == "people.test")
        connections.prove_domain("people.test", records=[record], now=NOW)
    browser, answer = try_(email=staff.email)
    assert (answer.status_code, is_in(browser)) == (403, False)


def test_a_person_of_another_client_is_not_taken_over(try_, birch, una):
    with unit_of_work(scope.platform(actor="test", reason="add a person")):
        person = people.add(una, name="Una of Birch", side="client", now=NOW)
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.give(person, name="Una", email=una, role="tenant_admin", now=NOW)
    browser, answer = try_()
    assert (answer.status_code, is_in(browser)) == (403, False)


def test_who_was_shut_out_stays_out(try_, una, alder):
    try_()
    with unit_of_work(scope.platform(actor="test", reason="shut somebody out")):
        people.disable(people.find(una).id, now=NOW)
    assert try_()[1].status_code == 403
    assert try_(sub="another-subject")[1].status_code == 403


def test_without_joining_by_themselves_only_people_who_were_added_come_in(web, birch, settings, idp):
    domain = f"birch-{uuid4().hex[:8]}.test"
    connection = connect(birch, settings, jit=False, domain=domain)

    def attempt(email):
        browser = Browser(web.test_client())
        idp.vouch(go(browser, birch, connection)["nonce"], email=email, sub=email)
        asked = go(browser, birch, connection)
        idp.vouch(asked["nonce"], email=email, sub=email)
        return back(browser, asked).status_code

    assert attempt(f"stranger@{domain}") == 403
    with unit_of_work(scope.platform(actor="test", reason="add a person")):
        person = people.add(f"bea@{domain}", name="Bea", side="client", now=NOW)
    assert attempt(f"bea@{domain}") == 403, "a person without a role here"
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.give(person, name="Bea", email=f"bea@{domain}", role="client_viewer", now=NOW)
    assert attempt(f"bea@{domain}") == 303


def test_a_role_that_ended_is_not_given_again_by_signing_in(try_, in_alder, una):
    browser, _ = try_()
    with in_alder:
        (held,) = [each for each in memberships.live(now=NOW) if each.person_email == una]
        memberships.end(held.id, now=NOW, reason="left")
    assert not browser.get("~/whoami").json["clients"]
    assert try_()[1].status_code == 403


def test_one_clients_subject_is_nobody_at_another(try_, birch, settings, idp, web):
    try_()
    other = connect(birch, settings, domain="")
    with unit_of_work(scope.platform(actor="test", reason="look")):
        found = connections.known(birch, other)
        assert outside_identities.recognise(found, sub="u-1") is None
        assert connections.known(birch, ids.new()) is None


def test_a_connection_that_is_not_live_is_not_offered_and_not_asked(stranger, alder, settings, idp, una):
    draft = connect(alder, settings, domain=f"draft-{uuid4().hex[:8]}.test", live=False)
    assert go(stranger, alder, draft).status_code == 403
    with pytest.raises(connections.NotTested), unit_of_work(scope.tenant(alder, actor="test")):
        connections.set_state(draft, state="live", now=NOW)


def test_the_address_leads_to_the_company(stranger, connection, una):
    page = stranger.client.post("/sign-in/address", data={"email": f"anybody@{una.partition('@')[2]}"}).text
    assert "Go on with Alder Tools GmbH (Alder&#39;s login)" in page
    assert "Alder" not in stranger.client.post("/sign-in/address", data={"email": "una@elsewhere.test"}).text


def test_the_secret_of_a_connection_lies_sealed(connection, settings, statements, alder):
    ((kept,),) = statements(f"SELECT sealed_secret FROM app.idp_connection WHERE id = '{connection}'")
    assert b"s3cret" not in bytes(kept)
    with unit_of_work(scope.tenant(alder, actor="test")):
        assert connections.find(connection).secret(settings.keyring) == "s3cret"


@pytest.mark.parametrize(
    "issuer",
    ["http://login.test", "https://", "ftp://x.test", "https://a@b.test", "https://x.test/?a", "https://x.test/#a"],
)
def test_an_issuer_is_an_https_address(in_alder, settings, issuer):
    with pytest.raises(connections.BadConnection), in_alder:
        connections.add("x", issuer=issuer, client_id="c", secret="s", now=NOW, keys=settings.keyring)


@pytest.mark.parametrize("domain", ["", "localhost", "-a.test", "a..test", "a.test/", "ä.test", "x" * 260 + ".test"])
def test_a_domain_is_a_domain(in_alder, domain):
    with pytest.raises(connections.BadConnection), in_alder:
        connections.claim_domain(domain, now=NOW)


def test_a_domain_counts_only_with_its_word_in_the_name_service(in_alder, alder, on_platform):
    with in_alder:
        connections.claim_domain("Orchard.test.", now=NOW)
        with pytest.raises(connections.DomainNotProved):
            connections.prove_domain("orchard.test", records=["goodterms-verification=guessed"], now=NOW)
        with pytest.raises(connections.UnknownConnection):
            connections.prove_domain("other.test", records=[], now=NOW)
    with on_platform:
        assert not connections.owns(alder, email="a@orchard.test")
    with in_alder:
        (mine,) = connections.domains()
        assert re.fullmatch(r"goodterms-verification=[0-9a-f]{32}", mine.record) and mine.verified_at is None
        connections.prove_domain("orchard.test", records=[mine.record], now=NOW)
    with on_platform:
        assert connections.owns(alder, email="a@orchard.test")
    with in_alder:
        connections.drop_domain("orchard.test", now=NOW)
        with pytest.raises(connections.UnknownConnection):
            connections.drop_domain("orchard.test", now=NOW)
