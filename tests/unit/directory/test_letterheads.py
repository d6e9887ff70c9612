"""What a client says of itself on its letters, and where it wants to be paid."""

import pytest

from tenants import store
from tenants.directory import access, clients, letterheads
from tenants.directory.clients import BadClient
from tests.cast import NOW, Door

GERMAN, BRITISH = "DE02120300000000202051", "GB33BUKB20201555555555"


def change(**parts):
    return letterheads.change(**parts, now=NOW, real=NOW)


def told():
    rows = store.run(
        "SELECT was, became FROM history WHERE tenant_id = :tenant AND act = 'letterhead.changed' ORDER BY seq"
    )
    return [tuple(row) for row in rows]


def test_alder_says_who_writes_and_the_history_what_was_there_before(in_alder: Door):
    with in_alder:
        change(contact_name=" Ada Holm ", address="Werft 1\n20457 Hamburg", accent="#224466")
        assert change(contact_name="Ada Holm").contact_name == "Ada Holm", "the same again changes nothing"
        change(contact_name="Bea Lund")
    with in_alder:
        assert clients.profile().address == "Werft 1\n20457 Hamburg"
        (_, first), (was, became) = told()
        assert first["accent"] == "#224466" and (was, became) == (
            {"contact_name": "Ada Holm"},
            {"contact_name": "Bea Lund"},
        )


def test_a_client_that_changes_its_name_is_called_so_everywhere(in_alder: Door, alder_admin, on_platform):
    with in_alder:
        assert change(legal_name="Alder  Werkzeuge AG", contact_name="Ada").legal_name == "Alder Werkzeuge AG"
        change(language="de")
        with pytest.raises(BadClient):
            change(legal_name="  ")
    with in_alder:
        assert (clients.profile().legal_name, clients.profile().language) == ("Alder Werkzeuge AG", "de")
        assert [became for _, became in told()] == [
            {"legal_name": "Alder Werkzeuge AG", "contact_name": "Ada"},
            {"language": "de"},
        ]
    with on_platform:
        assert [each.name for each in access.visible_clients(alder_admin.id, now=NOW)] == ["Alder Werkzeuge AG"]


def test_a_change_of_the_account_is_written_to_every_admin_and_shown_by_its_ends(in_alder, on_platform, alder_admin):
    with in_alder:
        change(iban="DE02 1203 0000 0000 2020 51", bic="bylademm", bank_name="A bank")
        assert (clients.profile().iban, clients.profile().bic) == (GERMAN, "BYLADEMM")
        change(bank_name="Another bank")
    with in_alder:
        assert told()[0][1] == {"iban": "DE02…2051", "bic": "BYLADEMM", "bank_name": "A bank"}
        kept = store.run("SELECT iban_sealed FROM client_profile WHERE tenant_id = :tenant").scalar_one()
        assert GERMAN.encode() not in bytes(kept)
    with on_platform:
        rows = store.run_identity("SELECT purpose, said FROM identity.letter WHERE email = :e", e=alder_admin.email)
        ((purpose, said),) = rows.all()
        assert (purpose, said["account"], said["where"]) == ("bank account changed", "DE02…2051", "Alder Tools GmbH")


@pytest.mark.parametrize(
    ("parts", "pointer"),
    [
        ({"iban": "DE02120300000000202052"}, "/iban"),
        ({"iban": "1234567"}, "/iban"),
        ({"bic": "NOPE"}, "/bic"),
        ({"accent": "red"}, "/accent"),
    ],
)
def test_what_cannot_be_right_changes_nothing(in_alder: Door, parts, pointer):
    with in_alder:
        with pytest.raises(BadClient) as refused:
            change(contact_name="Ada", **parts)
        assert refused.value.pointer == pointer and clients.profile().contact_name == "" and told() == []


def test_where_there_are_no_ibans_an_account_is_what_its_bank_calls_it(in_alder: Door):
    with in_alder:
        store.run("UPDATE tenant SET country = 'US' WHERE id = :tenant")
        assert change(iban="ACH 021000021 / 0001234567").iban == "ACH 021000021 / 0001234567"
        assert change(iban=BRITISH.lower()).iban == BRITISH
        with pytest.raises(BadClient):
            change(iban=BRITISH[:-1] + "6")
        assert change(iban="").iban == "" and letterheads.masked("1234") == "1234"
