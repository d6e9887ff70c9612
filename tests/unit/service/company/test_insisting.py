"""A client may insist on its own identity provider; its admins, and whoever works for others too, keep a way in."""

import re

import pytest

from service.identity import COOKIE
from tenants.directory import clients, connections, memberships, people, sessions, sign_in_rules
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW
from tests.unit.service.company.desk import connect
from tests.unit.service.conftest import Browser
from tests.unit.service.oauth.desk import Walk, register
from tests.unit.service.test_welcome import form

ADMIN = "tenant_admin"


@pytest.fixture
def by_password(web, alder, connection, una):
    """Open a browser by a password, as somebody of Alder's own domain in a role there."""

    def enter(role, name="uwe"):
        address = f"{name}.{role}@{una.partition('@')[2]}"
        with unit_of_work(scope.tenant(alder, actor="test")):
            known = people.find(address)
            person = known.id if known else people.add(address, name="Uwe", side="client", now=NOW)
            if known is None:
                memberships.give(person, name="Uwe", email=address, role=role, now=NOW)
            fresh = sessions.start(person, now=NOW)
        browser = Browser(web.test_client(), fresh.csrf_token)
        browser.client.set_cookie(COOKIE, fresh.token, domain="localhost")
        return browser, person

    return enter


@pytest.fixture
def place(connection, in_alder):
    with in_alder:
        return f"/c/{clients.profile().slug}/connections"


def opens(browser, tenant):
    return ids.show("ten", tenant) in [each["id"] for each in browser.get("~/whoami").json["clients"]]


def test_a_client_insists_and_a_password_opens_its_books_no_more(
    by_password, try_, alder, birch, place, connection, una, stranger, as_, alder_viewer
):
    (uwe, person), (ada, _) = by_password("client_approver"), by_password("tenant_admin")
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.give(person, name="Uwe", email="uwe@x.test", role="client_viewer", now=NOW)
    assert form(uwe, f"{place}/company-only", company_only="true").status_code == 403
    assert form(ada, f"{place}/company-only", company_only="true").status_code == 303
    assert (opens(uwe, alder), opens(uwe, birch)) == (False, True), "with the next click, and Birch did not insist"
    assert uwe.client.get(place).status_code == 404
    assert opens(ada, alder), "an admin keeps a way in, for the day on which the provider is down"
    assert opens(as_(alder_viewer), alder), "an address of another domain has no other way in"
    by_company, _ = try_()
    assert opens(by_company, alder)
    ways = stranger.client.post("/sign-in/address", data={"email": f"nobody@{una.partition('@')[2]}"}).text
    assert (
        "People of this company sign in there" in ways and "People of this" not in stranger.client.get("/sign-in").text
    )
    page = uwe.client.get("/no-clients").text
    assert "open to its people through its own sign-in alone" in page and 'action="/sign-in/company"' in page
    assert "keep their passwords and passkeys" in ada.client.get(place).text
    with unit_of_work(scope.tenant(alder, actor="test")):
        connections.set_state(connection, state="off", now=NOW)
    assert opens(uwe, alder), "where no connection is open the client insists on nothing"
    with unit_of_work(scope.tenant(alder, actor="test")):
        connections.set_state(connection, state="live", now=NOW)
    assert not opens(uwe, alder) and form(ada, f"{place}/company-only", company_only="false").status_code == 303
    assert opens(uwe, alder)
    assert [each["act"] for each in ada.get(f"~/tenants/{place.split('/')[2]}/history?limit=1").json["items"]] == [
        "sign_in.insisted"
    ]


def test_an_app_that_was_let_in_by_a_password_ends_with_it_and_one_by_the_companys_word_stays(
    web, by_password, try_, alder, place, connection
):
    """Uwe let an app in by his password; Ada administers; Una came by Alder's own sign-in and let it in too."""
    (uwe, _), (ada, _) = by_password("client_viewer"), by_password("tenant_admin")
    una, _ = try_()
    una.csrf = re.search(r'name="csrf_token" value="([^"]+)"', una.client.get("/account").text)[1]
    app = register(web, alder, kind="app")
    walks = {name: Walk(app, browser) for name, browser in (("uwe", uwe), ("ada", ada), ("una", una))}
    tokens = {name: walk.tokens() for name, walk in walks.items()}

    def works(name):
        refreshed = walks[name].refresh(tokens[name]["refresh_token"])
        called = app.call(tokens[name]["access_token"]).status_code
        assert (refreshed.status_code, called) in ((200, 200), (400, 401)), name
        return called == 200

    assert all(works(name) for name in walks)
    assert form(ada, f"{place}/company-only", company_only="true").status_code == 303
    assert [name for name in walks if works(name)] == ["una"], "the others let it in again by what opens the books"
    tokens["ada"] = walks["ada"].tokens()
    assert works("ada"), "an admin keeps a way of her own"
    with unit_of_work(scope.tenant(alder, actor="test")):
        (held,) = [each for each in memberships.live(now=NOW) if each.person_name == "Uwe" and each.role == ADMIN]
        memberships.give(held.person_id, name="Uwe", email=held.person_email, role="client_viewer", now=NOW)
        memberships.end(held.id, now=NOW)
    assert not works("ada"), "and loses it with the role, whatever was let in before"


def test_nobody_insists_on_a_way_in_that_is_not_there(alder, settings, idp):
    connect(alder, settings, domain="", live=True)
    with unit_of_work(scope.tenant(alder, actor="test")):
        with pytest.raises(sign_in_rules.NothingToInsistOn):
            sign_in_rules.insist(company_only=True, now=NOW)
        sign_in_rules.insist(company_only=False, now=NOW)
        assert not sign_in_rules.insists()
