"""Who people are, which clients they can enter, and with which rights."""

from datetime import timedelta

import pytest

from tenants.directory import access, memberships, passwords, people, permissions, sessions
from tenants.events import history
from tenants.values import ids
from tests.cast import NOW, Door, Player


def test_an_address_belongs_to_one_person(on_platform: Door, specialist: Player):
    with on_platform:
        assert people.find(specialist.email.upper()).id == specialist.id
    with on_platform, pytest.raises(people.PersonKnown):
        people.add(specialist.email.upper(), name="Somebody Else", side="client", now=NOW)


@pytest.mark.parametrize(("email", "side"), [("nobody", "client"), ("@x.test", "client"), ("a@x.test", "debtor")])
def test_words_that_make_no_person_are_refused(on_platform: Door, email, side):
    with on_platform, pytest.raises(people.BadPerson):
        people.add(email, name="N", side=side, now=NOW)


def test_a_stranger_is_not_found(on_platform: Door):
    with on_platform:
        assert people.find("stranger@nowhere.test") is None


def test_a_role_of_clients_cannot_be_held_at_the_provider(on_platform: Door, specialist: Player):
    with on_platform, pytest.raises(people.BadPerson):
        people.give_provider_role(specialist.id, role="tenant_admin")


def test_sofia_enters_both_clients_and_vera_only_alder(on_platform, specialist, alder_viewer, alder, birch):
    with on_platform:
        sofias = access.visible_clients(specialist.id, now=NOW)
        veras = access.visible_clients(alder_viewer.id, now=NOW)
    assert {each.tenant_id for each in sofias} == {alder, birch}
    assert [each.name for each in sofias] == ["Alder Tools GmbH", "Birch Foods Ltd"]
    assert [(each.tenant_id, each.roles) for each in veras] == [(alder, frozenset({"client_viewer"}))]
    assert ids.read("ten", veras[0].public_id) == alder


def test_the_provider_admin_enters_no_client(on_platform, provider_admin, alder, birch):
    with on_platform:
        assert access.visible_clients(provider_admin.id, now=NOW) == ()


def test_roles_of_one_person_add_up(on_platform, in_alder, alder_viewer, alder):
    with in_alder:
        memberships.give(
            alder_viewer.id, name=alder_viewer.name, email=alder_viewer.email, role="tenant_admin", now=NOW
        )
    with on_platform:
        (client,) = access.visible_clients(alder_viewer.id, now=NOW)
    assert client.roles == {"client_viewer", "tenant_admin"}


def test_a_membership_that_ended_opens_nothing_a_moment_later(on_platform, in_alder, alder_viewer):
    with in_alder:
        (held,) = memberships.live(now=NOW)
        assert (held.person_id, held.role) == (alder_viewer.id, "client_viewer")
        memberships.end(held.id, now=NOW + timedelta(seconds=1), reason="left the company")
    with on_platform:
        assert access.visible_clients(alder_viewer.id, now=NOW)
        assert access.visible_clients(alder_viewer.id, now=NOW + timedelta(seconds=1)) == ()
    with in_alder:
        (last,) = history.about("membership", held.id)
        assert (last.act, last.reason) == ("membership.ended", "left the company")


def test_a_membership_ends_once(in_alder, alder_viewer):
    with in_alder:
        (held,) = memberships.live(now=NOW)
        memberships.end(held.id, now=NOW)
        with pytest.raises(memberships.UnknownMembership):
            memberships.end(held.id, now=NOW)


def test_a_membership_of_birch_cannot_be_ended_from_alder(in_alder, in_birch, birch_viewer):
    with in_birch:
        (held,) = memberships.live(now=NOW)
    with in_alder, pytest.raises(memberships.UnknownMembership):
        memberships.end(held.id, now=NOW)


def test_access_for_a_while_ends_by_itself(on_platform, in_alder, provider_admin):
    until = NOW + timedelta(hours=1)
    with in_alder:
        memberships.give(
            provider_admin.id, name="Paula", email="p@x.test", role="specialist", now=NOW, ends_at=until, reason="help"
        )
    with on_platform:
        assert access.visible_clients(provider_admin.id, now=until - timedelta(seconds=1))
        assert not access.visible_clients(provider_admin.id, now=until)


@pytest.mark.parametrize("role", ["provider_admin", "visitor", "king"])
def test_a_role_that_no_client_has_is_refused(in_alder, alder_viewer, role):
    with in_alder, pytest.raises(memberships.UnknownRole):
        memberships.give(alder_viewer.id, name="V", email="v@x.test", role=role, now=NOW)


RIGHTS = [  # permission, specialist, manager, provider admin, viewer, approver, tenant admin, visitor, debtor contact
    ("ledger.read", 1, 1, 0, 1, 1, 1, 1, 0),
    ("ledger.write", 1, 1, 0, 0, 0, 0, 0, 0),
    ("contacts.read", 1, 1, 0, 0, 1, 0, 0, 0),
    ("import.write", 1, 1, 0, 0, 0, 1, 0, 0),
    ("delivery.read", 1, 1, 0, 1, 1, 1, 1, 0),
    ("delivery.write", 1, 1, 0, 0, 0, 0, 0, 0),
    ("collections.write", 1, 1, 0, 0, 1, 0, 0, 0),
    ("alerts.write", 1, 1, 0, 0, 0, 0, 0, 0),
    ("portfolio.read", 1, 1, 0, 0, 0, 0, 0, 0),
    ("rules.read", 1, 1, 0, 1, 1, 1, 1, 0),
    ("rules.propose", 1, 1, 0, 0, 0, 1, 0, 0),
    ("rules.write", 0, 0, 0, 0, 0, 1, 0, 0),
    ("rules.publish", 0, 0, 0, 0, 0, 1, 0, 0),
    ("people.write", 0, 0, 0, 0, 0, 1, 0, 0),
    ("people.end", 0, 0, 0, 0, 0, 1, 0, 0),
    ("approvals.decide", 0, 0, 0, 0, 1, 0, 0, 0),
    ("history.read", 0, 1, 0, 1, 1, 1, 0, 0),
    ("own_history.read", 1, 1, 0, 0, 0, 0, 0, 0),
    ("export.write", 1, 1, 0, 0, 1, 1, 0, 0),
    ("history.export", 0, 1, 0, 0, 1, 1, 0, 0),
    ("connections.write", 0, 0, 0, 0, 0, 1, 0, 0),
    ("access.ask", 0, 0, 1, 0, 0, 0, 0, 0),
    ("access.decide", 0, 1, 0, 0, 0, 0, 0, 0),
    ("access.read", 0, 1, 0, 0, 1, 1, 0, 0),
    ("access.end", 0, 1, 0, 0, 0, 1, 0, 0),
    ("people.read", 0, 1, 0, 1, 1, 1, 0, 0),
    ("team.write", 0, 1, 0, 0, 0, 0, 0, 0),
    ("team.end", 0, 1, 0, 0, 0, 0, 0, 0),
    ("connections.end", 0, 0, 0, 0, 0, 1, 0, 0),
    ("api_clients.end", 0, 0, 0, 0, 0, 1, 0, 0),
    ("platform.read", 0, 0, 1, 0, 0, 0, 0, 0),
    ("portal.read", 0, 0, 0, 0, 0, 0, 0, 1),
]


@pytest.mark.parametrize("row", RIGHTS, ids=lambda row: row[0])
def test_the_matrix_gives_each_right_to_whom_it_says(row):
    permission, *expected = row
    assert [permissions.allowed([role], permission) for role in permissions.MATRIX] == [bool(each) for each in expected]


def test_the_provider_admins_rights_touch_no_clients_data():
    others = frozenset().union(*(rights for role, rights in permissions.MATRIX.items() if role != "provider_admin"))
    assert not permissions.MATRIX["provider_admin"] & others


def test_an_unknown_role_gives_nothing_and_an_unknown_permission_is_a_fault_of_ours():
    assert not permissions.allowed(["king"], "ledger.read")
    with pytest.raises(LookupError):
        permissions.allowed(["specialist"], "ledger.raed")


@pytest.mark.parametrize("password", ["short", "x" * 201])
def test_a_password_that_is_too_short_or_too_long_is_refused(password):
    with pytest.raises(passwords.WeakPassword):
        passwords.make_hash(password)


def test_a_kept_password_is_argon2id_with_the_stated_costs_and_fits_only_itself():
    kept = passwords.make_hash("a sentence nobody says")
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert passwords.fits("a sentence nobody says", kept)
    assert not passwords.fits("a sentence nobody said", kept)
    assert not passwords.fits("anything", "not a hash")
    assert not passwords.is_outdated(kept)


def test_nobody_has_no_password_not_even_the_one_that_is_hashed_for_nobody():
    assert not passwords.fits("nobody at all", None)


def test_a_person_can_start_with_a_password_and_not_with_a_weak_one(on_platform: Door, shell):
    address = f"nina.{ids.new().hex[-8:]}@people.test"
    with on_platform:
        people.add(address, name="Nina", side="client", now=NOW, password="a fair word of her own")
        assert sessions.sign_in(address, password="a fair word of her own", now=NOW)
    with on_platform, pytest.raises(passwords.WeakPassword):
        people.add("x" + address, name="Nina", side="client", now=NOW, password="short")
