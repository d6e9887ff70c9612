"""An operator turns the keys that sign access tokens."""

import json
from datetime import timedelta
from decimal import Decimal

import pyotp
import pytest

from console import cli, joining, sealed
from tenants import store
from tenants.directory import clients, connections, data_keys, factors, signing_keys
from tenants.intake import bank_lines
from tenants.intake.formats.statement import Entry, Statement
from tenants.isolation import scope
from tenants.rules import webhooks
from tenants.values.ids import new
from tenants.values.sealing import CannotOpen, Keyring
from tenants.work import unit_of_work
from tests.cast import NOW, TODAY


@pytest.fixture
def at_work(settings, monkeypatch):
    """The command's environment is the one of this worker's database."""
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOODTERMS_AUTH_DATABASE_URL", settings.auth_database_url)
    monkeypatch.setenv("GOODTERMS_REDIS_URL", settings.redis_url)
    monkeypatch.setenv("GOODTERMS_SECRET_KEY", settings.secret_key)
    monkeypatch.setenv("GOODTERMS_DOCUMENTS", settings.documents)


def run(capsys, *words):
    with pytest.raises(SystemExit) as end:
        cli.main(["keys", "rotate", "--json", *words])
    assert end.value.code == 0
    return json.loads(capsys.readouterr().out)


def test_a_key_that_somebody_may_have_is_dropped_at_once(at_work, settings, bare_shell, capsys):
    with bare_shell.app_context(), unit_of_work(scope.platform(actor="test", reason="a test turns keys")):
        store.run_identity("DELETE FROM identity.signing_key")
        stolen = signing_keys.signer(ring=settings.keyring, now=NOW).kid
    told = run(capsys, "--at-once")
    assert told["changed"] is True and stolen not in told["published"] and len(told["published"]) == 2


def test_a_key_that_is_not_due_stays(at_work, capsys):
    run(capsys, "--at-once")
    before = run(capsys)
    assert before["changed"] is False and run(capsys)["published"] == before["published"]


# --- what lies sealed ------------------------------------------------------------------------------------------------

IBAN = "DE02120300000000202051"


class NotKept(Exception):
    """The unit is given up: other tests go on with the old keys."""


def test_every_sealed_column_of_the_database_is_one_that_is_sealed_again(statements):
    found = statements(
        "SELECT table_schema, table_name, column_name FROM information_schema.columns "
        "WHERE data_type = 'bytea' AND table_schema IN ('app', 'identity') AND column_name LIKE '%sealed%'"
    )
    named = {*sealed.AT_THE_DOOR, *sealed.OF_A_CLIENT, *sealed.UNDER_DATA_KEYS}
    ours = {(each.table.rpartition(".")[0] or "app", each.table.rpartition(".")[2], each.column) for each in named}
    assert {tuple(row) for row in found} == ours


@pytest.fixture
def furnished(in_alder, settings):
    """Alder with one of each thing that lies sealed."""
    with in_alder:
        clients.change(iban=IBAN, bic="BYLADEM1001")
        webhooks.keep("erp", url="https://erp.example.com/hooks", on=True, now=NOW)
        connections.add(
            "Own", issuer="https://idp.test", client_id="us", secret="s3cret", now=NOW, keys=settings.keyring
        )
        entry = Entry(at=1, account=IBAN, currency="EUR", amount=Decimal(12), booked_on=TODAY, valued_on=TODAY)
        for name in ("a", "b"):  # the second still waits to be loaded
            run = new()
            store.run(
                "INSERT INTO import_run (tenant_id, id, source, file_name, file_sha256, file_key, bytes, state, actor, "
                "received_at) VALUES (:tenant, :id, 'a', 'a', :name, '', 0, 'loaded', 'test', :now)",
                id=run,
                name=name,
                now=NOW,
            )
            bank_lines.stage(run, said=Statement("camt.053", [entry]))
            if name == "a":
                bank_lines.load(run, now=NOW)


def accounts(key=0):
    row = store.run("SELECT account, account_sealed FROM bank_line WHERE tenant_id = :tenant").one()
    return row.account, data_keys.unseal(row.account_sealed, place=bank_lines.PLACE)


def test_a_new_key_of_the_program_seals_everything_of_a_client_again(in_alder, furnished, settings, monkeypatch):
    newer = Keyring((Keyring.of("another secret for the program").keys[0], *settings.keyring.keys))
    monkeypatch.setattr(data_keys, "_ring", newer)
    with in_alder:
        assert (sealed.of_client(newer, fresh_key=False), sealed.of_client(newer, fresh_key=False)) == (2, 0)
    alone = Keyring(newer.keys[:1])
    monkeypatch.setattr(data_keys, "_ring", alone)
    with in_alder:
        assert connections.all_of()[0].secret(alone) == "s3cret" and clients.profile().iban == IBAN
        with pytest.raises(CannotOpen):
            connections.all_of()[0].secret(settings.keyring)


def test_a_new_key_of_a_client_seals_its_bank_data_again_and_knows_old_lines(in_alder, furnished, settings):
    with in_alder:
        secret = webhooks.keep("erp", url="https://erp.example.com/hooks", on=True, now=NOW)
        mark = data_keys.marks(["a line"], place="x")
        assert sealed.of_client(settings.keyring, fresh_key=True) == 5
        newest = data_keys.held()[:1]
        assert accounts() == ("•••• 2051", IBAN) and clients.profile().bic == "BYLADEM1001"
        assert webhooks.keep("erp", url="https://erp.example.com/hooks", on=True, now=NOW) == secret
        assert data_keys.marks(["a line"], place="x") == mark != data_keys.marks(["a line"], place="y")
        for each in sealed.UNDER_DATA_KEYS:
            for value, place in sealed._values(each):
                about = f"{scope.current().one}|{place}"
                assert sealed.sealing.open_sealed(value, keys=newest, about=about)


def test_the_bank_data_of_a_client_lies_nowhere_in_clear(furnished, statements, alder):
    for table in ("bank_line", "client_profile", "webhook_endpoint", "idp_connection"):
        rows = str(statements(f"SELECT t::text FROM app.{table} t WHERE tenant_id = '{alder}'"))
        assert rows != "[]" and IBAN not in rows and "whsec_" not in rows and "s3cret" not in rows, table


def test_what_lies_sealed_of_people_is_sealed_again(bare_shell, settings, specialist, on_platform):
    newer = Keyring((Keyring.of("another secret for the program").keys[0], *settings.keyring.keys))
    with pytest.raises(NotKept), on_platform:
        store.run_identity("DELETE FROM identity.totp")
        secret = factors.begin_totp(specialist.id, now=NOW, keys=settings.keyring)
        signing_keys.signer(ring=settings.keyring, now=NOW)
        assert sealed.at_the_door(newer) >= 3 and sealed.at_the_door(newer) == 0
        alone, later = Keyring(newer.keys[:1]), NOW + timedelta(minutes=1)
        assert signing_keys.signer(ring=alone, now=NOW).kid
        code = pyotp.TOTP(secret).at(later)
        assert factors.is_right(specialist.id, code=code, now=later, keys=alone, confirmed=False)
        raise NotKept


def test_the_command_tells_how_many_were_sealed_again(at_work, capsys, furnished, alder, monkeypatch):
    monkeypatch.setattr(joining, "EVERY_CLIENT", f"SELECT id, slug FROM app.tenant WHERE id = '{alder}'")
    assert run(capsys)["sealed_again"] == 0
