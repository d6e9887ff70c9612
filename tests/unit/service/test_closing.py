"""Paula and Petra of the provider end the work for Alder: nothing leaves any more, Alder's people read, and there is a
way back."""

import json
from datetime import timedelta

import pytest

from console import cli
from service.identity import COOKIE
from tenants.collections import test_mode as trial
from tenants.delivery import links as portal_links
from tenants.directory import clients, closings, memberships, sessions
from tenants.directory.closings import BadClosing, NotClosed, OwnClosing, Person, UnknownClosing
from tenants.directory.provisioning import tokens
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.factories import an_invoice
from tests.unit.service.conftest import Browser
from tests.unit.service.oauth.desk import register
from tests.unit.service.test_staff import wear
from tests.unit.service.test_welcome import form, post, sent  # noqa: F401  (fixtures)

WHY = "They work with somebody else"


@pytest.fixture
def slug(in_alder):
    with in_alder:
        return clients.profile().slug


@pytest.fixture
def paula(post, as_, provider_admin):  # noqa: F811
    return as_(provider_admin)


@pytest.fixture
def petra(as_):
    return as_(engage("Petra Lund", side="provider", provider_role="provider_admin"))


@pytest.fixture
def closed(paula, petra, alder, slug, alder_admin, manager):
    """Alder is closed; the address of the provider's page about it."""
    there = f"/provider/clients/{ids.show('ten', alder)}"
    assert form(paula, f"{there}/close", short_name=slug, reason=WHY, readable_days="30").status_code == 303
    waiting = paula.get(f"~{there}/closing").json["request"]["id"]
    assert form(petra, f"{there}/close/{waiting}", agree="true", why="Agreed with Toni").status_code == 303
    return there


def at(web, player, moment):
    """A browser in which somebody signed in just before then."""
    with unit_of_work(scope.platform(actor="test", reason="a test signs somebody in")):
        fresh = sessions.start(player.id, now=moment - timedelta(seconds=1))
    client = web.test_client()
    client.set_cookie(COOKIE, fresh.token, domain="localhost")
    return Browser(client, fresh.csrf_token)


def test_paula_sees_what_would_stop_and_cannot_close_alder_alone(paula, petra, alder, slug, debtor_contact, sent):  # noqa: F811
    an_invoice(alder, debtor_contact.debtor_id, amount=120_50)
    there = f"/provider/clients/{ids.show('ten', alder)}"
    page = paula.client.get(f"{there}/close").text
    assert "What would stop" in page and f"Type its short name, {slug}" in page and "120" not in page
    assert (
        paula.get(f"~{there}/closing").json["stops"] | {"open_invoices": 1, "owing_customers": 1}
        == (paula.get(f"~{there}/closing").json["stops"])
    )
    wrong = form(paula, f"{there}/close", short_name="birch", reason=WHY, readable_days="30")
    assert (
        wrong.status_code == 422
        and 'aria-invalid="true" aria-describedby="refused"' in wrong.text
        and WHY in wrong.text
    )
    asked = paula.post(f"~{there}/closing", {"short_name": slug, "reason": WHY})
    assert asked.status_code == 201 and asked.json["request"]["readable_days"] == closings.READABLE_DAYS
    answer = f"~{there}/closing/{asked.json['request']['id']}/answer"
    assert paula.post(f"~{there}/closing", {"short_name": slug, "reason": WHY}).json["code"] == "closing_asked"
    own = paula.post(answer, {"agree": True})
    assert (own.status_code, own.json["code"]) == (403, "own_request")
    assert "closing waits for a second person" in petra.client.get(f"/provider?q={slug}").text
    assert "Agree: close it now" in petra.client.get(f"{there}/close").text
    assert "Withdraw it" in paula.client.get(f"{there}/close").text
    assert paula.post(answer, {"agree": False}).json["request"]["state"] == "refused"
    assert petra.post(answer, {"agree": True}).status_code == 404, "it was withdrawn"
    assert paula.get(f"~{there}/closing").json["state"] == "live"


def test_nobody_else_closes_a_client(as_, manager, alder_admin, alder, slug):
    there = f"~/provider/clients/{ids.show('ten', alder)}/closing"
    for player in (manager, alder_admin):
        assert as_(player).post(there, {"short_name": slug, "reason": WHY}).status_code == 403
        assert as_(player).get(there).status_code == 403


def test_closed_alder_is_read_and_not_changed(closed, as_, alder_admin, manager, slug, sent, web_clock, web):  # noqa: F811
    (letter,) = sent(alder_admin.email)
    assert letter.subject == "Alder Tools GmbH was closed" and "read and export the books until" in letter.text
    toni, lead = as_(alder_admin), as_(manager)
    page = toni.client.get(f"/c/{slug}/invoices")
    assert page.status_code == 200 and "Its books can be read and exported until" in page.text
    assert toni.client.get(f"/c/{slug}/history/table").status_code == 200
    history = toni.get(f"~/tenants/{slug}/history").json["items"]
    told = next(each for each in history if each["act"] == "client.closed")
    assert told["reason"] == "Agreed with Toni" and told["became"]["asked_by"] == "Paula Adeyemi"
    refused = toni.post(f"~/tenants/{slug}/test-mode", {"reason": "To be sure"})
    assert (refused.status_code, refused.json["code"]) == (403, "client_closed")
    assert lead.client.get(f"/c/{slug}/invoices").status_code == 200
    assert slug not in lead.client.get("/my-day").text.split("<main")[1]
    me = toni.get("~/whoami").json["clients"]
    assert [each["readable_until"][:10] for each in me] == ["2026-12-20"]
    assert {each.partition(".")[2] for each in me[0]["permissions"]} == {"read", "end", "export", "write"}
    assert [each for each in me[0]["permissions"] if each.endswith(".write")] == ["export.write"]
    web_clock.move(timedelta(days=31))
    assert at(web, alder_admin, web_clock.now()).client.get(f"/c/{slug}/invoices").status_code == 404


def test_whoever_leaves_closed_alder_can_be_let_go_and_nobody_comes(
    closed, as_, alder, alder_admin, alder_viewer, manager, specialist, slug, web
):
    """Toni ends what lets people and machines in; to let anybody in is refused, on the pages and in the API."""
    with unit_of_work(scope.tenant(alder, actor="test")):
        held = {each.person_id: ids.show("mem", each.id) for each in memberships.live(now=NOW)}
        token = ids.show("sct", tokens.make("Directory", now=NOW)[0])
    machine = register(web, alder)
    toni, lead, there = as_(alder_admin), as_(manager), f"/c/{slug}"
    page = toni.client.get(f"{there}/people").text
    assert 'aria-label="End Viewer of' in page and "Give somebody a role" not in page
    assert "Give it" not in page and f"tokens/{token}/revoke" in toni.client.get(f"{there}/connections").text
    callers = toni.client.get(f"{there}/api-clients").text
    assert 'aria-label="End Alder' in callers and "New secret" not in callers
    new = {"email": "new@alder.test", "role": "client_viewer"}
    own = ids.show("api", machine.own_id)
    assert toni.post(f"~/tenants/{slug}/people", new).json["code"] == "client_closed"
    assert form(toni, f"{there}/connections/tokens", name="Another").status_code == 403
    assert toni.post(f"~/tenants/{slug}/api-clients/{own}/secret").json["code"] == "client_closed"
    assert lead.post(f"~/tenants/{slug}/assignments", new).json["code"] == "client_closed"
    assert toni.post(f"~/tenants/{slug}/people/{held[alder_viewer.id]}/end", {"reason": "Left"}).status_code == 200
    assert as_(alder_viewer).client.get(f"{there}/invoices").status_code == 404, "with the next click"
    assert lead.post(f"~/tenants/{slug}/assignments/{held[specialist.id]}/end", {}).status_code == 200
    assert form(toni, f"{there}/connections/tokens/{token}/revoke").status_code == 303
    assert toni.post(f"~/tenants/{slug}/api-clients/{own}/revoke", {}).json["revoked_at"]
    last = toni.post(f"~/tenants/{slug}/people/{held[alder_admin.id]}/end", {})
    assert (last.status_code, last.json["code"]) == (403, "own_role")


def test_dana_who_follows_her_link_is_sent_to_alder_itself(closed, web, alder, debtor_contact):
    with unit_of_work(scope.tenant(alder, actor="test")):
        clients.change(contact_name="Ada Holm", contact_email="ada@alder.test")
        link, ends = portal_links.make(
            debtor_contact.debtor_id, contact_id=debtor_contact.contact_id, invoice_id=None, message_id=None, now=NOW
        )
    secret = web.extensions["goodterms"].settings.secret_key
    answer = web.test_client().get(f"/p/{portal_links.token(alder, link_id=link, expires_at=ends, secret=secret)}")
    assert answer.status_code == 410
    assert "no longer shows its invoices here" in answer.text and "Ada Holm, ada@alder.test" in answer.text


def test_the_way_back_leads_into_test_mode(closed, paula, petra, in_alder, as_, alder_admin, slug, sent):  # noqa: F811
    assert "Open it again" in paula.client.get(f"{closed}/close").text
    assert form(paula, f"{closed}/reopen", reason="They came back to us").status_code == 303
    with in_alder:
        assert clients.profile().state == "live" and trial.since() is not None
    assert sent(alder_admin.email)[-1].subject == "Alder Tools GmbH is open again"
    toni = as_(alder_admin)
    assert "Test mode" in toni.client.get(f"/c/{slug}/invoices").text
    acts = [each["act"] for each in paula.get("~/provider/history").json["items"][:3]]
    assert acts == ["client.reopened", "client.closed", "client.closing_asked"]
    assert form(petra, f"{closed}/reopen", reason="Once more, please").status_code == 409


def test_what_cannot_be_taken_is_said_and_a_request_lapses(alder, slug):
    paula, petra = Person(ids.new(), "Paula"), Person(ids.new(), "Petra")

    def inside():
        return unit_of_work(scope.tenant(alder, actor="test"))

    for over, pointer in (({"reason": "No"}, "/reason"), ({"readable_days": 3}, "/readable_days")):
        with pytest.raises(BadClosing) as refused, inside():
            closings.ask(paula, **{"short_name": slug, "reason": WHY} | over, now=NOW)
        assert refused.value.pointer == pointer
    with inside():
        first = closings.ask(paula, short_name=slug, reason=WHY, now=NOW)
    later = NOW + closings.WAITS
    with pytest.raises(UnknownClosing), inside():
        closings.decide(first, agree=True, by=petra, now=later)
    with pytest.raises(UnknownClosing), inside():
        closings.decide(ids.new(), agree=True, by=petra, now=later)
    with inside():
        second = closings.ask(paula, short_name=slug, reason=WHY, now=later)
    with pytest.raises(OwnClosing), inside():
        closings.decide(second, agree=True, by=paula, now=later)
    with inside():
        assert closings.decide(second, agree=True, by=petra, now=later).decided_by_name == "Petra"
    with pytest.raises(closings.ClientClosed), inside():
        closings.ask(paula, short_name=slug, reason=WHY, now=later)
    with pytest.raises(BadClosing), inside():
        closings.reopen(by=paula, now=later, reason="Oh")
    with pytest.raises(NotClosed), inside():
        closings.reopen(by=paula, now=later + timedelta(days=closings.READABLE_DAYS), reason="Far too late")


def test_the_command_shows_asks_agrees_and_opens_again(settings, monkeypatch, capsys, provider_admin, alder, slug):
    wear(settings, monkeypatch)
    petra = engage("Petra Lund", side="provider", provider_role="provider_admin")
    said = []

    def run(*words):
        with pytest.raises(SystemExit) as end:
            cli.main(["client", *words, "--json"])
        told = capsys.readouterr().out
        said.append(json.loads(told) if told else {})
        return end.value.code

    first, second = ["--person", provider_admin.email], ["--person", petra.email]
    assert run("close", slug, *first) == 0 and said[-1]["request"] is None and said[-1]["stops"]["people"] == 0
    assert run("close", slug, *second, "--agree") == 4, "nobody has asked"
    assert run("close", slug, *first, "--reason", WHY) == 0 and said[-1]["request"] == "asked"
    assert run("close", slug, *first, "--agree") == 4, "not alone"
    assert run("close", slug, *second, "--agree") == 0 and said[-1]["state"] == "closed"
    assert run("reopen", slug, *first, "--reason", "They came back") == 0 and said[-1]["state"] == "live"
    assert run("close", slug, *first, "--agree", "--refuse") == 2
    assert run("close", "no-such-client", *first) == 2
