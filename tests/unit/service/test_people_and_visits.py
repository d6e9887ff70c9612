"""Who enters a client: people and roles, assignments, visits of the provider, and the history that tells of it all."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta

import pytest

from jobs import collections as lane
from jobs.turns import Turn
from service.identity import COOKIE
from tenants.adapters.identity_providers import MemoryNames
from tenants.collections import alerts
from tenants.directory import access_grants, assignments, clients, memberships
from tenants.events import history
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, PASSWORD, engage
from tests.unit.service.company.desk import ISSUER, US, Idp, back
from tests.unit.service.conftest import Browser


@pytest.fixture
def slug(in_alder):
    with in_alder:
        return clients.profile().slug


def form(browser: Browser, path, **fields):
    return browser.client.post(path, data={"csrf_token": browser.csrf, **fields})


# --- people and roles ------------------------------------------------------------------------------------------------


def test_toni_gives_a_role_and_ends_it_with_the_next_click(as_, alder_admin, slug, web):
    toni = as_(alder_admin)
    email = f"nils.{ids.new().hex[-8:]}@people.test"
    base = f"~/tenants/{slug}/people"
    given = toni.post(base, {"email": email, "name": "Nils Ahrens", "role": "client_approver", "reason": "new"})
    assert given.status_code == 201, given.text
    listed = {each["person_email"]: each for each in toni.get(base).json["items"]}
    assert listed[email]["role"] == "client_approver" and listed[email]["granted_by"].startswith("person:per_")
    assert toni.post(base, {"email": email, "role": "client_approver"}).json["code"] == "role_held"
    assert "Nils Ahrens" in toni.client.get(f"/c/{slug}/people").text
    assert toni.post(f"{base}/{given.json['id']}/end", {"reason": "left"}).status_code == 200
    assert email not in {each["person_email"] for each in toni.get(base).json["items"]}
    assert toni.post(f"{base}/{given.json['id']}/end", {}).status_code == 404


@pytest.mark.parametrize(
    "role", ["specialist", "specialist_manager", "provider_admin", "visitor", "debtor_contact", "king"]
)
def test_an_admin_gives_roles_of_the_clients_own_people_only(as_, alder_admin, slug, role):
    answer = as_(alder_admin).post(f"~/tenants/{slug}/people", {"email": "x@people.test", "role": role})
    assert (answer.status_code, answer.json["code"]) == (422, "unknown_role")


def test_nobody_decides_about_themselves_and_the_last_admin_stays(as_, alder_admin, slug, in_alder):
    toni = as_(alder_admin)
    base = f"~/tenants/{slug}/people"
    assert toni.post(base, {"email": alder_admin.email, "role": "client_viewer"}).json["code"] == "own_role"
    (own,) = toni.get(base).json["items"]
    assert toni.post(f"{base}/{own['id']}/end", {}).json["code"] == "own_role"
    with in_alder, pytest.raises(assignments.LastAdmin):
        assignments.end(ids.read("mem", own["id"]), side="client", now=NOW)


def test_the_provider_s_people_get_no_role_of_the_client_and_the_other_way_round(as_, alder_admin, manager, slug):
    stella = engage("Stella Staff", side="provider")
    answer = as_(alder_admin).post(f"~/tenants/{slug}/people", {"email": stella.email, "role": "client_viewer"})
    assert answer.json["code"] == "wrong_side"
    marek, base = as_(manager), f"~/tenants/{slug}/assignments"
    assert marek.post(base, {"email": alder_admin.email, "role": "specialist"}).json["code"] == "wrong_side"
    assert marek.post(base, {"email": "nobody.at.all@people.test", "role": "specialist"}).status_code == 404
    assert marek.post(base, {"email": stella.email, "role": "tenant_admin"}).json["code"] == "unknown_role"


def test_marek_assigns_stella_who_is_in_with_her_next_request_and_out_with_the_one_after(as_, manager, slug):
    stella = engage("Stella Staff", side="provider")
    marek, hers = as_(manager), as_(stella)
    assert hers.get(f"~/tenants/{slug}").status_code == 404
    assert form(marek, f"/c/{slug}/assignments", email=stella.email, role="specialist").status_code == 303
    assert hers.get(f"~/tenants/{slug}").status_code == 200
    listed = {each["person_id"]: each["id"] for each in marek.get(f"~/tenants/{slug}/assignments").json["items"]}
    mine = listed[ids.show("per", stella.id)]
    assert form(marek, f"/c/{slug}/assignments/{mine}/end").status_code == 303
    assert hers.get(f"~/tenants/{slug}").status_code == 404


def test_a_role_is_given_only_after_a_fresh_proof(as_, alder_admin, slug, web_clock):
    toni = as_(alder_admin)
    web_clock.stand_at(NOW + timedelta(minutes=11))
    answer = toni.post(f"~/tenants/{slug}/people", {"email": "x@people.test", "role": "client_viewer"})
    assert (answer.status_code, answer.json["code"]) == (403, "proof_needed")


# --- the provider's own page -----------------------------------------------------------------------------------------


def test_paula_sees_that_clients_are_there_and_nothing_of_them(as_, provider_admin, alder, slug):
    paula = as_(provider_admin)
    listed = {each["slug"]: each for each in paula.get(f"~/provider/clients?q={slug}").json["items"]}
    assert listed[slug]["name"] == "Alder Tools GmbH" and set(listed[slug]) == {
        "id",
        "slug",
        "name",
        "state",
        "created_at",
        "staff",
    }
    assert paula.get(f"~/tenants/{slug}").status_code == 404
    page = paula.client.get(f"/provider?q={slug}").text
    assert "Alder Tools GmbH" in page and 'aria-current="page"' in page
    stella = engage("Stella Staff", side="provider")
    here = f"/provider/clients/{listed[slug]['id']}"
    assert form(paula, f"{here}/assignments", email=stella.email, role="specialist").status_code == 303
    assert "Stella Staff" in paula.client.get(here).text
    (mine,) = [
        each["id"]
        for each in paula.get(f"~/provider/clients/{listed[slug]['id']}/assignments").json["items"]
        if each["person_name"] == "Stella Staff"
    ]
    assert form(paula, f"{here}/assignments/{mine}/end").status_code == 303
    assert paula.client.get(f"/provider/clients/{ids.show('ten', ids.new())}").status_code == 404


def test_nobody_else_sees_the_provider_s_page(as_, manager, alder_admin, alder):
    for player in (manager, alder_admin):
        assert as_(player).client.get("/provider").status_code == 403
        assert as_(player).get("~/provider/clients").status_code == 403
        assert as_(player).get(f"~/provider/clients/{ids.show('ten', alder)}/assignments").status_code == 403


# --- visits ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(as_, provider_admin, alder):
    """Paula has asked to enter Alder."""
    here = f"~/provider/clients/{ids.show('ten', alder)}/access-grants"
    answer = as_(provider_admin).post(here, {"reason": "A customer called about a bill"})
    assert answer.status_code == 201
    return answer.json["id"]


def come_in(browser, page):
    """Prove once more who one is, as it is asked for at the door of a client's books."""
    proved = form(browser, "/step-up", password=PASSWORD, next=page)
    assert (proved.status_code, proved.location) == (303, page)
    browser.csrf = browser.get("~/whoami").json["csrf_token"]


def test_paula_is_let_in_for_an_hour_and_every_look_is_kept(
    as_, provider_admin, manager, alder_admin, asked, slug, web_clock, web
):
    paula, marek = as_(provider_admin), as_(manager)
    assert paula.get(f"~/tenants/{slug}/invoices").status_code == 404
    decided = marek.post(f"~/tenants/{slug}/access-grants/{asked}/decision", {"allow": True, "why": "I know of it"})
    assert decided.json == {"ends_at": "2026-11-20T11:00:00Z"}
    at_the_door = paula.get(f"~/tenants/{slug}/invoices")
    assert (at_the_door.status_code, at_the_door.json["code"]) == (403, "proof_needed")
    led = paula.client.get(f"/c/{slug}/invoices")
    assert (led.status_code, led.location) == (303, f"/step-up?next=/c/{slug}/invoices")
    assert as_(alder_admin).get(f"~/tenants/{slug}/access-grants").json["items"][0]["visits"] == 0, "nothing was seen"
    copied = Browser(web.test_client(), paula.csrf)
    copied.client.set_cookie(COOKIE, paula.client.get_cookie(COOKIE, domain="localhost").value, domain="localhost")
    come_in(paula, f"/c/{slug}/invoices")
    assert paula.csrf != copied.csrf and copied.get("~/whoami").status_code == 401, "whoever copied her token is out"
    assert paula.get(f"~/tenants/{slug}/invoices").status_code == 200
    assert paula.client.get(f"/c/{slug}/invoices").status_code == 200
    assert paula.get(f"~/tenants/{slug}/history").status_code == 403, "to look at the books, not more"
    assert paula.post(f"~/tenants/{slug}/debtors", {"number": "1", "name": "x"}).status_code == 403
    assert paula.get("~/portfolio/worklist").status_code == 403
    toni = as_(alder_admin)
    (grant,) = toni.get(f"~/tenants/{slug}/access-grants").json["items"]
    assert (grant["person_name"], grant["state"], grant["decided_by_name"]) == (
        "Paula Adeyemi",
        "approved",
        "Marek Novak",
    )
    visits = toni.get(f"~/tenants/{slug}/access-grants/{asked}/visits").json["items"]
    assert [each["path"] for each in visits][-2:] == [f"/c/{slug}/invoices", f"/api/v1/tenants/{slug}/invoices"][
        ::1
    ] or len(visits) >= 2
    assert {f"/c/{slug}/invoices", f"/api/v1/tenants/{slug}/invoices"} <= {each["path"] for each in visits}
    assert all(each["request_id"] for each in visits) and grant["visits"] == len(visits)
    page = toni.client.get(f"/c/{slug}/access/{asked}").text
    assert "A customer called about a bill" in page and f"/c/{slug}/invoices" in page
    for minutes in (25, 50, 61):
        web_clock.stand_at(NOW + timedelta(minutes=minutes))
        seen = paula.get(f"~/tenants/{slug}/invoices").status_code
        assert seen == (404 if minutes > 60 else 200)
    assert toni.get(f"~/tenants/{slug}/access-grants").json["items"][0]["state"] == "ended"


def test_the_client_is_told_at_once(as_, manager, asked, slug, alder, web):
    as_(manager).post(f"~/tenants/{slug}/access-grants/{asked}/decision", {"allow": True})
    turn = Turn(
        alder, ids.new(), "tell_of_access", {"grant_id": str(ids.read("agr", asked))}, web.extensions["goodterms"]
    )
    with unit_of_work(scope.tenant(alder, actor="job")):
        lane.HANDLERS["tell_of_access"](turn)
        lane.HANDLERS["tell_of_access"](turn)
        (told,) = alerts.items("access")
    assert "Paula Adeyemi" in told["title"] and "A customer called about a bill" in told["reason"]


def test_a_request_that_is_refused_or_unknown_opens_nothing(as_, provider_admin, manager, asked, slug, alder, web):
    marek = as_(manager)
    base = f"~/tenants/{slug}/access-grants"
    assert marek.post(f"{base}/{asked}/decision", {"allow": False}).json == {"ends_at": None}
    assert marek.post(f"{base}/{asked}/decision", {"allow": True}).status_code == 404
    assert marek.post(f"{base}/{ids.show('agr', ids.new())}/decision", {"allow": True}).status_code == 404
    assert marek.get(f"{base}/{ids.show('agr', ids.new())}/visits").status_code == 404
    assert as_(provider_admin).get(f"~/tenants/{slug}/invoices").status_code == 404
    turn = Turn(alder, ids.new(), "tell_of_access", {"grant_id": str(ids.new())}, web.extensions["goodterms"])
    with unit_of_work(scope.tenant(alder, actor="job")):
        lane.HANDLERS["tell_of_access"](turn)


def test_nobody_lets_themselves_in(as_, slug, alder, in_alder):
    both = engage("Max Both", (alder, "specialist_manager"), side="provider", provider_role="provider_admin")
    max_ = as_(both)
    asked = max_.post(f"~/provider/clients/{ids.show('ten', alder)}/access-grants", {"reason": "I want to see it all"})
    answer = max_.post(f"~/tenants/{slug}/access-grants/{asked.json['id']}/decision", {"allow": True})
    assert (answer.status_code, answer.json["code"]) == (403, "own_request")


def test_a_client_shuts_a_visit_before_its_time(as_, provider_admin, manager, alder_admin, asked, slug):
    as_(manager).post(f"~/tenants/{slug}/access-grants/{asked}/decision", {"allow": True})
    paula, toni = as_(provider_admin), as_(alder_admin)
    come_in(paula, f"/c/{slug}/invoices")
    assert paula.get(f"~/tenants/{slug}/invoices").status_code == 200
    assert form(toni, f"/c/{slug}/access/{asked}/end").status_code == 303
    assert paula.get(f"~/tenants/{slug}/invoices").status_code == 404
    assert toni.post(f"~/tenants/{slug}/access-grants/{asked}/end").status_code == 404


@pytest.mark.parametrize("reason", ["", "why", "   short "])
def test_a_visit_needs_a_reason(in_alder, reason):
    with pytest.raises(access_grants.BadReason), in_alder:
        access_grants.ask(ids.new(), name="P", email="p@x.test", reason=reason, now=NOW)


def test_a_request_that_nobody_decides_lapses_in_a_day(in_alder):
    with in_alder:
        asked = access_grants.ask(ids.new(), name="P", email="p@x.test", reason="A customer called", now=NOW)
        late = NOW + access_grants.WAITS
        assert access_grants.listed(now=late)[0].state == "lapsed"
        with pytest.raises(access_grants.UnknownGrant):
            access_grants.decide(asked, allow=True, by=ids.new(), by_name="M", now=late)


def test_a_look_without_a_grant_is_not_answered(in_alder, alder, as_, slug):
    nobody = engage("Nora None", side="provider")
    with in_alder:
        memberships.let_in(nobody.id, name="N", email=nobody.email, role="visitor", now=NOW, ends_at=None)
    assert as_(nobody).get(f"~/tenants/{slug}/invoices").status_code == 404


# --- the history -----------------------------------------------------------------------------------------------------


@pytest.fixture
def story(in_alder):
    thing = ids.new()
    with in_alder:
        for n in range(60):
            history.note(
                "term.changed",
                about=("invoice", thing),
                at=NOW + timedelta(minutes=n),
                was={"n": n},
                became={"n": n + 1},
                reason="=1+1" if n == 59 else f"step {n}",
            )
    return ids.show("inv", thing)


def test_toni_reads_the_history_and_whether_it_is_whole(as_, alder_admin, slug, story):
    toni = as_(alder_admin)
    page = toni.client.get(f"/c/{slug}/history")
    assert page.status_code == 200 and "term.changed" in page.text and "step 58" in page.text
    further = re.search(r'rel="next" href="([^"]+)"', page.text)[1].replace("&amp;", "&")
    assert "step 3" in toni.client.get(further).text
    assert "step 58" in toni.client.get(f"/c/{slug}/history?object={story}&act=term.changed&actor=test").text
    assert "No lines" in toni.client.get(f"/c/{slug}/history?since=2026-12-01").text
    assert "step 2" in toni.client.get(f"/c/{slug}/history?since=2026-11-20&until=2026-11-20").text
    assert "The chain is whole" in toni.client.get(f"/c/{slug}/history/chain").text
    assert toni.client.get(f"/c/{slug}/history?since=nonsense").status_code == 422


def test_the_api_narrows_the_history_and_walks_its_chain(as_, alder_admin, slug, story, in_alder):
    toni, base = as_(alder_admin), f"~/tenants/{slug}/history"
    found = toni.get(f"{base}?act=term.changed&since=2026-11-20T10:58:00Z&limit=10").json["items"]
    assert [each["reason"] for each in found] == ["=1+1", "step 58"]
    assert len(found[0]["hash"]) == 64 and found[0]["number"] > found[1]["number"]
    chain = toni.get(f"{base}/chain").json
    assert chain["whole"] and chain["first_bad"] is None and len(chain["public_key"]) == 64
    me = toni.get("~/whoami").json["id"]
    toni.post(f"~/tenants/{slug}/people", {"email": f"{ids.new().hex[-8:]}@people.test", "role": "client_viewer"})
    mine = toni.get(f"{base}?actor=person:{me}").json["items"]
    assert [each["act"] for each in mine] == ["membership.given"] and mine[0]["request_id"]
    assert toni.get(f"{base}?actor=person:per_nonsense").json["items"] == []


def test_sofia_reads_what_she_did_herself_and_nothing_else(as_, specialist, manager, slug, story, debtor_contact):
    sofia, marek = as_(specialist), as_(manager)
    pause = {"kind": "pause", "debtor_id": ids.show("deb", debtor_contact.debtor_id), "ends_on": "2026-11-30"}
    for browser, why in ((sofia, "They asked Sofia"), (marek, "They asked Marek")):
        assert browser.post(f"~/tenants/{slug}/holds", pause | {"reason": why}).status_code == 201
    mine = sofia.get(f"~/tenants/{slug}/history/own").json["items"]
    assert {each["actor"] for each in mine} == {f"person:{sofia.get('~/whoami').json['id']}"}
    assert [each["reason"] for each in mine if each["act"] == "pause.opened"] == ["They asked Sofia"]
    assert sofia.get(f"~/tenants/{slug}/history/own?actor=test").status_code == 422, "of nobody else"
    assert sofia.get(f"~/tenants/{slug}/history").status_code == 403
    page = sofia.client.get(f"/c/{slug}/history/own").text
    assert "What you changed for" in page and "They asked Sofia" in page and "They asked Marek" not in page
    assert "term.changed" not in page and "Save as CSV" not in page and 'id="actor"' not in page
    assert "changed by you" in sofia.client.get(f"/c/{slug}/history/own?act=x.y").text
    assert "What I did" not in marek.client.get(f"/c/{slug}/history").text, "who reads all of it filters by a name"


def test_the_history_can_be_saved_and_holds_no_formula(as_, alder_approver, alder_viewer, slug, story):
    for path in (f"~/tenants/{slug}/history.csv?act=term.changed", f"/c/{slug}/history/table?act=term.changed"):
        answer = as_(alder_approver).get(path)
        assert answer.content_type.startswith("text/csv") and "attachment" in answer.headers["Content-Disposition"]
        rows = list(csv.DictReader(io.StringIO(answer.get_data(as_text=True).lstrip("\ufeff"))))
        assert len(rows) == 60 and rows[0]["reason"] == "'=1+1" and rows[1]["was"] == '{"n": 58}'
        assert as_(alder_viewer).get(path).status_code == 403


# --- the client's own way in -----------------------------------------------------------------------------------------


@pytest.fixture
def outside(web):
    """Alder's provider and the name service, in the place of the open internet."""
    before = web.extensions["goodterms"]
    web.extensions["goodterms"] = replace(before, providers=Idp(), names=MemoryNames())
    yield web.extensions["goodterms"]
    web.extensions["goodterms"] = before


def test_toni_connects_her_company_s_own_sign_in_tries_it_and_opens_it(as_, alder_admin, slug, outside):
    toni, base = as_(alder_admin), f"/c/{slug}/connections"
    sent = {"name": "Alder login", "issuer": ISSUER, "client_id": US, "secret": "s3cret", "jit": "true"}
    assert form(toni, base, **sent).status_code == 303
    assert form(toni, base, **sent).status_code == 422, "one issuer once"
    page = toni.client.get(base).text
    connection = re.search(r"connections/(idp_[0-9a-v]{26})/test", page)[1]
    assert "s3cret" not in page and "sign-in/company/return" in page
    assert form(toni, f"{base}/{connection}/open").status_code == 409, "not before it was tried"
    asked = form(toni, f"{base}/{connection}/test").headers["Refresh"]
    nonce, state = (re.search(rf"{name}=([^&]+)", asked)[1] for name in ("nonce", "state"))
    outside.providers.vouch(nonce)
    came = back(toni, {"state": state})
    assert came.status_code == 303 and "tested=una" in came.location
    assert "vouched for <strong>una@alder.test</strong>" in toni.client.get(came.location).text
    assert toni.get("~/whoami").json["email"] == alder_admin.email, "a trial signs nobody in"
    assert form(toni, f"{base}/{connection}/open").status_code == 303
    assert form(toni, f"{base}/{connection}/shut").status_code == 303


def test_toni_proves_a_domain_and_lets_it_go(as_, alder_admin, slug, outside):
    toni, base = as_(alder_admin), f"/c/{slug}/connections"
    assert form(toni, f"{base}/domains", domain="orchard.test").status_code == 303
    assert form(toni, f"{base}/domains/check", domain="orchard.test").status_code == 409
    word = re.search(r"goodterms-verification=[0-9a-f]{32}", toni.client.get(base).text)[0]
    outside.names.records["orchard.test"] = [word]
    assert form(toni, f"{base}/domains/check", domain="orchard.test").status_code == 303
    assert "not yet" not in toni.client.get(base).text
    assert form(toni, f"{base}/domains/drop", domain="orchard.test").status_code == 303


def test_toni_makes_a_token_for_her_directory_and_says_what_its_groups_mean(as_, alder_admin, slug, web):
    toni, base = as_(alder_admin), f"/c/{slug}/connections"
    page = form(toni, f"{base}/tokens", name="Entra")
    token = re.search(r"gt_scim_[\w-]+", page.text)[0]
    assert page.status_code == 201 and token not in toni.client.get(base).text
    headers = {"Authorization": f"Bearer {token}"}
    made = web.test_client().post("/scim/v2/Groups", json={"displayName": "Finance"}, headers=headers)
    assert form(toni, f"{base}/groups/{made.json['id']}", role="client_viewer").status_code == 303
    assert 'value="client_viewer" selected' in toni.client.get(base).text
    assert form(toni, f"{base}/groups/{made.json['id']}", role="").status_code == 303
    handle = re.search(r"tokens/(sct_[0-9a-v]{26})/revoke", toni.client.get(base).text)[1]
    assert form(toni, f"{base}/tokens/{handle}/revoke").status_code == 303
    assert web.test_client().get("/scim/v2/Groups", headers=headers).status_code == 401


def test_nobody_else_sees_the_way_in(as_, alder_viewer, alder_approver, specialist, manager, slug):
    for player in (alder_viewer, alder_approver, specialist, manager):
        assert as_(player).client.get(f"/c/{slug}/connections").status_code == 403
