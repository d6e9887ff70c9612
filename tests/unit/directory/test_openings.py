"""How a client begins, and who may come into its empty books first."""

import pytest

from tenants import store
from tenants.directory import clients, openings, people
from tenants.directory.assignments import InAlready, WrongSide
from tenants.directory.clients import BadClient, SlugTaken
from tenants.isolation import scope
from tenants.values import ids
from tenants.values.calendars import UnknownZone
from tenants.values.money import UnknownCurrency
from tenants.work import unit_of_work
from tests.cast import NOW, PASSWORD, engage


def words(**over):
    mark = str(ids.new())[-12:]
    return {
        "slug": f"cedar-{mark}",
        "legal_name": "Cedar  Sp. z o.o. ",
        "base_currency": "PLN",
        "time_zone": "Europe/Warsaw",
        "country": "PL",
        "admin_email": f"Ewa.{mark}@people.test",
        "admin_name": "Ewa Nowak",
    } | over


def begin(**over):
    with unit_of_work(scope.tenant(ids.new(), actor="test")):
        return openings.begin(**words(**over), now=NOW)


def inside(opened):
    return unit_of_work(scope.tenant(opened.id, actor="test"))


def test_cedar_begins_in_test_mode_with_one_admin_who_was_written_to(shell, on_platform):
    opened = begin()
    with inside(opened):
        cedar, admins = clients.profile(), openings.admins(now=NOW)
        told = store.run("SELECT act, became, reason FROM history WHERE tenant_id = :tenant ORDER BY seq").all()
    assert (cedar.legal_name, cedar.test_since_at, cedar.language) == ("Cedar Sp. z o.o.", NOW, "en")
    assert [(each.person_name, each.role) for each in admins.held] == [("Ewa Nowak", "tenant_admin")]
    assert admins.all_wait and admins.held[0].person_email == opened.admin_email == opened.admin_email.lower()
    assert [row.act for row in told] == ["client.opened", "membership.given"]
    assert (told[0].became["short_name"], told[1].reason) == (opened.slug, "First admin")
    with on_platform:
        letters = store.run_identity("SELECT purpose, said FROM identity.letter WHERE email = :e", e=opened.admin_email)
        assert [tuple(row) for row in letters] == [("invitation", {"by": "", "where": "Cedar Sp. z o.o."})]


@pytest.mark.parametrize(
    ("over", "refusal", "pointer"),
    [
        ({"slug": "Cedar!"}, BadClient, "/slug"),
        ({"slug": "c"}, BadClient, "/slug"),
        ({"legal_name": "  "}, BadClient, "/legal_name"),
        ({"country": "XX"}, BadClient, "/country"),
        ({"base_currency": "PLX"}, UnknownCurrency, "/base_currency"),
        ({"time_zone": "Europe/Wars"}, UnknownZone, "/time_zone"),
        ({"admin_email": "ewa"}, BadClient, "/admin_email"),
    ],
)
def test_words_that_cannot_be_right_leave_no_client_and_no_person(shell, on_platform, over, refusal, pointer):
    said = words(**over)
    with unit_of_work(scope.tenant(ids.new(), actor="test")):
        with pytest.raises(refusal) as refused:
            openings.begin(**said, now=NOW)
        with pytest.raises(clients.UnknownClient):
            clients.profile()
    assert refused.value.pointer == pointer and refused.value.remedy
    with on_platform:
        assert people.find(said["admin_email"]) is None


def test_a_short_name_is_one_client_s_alone(shell, alder, in_alder):
    with in_alder:
        taken = clients.profile().slug
    with pytest.raises(SlugTaken):
        begin(slug=taken)


def test_the_provider_s_people_are_no_client_s_admin_nor_is_who_was_shut_out(shell, on_platform, specialist, birch):
    gone = engage("Greta Gone", (birch, "client_viewer"))
    with on_platform:
        people.disable(gone.id, now=NOW)
    for each in (specialist, gone):
        with pytest.raises(WrongSide):
            begin(admin_email=each.email)


def test_until_somebody_has_come_in_a_mistyped_address_is_mended(shell, on_platform):
    opened, other = begin(admin_email=f"typo.{ids.new()}@people.test"), f"ewa.{ids.new()}@people.test"
    with inside(opened):
        first = openings.admins(now=NOW).held[0]
        assert openings.invite_admin(first.person_email.upper(), name="", now=NOW) == first.id, "the same once more"
        second = openings.invite_admin(other, name="Ewa", now=NOW)
        assert {each.id for each in openings.admins(now=NOW).held} == {first.id, second}
        with pytest.raises(BadClient):
            openings.invite_admin("ewa", name="", now=NOW)
    with on_platform:
        people.set_password(people.find(other).id, password=PASSWORD, now=NOW)
    with inside(opened):
        with pytest.raises(InAlready) as refused:
            openings.invite_admin(f"more.{ids.new()}@people.test", name="", now=NOW)
        assert not openings.admins(now=NOW).all_wait and "admin" in refused.value.remedy
