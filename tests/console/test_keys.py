"""An operator turns the keys that sign access tokens."""

import json

import pytest

from console import cli
from tenants import store
from tenants.directory import signing_keys
from tenants.isolation import scope
from tenants.work import unit_of_work
from tests.cast import NOW


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
