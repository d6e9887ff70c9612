"""Whom a client's identity provider may not vouch for, and how its connection and its domains are proved."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from service.identity import COOKIE
from tenants.directory import connections, memberships, outside_identities, people, sessions
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service.company.desk import back, connect, go, is_in
from tests.unit.service.conftest import Browser
from tests.visitors import visitor_of


def test_the_providers_own_staff_never_come_in_this_way(try_, alder, connection, cast_domain):
    staff = engage("Sam Staff", (alder, "specialist"), side="provider")
    with unit_of_work(scope.tenant(alder, actor="test")):
        connections.claim_domain(cast_domain, now=NOW)
        record = next(each.record for each in connections.domains() if each.domain == cast_domain)
        connections.prove_domain(cast_domain, records=[record], now=NOW)
    browser, answer = try_(email=staff.email)
    assert (answer.status_code, is_in(browser)) == (403, False)


def test_a_person_of_another_client_is_not_taken_over(try_, birch, una):
    with unit_of_work(scope.platform(actor="test", reason="add a person")):
        person = people.add(una, name="Una of Birch", side="client", now=NOW)
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.give(person, name="Una", email=una, role="tenant_admin", now=NOW)
    browser, answer = try_()
    assert (answer.status_code, is_in(browser)) == (403, False)


@pytest.fixture
def una_of_both(try_, una, birch, web, alder):
    """Una, who came through Alder's provider; Birch lets her in too, and she has a password of her own."""
    browser, _ = try_()
    with unit_of_work(scope.platform(actor="test", reason="give her a password")):
        person = people.find(una).id
        own = sessions.start(person, now=NOW)
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.give(person, name="Una", email=una, role="tenant_admin", now=NOW)
    browser.csrf = browser.get("~/whoami").json["csrf_token"]
    other = Browser(web.test_client(), own.csrf_token)
    other.client.set_cookie(COOKIE, own.token, domain="localhost")
    return browser, other


def test_the_word_of_a_company_opens_the_books_of_that_company_alone(una_of_both, alder, birch):
    """Who runs Alder's provider can vouch for anybody of Alder's, and must not come into Birch by that."""
    of_alder, own = una_of_both
    seen = [{each["id"] for each in browser.get("~/whoami").json["clients"]} for browser in una_of_both]
    assert seen == [{ids.show("ten", alder)}, {ids.show("ten", each) for each in (alder, birch)}]
    assert of_alder.get(f"~/tenants/{ids.show('ten', birch)}/people").status_code == 404
    assert own.get(f"~/tenants/{ids.show('ten', birch)}/people").status_code == 200


def test_the_word_of_a_company_makes_no_way_in_that_outlasts_it(una_of_both):
    of_alder, own = una_of_both
    page = of_alder.client.get("/account").text
    assert "looks after how you prove who you are" in page and "/account/password" not in page
    for path, more in {
        "/account/password": {"password": "seven swans on a grey lake"},
        "/account/code-app": {},
        "/account/code-app/confirm": {"code": "000000"},
        "/account/passkeys/begin": {},
        "/account/recovery-codes": {},
    }.items():
        answer = of_alder.client.post(path, data={"csrf_token": of_alder.csrf, **more})
        assert answer.status_code == 403 and "own sign-in, which looks after" in answer.text, path
    assert own.client.post("/account/code-app", data={"csrf_token": own.csrf}).status_code == 200


def test_who_came_through_the_company_proves_it_there_once_more(try_, alder, connection, idp, una, web_clock):
    """Without a password and a factor of her own she could otherwise never touch what asks for a fresh proof."""
    browser, _ = try_()
    later = NOW + timedelta(minutes=11)
    web_clock.stand_at(later)
    page = browser.client.get("/step-up?next=/account").text
    assert "Prove it at Alder Tools GmbH" in page and 'name="password"' not in page
    at = int(later.timestamp())
    for given, status in ((at - 700, 403), (at, 303)):
        asked = go(browser, alder, connection, next_page="/account")
        assert (asked["prompt"], asked["max_age"]) == ("login", "0")
        idp.vouch(asked["nonce"], email=una, iat=at, exp=at + 60, auth_time=given)
        assert back(browser, asked).status_code == status, "an old proof is no fresh one"
    token = browser.client.get_cookie(COOKIE, domain="localhost").value
    with unit_of_work(scope.platform(actor="test", reason="look")):
        assert visitor_of(token, now=later).proved_at == later
        people.disable(people.find(una).id, now=NOW)
    assert not is_in(browser)


def test_nobody_is_signed_in_as_somebody_else_by_a_link_that_carries_their_step(web, alder, connection, idp, una):
    """A link of a letter must not put the step of another browser into this one: whoever made both would be in here."""
    theirs, mine = Browser(web.test_client()), Browser(web.test_client())
    asked = go(theirs, alder, connection)
    idp.vouch(asked["nonce"], email=una)
    step = theirs.client.get_cookie("gt_step", domain="localhost").value
    assert mine.client.get(f"/welcome/{step}").status_code == 303
    assert (back(mine, asked).status_code, is_in(mine)) == (403, False)
    assert mine.client.get("/welcome").status_code == 404
    assert (back(theirs, asked).status_code, is_in(theirs)) == (303, True)


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
        found = connections.known(birch, other, now=NOW)
        assert outside_identities.recognise(found, sub="u-1") is None
        assert connections.known(birch, ids.new(), now=NOW) is None


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
