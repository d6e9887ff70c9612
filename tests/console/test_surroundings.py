"""What a demo stands on: given servers are used, missing ones are started, and data outlive the demo."""

import psycopg
import pytest
import redis

from console import surroundings
from console.faults import CannotRun
from console.home import Home
from console.surroundings import ROLE_OF, open_surroundings, open_temporary


@pytest.fixture(autouse=True)
def nothing_given(monkeypatch):
    for name in (*ROLE_OF, "GOODTERMS_REDIS_URL", "GOODTERMS_SECRET_KEY", "GOODTERMS_PUBLIC_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def home(open_folder):
    made = Home(open_folder / "home")
    made.make()
    return made


def test_servers_start_with_a_role_for_each_address_and_keep_their_data(home):
    with open_surroundings(home, port=8123) as first:
        for name, role in ROLE_OF.items():
            with psycopg.connect(first.settings[name]) as line:
                assert line.execute("SELECT current_user").fetchone() == (role,)
        with psycopg.connect(first.owner_url) as line:
            line.execute("CREATE SCHEMA kept")
        with redis.Redis.from_url(first.settings["GOODTERMS_REDIS_URL"]) as line:
            line.set("kept", 1)
        assert first.settings["GOODTERMS_PUBLIC_URL"] == "http://127.0.0.1:8123"
    with open_surroundings(home, port=8123) as second:
        assert second.settings["GOODTERMS_SECRET_KEY"] == first.settings["GOODTERMS_SECRET_KEY"]
        with psycopg.connect(second.owner_url) as line:
            assert line.execute("SELECT count(*) FROM pg_namespace WHERE nspname = 'kept'").fetchone() == (1,)
        with redis.Redis.from_url(second.settings["GOODTERMS_REDIS_URL"]) as line:
            assert line.get("kept") == b"1"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(second.owner_url, connect_timeout=2)


def test_given_servers_are_used_and_none_is_started(home, monkeypatch):
    for name, role in ROLE_OF.items():
        monkeypatch.setenv(name, f"postgresql://{role}@127.0.0.1/given")
    monkeypatch.setenv("GOODTERMS_REDIS_URL", "redis://127.0.0.1/7")
    monkeypatch.setenv("GOODTERMS_PUBLIC_URL", "http://127.0.0.2:1")
    with open_surroundings(home, port=8123) as around:
        assert around.owner_url == "postgresql://gt_owner@127.0.0.1/given"
        assert around.settings["GOODTERMS_REDIS_URL"] == "redis://127.0.0.1/7"
        assert around.settings["GOODTERMS_PUBLIC_URL"] == "http://127.0.0.2:1"
    assert not (home.folder / "postgres").exists()
    assert not (home.folder / "valkey").exists()


def test_a_database_given_in_part_is_a_mistake(monkeypatch):
    monkeypatch.setenv("GOODTERMS_DATABASE_URL", "postgresql://gt_app@127.0.0.1/given")
    with pytest.raises(CannotRun, match="missing: GOODTERMS_WORKER_DATABASE_URL, .*GOODTERMS_OWNER_DATABASE_URL"):
        surroundings.given_database()


def test_temporary_surroundings_are_migrated_and_then_gone():
    with open_temporary() as around, psycopg.connect(around.owner_url) as line:
        assert line.execute("SELECT count(*) FROM app.alembic_version").fetchone() == (1,)
        assert line.execute("SHOW fsync").fetchone() == ("on",)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(around.owner_url, connect_timeout=2)
