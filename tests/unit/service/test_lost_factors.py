"""Who lost what they prove themselves with is helped by somebody who answers for them, and hears of it."""

import json
from uuid import uuid4

import pytest

from console import cli
from tenants import store
from tenants.directory import factors, letters, memberships, people, provider_history
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, engage
from tests.unit.service import test_staff, test_welcome
from tests.unit.service.test_staff import HERE, an_address, one, wear
from tests.unit.service.test_welcome import form
from tests.unit.service.world_of_people import equip

paula, post, sent = test_staff.paula, test_welcome.post, test_welcome.sent

LETTERS = "SELECT said FROM identity.letter WHERE email = :email AND purpose = :purpose"


def test_a_person_who_lost_the_telephone_is_helped_by_an_admin_and_hears_of_it(
    as_, alder_admin, alder_viewer, birch, on_platform, alder_world
):
    slug, toni, vera = alder_world.slug, as_(alder_admin), as_(alder_viewer)
    with on_platform:
        equip(alder_viewer.id, world=alder_world)
        equip(alder_admin.id, world=alder_world)
    shown = toni.client.get(f"/c/{slug}/people").text
    assert shown.count("Lost the second factor?") == 1, "her own factors are under My account"
    members = {each["person_email"]: each["id"] for each in toni.get(f"~/tenants/{slug}/people").json["items"]}
    reset = "/c/{}/people/{}/second-factor/reset"
    assert form(as_(alder_viewer), reset.format(slug, members[alder_viewer.email])).status_code == 403
    assert form(toni, reset.format(slug, members[alder_admin.email])).status_code == 403
    with unit_of_work(scope.tenant(birch, actor="test")):
        held = memberships.give(alder_viewer.id, name="Vera", email="v@x.test", role="client_viewer", now=NOW)
    assert "works for another client too" in form(toni, reset.format(slug, members[alder_viewer.email])).text
    with unit_of_work(scope.tenant(birch, actor="test")):
        memberships.end(held, now=NOW)
    why = {"reason": "Her telephone is at the bottom of the lake"}
    assert form(toni, reset.format(slug, members[alder_viewer.email]), **why).status_code == 303
    assert vera.get("~/whoami").status_code == 401, "every browser is signed out"
    with on_platform:
        assert not factors.held(alder_viewer.id).any
        assert people.has_password(alder_viewer.id), "and nobody but Vera knows her password"
        (letter,) = store.run_identity(LETTERS, email=alder_viewer.email, purpose=letters.FACTOR).scalars()
        assert letter["by"] == "Toni Keller" and "taken away" in letter["what"]
    line = toni.get(f"~/tenants/{slug}/history?limit=1").json["items"][0]
    assert (line["act"], line["reason"]) == ("second_factor.taken_away", why["reason"])
    assert toni.post(f"~/tenants/{slug}/people/{members[alder_viewer.email]}/second-factor/reset", {}).json["code"] == (
        "nothing_held"
    )


def test_a_colleague_who_lost_the_telephone_is_helped_by_an_administrator(
    paula,
    provider_admin,
    on_platform,
    alder_world,
    sent,
):
    nora = engage("Nora Lund", side="provider")
    stranger = ids.show("per", uuid4())
    with on_platform:
        for each in (nora, provider_admin):
            equip(each.id, world=alder_world)
    here = f"{HERE}/{ids.show('per', nora.id)}/second-factor/reset"
    assert here in paula.client.get(HERE).text
    assert form(paula, here).status_code == 303 and not one(paula, nora.email)["has_factor"]
    (letter,) = sent(nora.email)
    assert letter.subject == "Your way in was changed" and "taken away on" in letter.text
    assert ", by Paula Adeyemi." in letter.text and "/sign-in/help" in letter.text
    assert paula.get("~/provider/history?limit=1").json["items"][0]["act"] == "second_factor.taken_away"
    assert paula.post(f"~{here}").json["code"] == "nothing_held"
    mine = f"{HERE}/{ids.show('per', provider_admin.id)}/second-factor/reset"
    assert form(paula, mine).status_code == 409
    assert form(paula, f"{HERE}/{stranger}/second-factor/reset").status_code == 404


def test_who_came_in_by_a_passkey_alone_gets_a_new_invitation(paula, on_platform, alder_world, sent):
    nora = an_address()
    with on_platform:
        person = people.add(nora, name="Nora Lund", side="provider", now=NOW)
        equip(person, world=alder_world)
    assert paula.post(f"~{HERE}/{ids.show('per', person)}/second-factor/reset").status_code == 200
    assert ["/welcome/" in each.text for each in sent(nora)] == [False, True]


def test_an_operator_helps_whoever_has_nobody_else(
    settings, monkeypatch, capsys, alder_viewer, on_platform, alder_world
):
    wear(settings, monkeypatch)
    with on_platform:
        equip(alder_viewer.id, world=alder_world)
    ends, told = [], []
    for email in (alder_viewer.email, alder_viewer.email, "nobody.here@people.test"):
        with pytest.raises(SystemExit) as end:
            cli.main(["people", "reset-factor", email, "--reason", "She stood at my desk", "--json"])
        ends.append(end.value.code)
        told.append(capsys.readouterr().out)
    assert ends[0] == 0 and 0 not in ends[1:], "nothing is left to take away, and nobody has this address"
    assert json.loads(told[0]) == {"email": alder_viewer.email, "reset": True}
    with on_platform:
        act = provider_history.page(limit=1)[0]
        assert (act.act, act.actor, act.reason) == ("second_factor.taken_away", "command line", "She stood at my desk")
        assert not factors.held(alder_viewer.id).any
