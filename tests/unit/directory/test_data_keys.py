"""A client's bank details lie sealed under its own key, and open in their own place alone."""

import pytest
from sqlalchemy.exc import SQLAlchemyError

from tenants import store
from tenants.directory import clients, data_keys
from tenants.isolation import scope
from tenants.values.sealing import CannotOpen, Keyring
from tenants.work import unit_of_work
from tests.factories import a_debtor

IBAN, BIC = "DE02120300000000202051", "BYLADEM1001"


@pytest.fixture
def paid(in_alder):
    with in_alder:
        clients.change(iban=IBAN, bic=BIC)


def copied(door, sql, **values):
    """Somebody moves a sealed value to another place."""
    with door:
        store.run(sql, **values)


def test_bank_details_come_back_and_lie_sealed(in_alder, alder, paid, statements):
    with in_alder:
        assert (clients.profile().iban, clients.profile().bic) == (IBAN, BIC)
    ((row,),) = statements(f"SELECT p::text FROM app.client_profile p WHERE tenant_id = '{alder}'")
    assert IBAN not in row and IBAN.encode().hex() not in row
    with in_alder:
        clients.change(iban="")
        assert (clients.profile().iban, clients.profile().bic) == ("", BIC)


def test_a_customer_s_page_can_say_how_to_pay(alder, paid):
    with unit_of_work(scope.debtor(alder, a_debtor(alder), actor="debtor")):
        assert clients.profile().iban == IBAN


def test_a_value_in_another_column_does_not_open(in_alder, paid):
    copied(in_alder, "UPDATE client_profile SET bic_sealed = iban_sealed WHERE tenant_id = :tenant")
    with in_alder, pytest.raises(CannotOpen):
        clients.profile()


def test_a_value_at_another_client_does_not_open(in_alder, in_birch, paid):
    with in_birch:
        clients.change(iban="GB33BUKB20201555555555")
    with in_alder:
        sealed = store.run("SELECT iban_sealed FROM client_profile WHERE tenant_id = :tenant").scalar_one()
        wrapped = store.run("SELECT wrapped FROM data_key WHERE tenant_id = :tenant").scalar_one()
    copied(in_birch, "UPDATE client_profile SET iban_sealed = :sealed WHERE tenant_id = :tenant", sealed=sealed)
    with in_birch, pytest.raises(CannotOpen):
        clients.profile()
    copied(in_birch, "UPDATE data_key SET wrapped = :wrapped WHERE tenant_id = :tenant", wrapped=wrapped)
    with in_birch, pytest.raises(CannotOpen):
        clients.profile()


def test_a_new_key_seals_and_the_old_one_still_opens(in_alder, paid, statements, alder):
    with in_alder:
        data_keys.renew()
        assert clients.profile().iban == IBAN
        clients.change(bic="COBADEFFXXX")
        assert (clients.profile().iban, clients.profile().bic) == (IBAN, "COBADEFFXXX")
        assert data_keys.unseal(data_keys.seal("x", place="a.b"), place="a.b") == "x"
        assert data_keys.unseal(None, place="a.b") == ""
    ((keys,),) = statements(f"SELECT count(*) FROM app.data_key WHERE tenant_id = '{alder}'")
    assert keys == 2


def test_the_program_s_key_can_change(in_alder, paid, monkeypatch, settings):
    ours = settings.keyring
    both = Keyring((Keyring.of("another secret for the program").keys[0], *ours.keys))
    monkeypatch.setattr(data_keys, "_ring", both)
    with in_alder:
        assert data_keys.rewrap() == 1 and data_keys.rewrap() == 0
    monkeypatch.setattr(data_keys, "_ring", Keyring(both.keys[:1]))
    with in_alder:
        assert clients.profile().iban == IBAN
    monkeypatch.setattr(data_keys, "_ring", ours)
    with in_alder, pytest.raises(CannotOpen):
        clients.profile()
    monkeypatch.setattr(data_keys, "_ring", None)
    with in_alder, pytest.raises(data_keys.NoKeyring):
        clients.profile()


def test_nobody_of_another_client_reads_the_key(in_birch, alder, paid):
    with in_birch:
        assert store.run("SELECT count(*) FROM data_key WHERE tenant_id = :tenant").scalar_one() == 0
    with pytest.raises(SQLAlchemyError), in_birch:
        store.run("INSERT INTO data_key (tenant_id, id, wrapped) VALUES (:of, :of, ''), (:tenant, :of, '')", of=alder)
