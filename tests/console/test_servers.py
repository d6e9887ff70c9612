"""The private servers: real, closed to strangers, and gone with whoever started them."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from console.faults import CannotRun
from console.servers import children, host, postgres, start_postgres, start_redis, valkey

PROJECT = Path(__file__).parents[2]
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the servers as somebody else")

PARENT = """
import sys, time
from pathlib import Path
from console.servers import start_postgres, start_redis
home = Path(sys.argv[1])
print(start_postgres(home, durable=False).process.pid, start_redis(home).process.pid, flush=True)
time.sleep(60)
"""


def ended(pid):
    """A process has ended when it is gone or waits only for somebody to read its end."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except FileNotFoundError:
        return True


def eventually(check, *, within=60.0):
    deadline = time.monotonic() + within
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_a_killed_parent_leaves_no_server_behind(open_folder):
    line = [sys.executable, "-c", PARENT, str(open_folder)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True, cwd=PROJECT) as parent:
        servers = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(servers) == 2
        assert not any(ended(pid) for pid in servers)
        parent.kill()
        eventually(lambda: all(ended(pid) for pid in servers))


def test_postgres_keeps_its_data_over_stop_and_power_cut(open_folder):
    server = start_postgres(open_folder, durable=True)
    with psycopg.connect(server.admin_url, autocommit=True) as line:
        line.execute("CREATE TABLE kept (word text)")
        line.execute("INSERT INTO kept VALUES ('stop')")
        assert line.execute("SHOW fsync").fetchone() == ("on",)
    server.stop()
    server = start_postgres(open_folder, durable=True)
    with psycopg.connect(server.admin_url, autocommit=True) as line:
        line.execute("INSERT INTO kept VALUES ('power cut')")
    server.kill()
    server = start_postgres(open_folder, durable=False, port=server.port)
    with psycopg.connect(server.admin_url) as line:
        assert line.execute("SELECT word FROM kept ORDER BY 1").fetchall() == [("power cut",), ("stop",)]
        assert line.execute("SHOW fsync").fetchone() == ("off",)
    server.stop()


def test_postgres_admits_nobody_without_the_password(open_folder):
    server = start_postgres(open_folder, durable=False)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(server.url("gt_admin", "guess", database="postgres"))
    assert (open_folder / "postgres.password").stat().st_mode & 0o077 == 0
    assert (open_folder / "postgres").stat().st_mode & 0o077 == 0
    server.stop()


def test_valkey_keeps_its_list_and_asks_for_a_password(open_folder):
    server = start_redis(open_folder)
    with redis.Redis.from_url(server.url) as line:
        line.rpush("waiting", "one", "two")
        line.config_set("appendfsync", "always")
        line.rpush("waiting", "three")
    server.kill()
    server = start_redis(open_folder, port=server.port, password=server.password)
    with redis.Redis.from_url(server.url) as line:
        assert line.lrange("waiting", 0, -1) == [b"one", b"two", b"three"]
    once = Retry(NoBackoff(), 0)
    with redis.Redis(port=server.port, retry=once) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    arguments = Path(f"/proc/{server.process.pid}/cmdline").read_text()
    assert server.password not in arguments
    server.stop()


@AS_ROOT
def test_as_root_the_servers_run_as_somebody_else(open_folder):
    server = start_redis(open_folder, durable=False)
    assert Path(f"/proc/{server.process.pid}").stat().st_uid == host.server_user().uid != 0
    server.stop()


@AS_ROOT
def test_programs_in_a_closed_home_are_copied_once_and_opened(open_folder):
    closed = open_folder / "closed"
    (closed / "programs" / "bin").mkdir(parents=True)
    (closed / "programs" / "bin" / "serve").write_text("serve")
    (closed / "programs" / "bin" / "serve").chmod(0o700)
    (closed / "programs" / "words").touch(mode=0o600)
    closed.chmod(0o700)
    keep = open_folder / "keep"
    first = host.reachable(closed / "programs", user=host.server_user(), keep=keep)
    (first / "bin" / "mark").touch()
    assert host.others_can_reach(first / "bin" / "serve")
    assert (first / "words").stat().st_mode & 0o777 == 0o644
    assert host.reachable(closed / "programs", user=host.server_user(), keep=keep) == first
    assert (first / "bin" / "mark").exists()
    assert len(list(keep.iterdir())) == 1


@AS_ROOT
def test_a_home_that_the_servers_cannot_enter_is_refused_with_a_remedy(open_folder):
    closed = open_folder / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(CannotRun, match="set GOODTERMS_HOME to a folder that is not inside a private one"):
        host.make_room(closed / "postgres", host.server_user())


def test_a_closed_umask_does_not_shut_the_servers_out(tmp_path):
    before = os.umask(0o077)
    host.make_passable(tmp_path / "a" / "home")
    os.umask(before)
    assert (tmp_path / "a").stat().st_mode & (tmp_path / "a" / "home").stat().st_mode & 0o777 == 0o755


def test_an_ordinary_user_runs_the_servers_as_himself(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert host.server_user() is None
    assert host.reachable(tmp_path, user=None, keep=tmp_path / "never") == tmp_path
    host.make_room(tmp_path / "room", None)
    assert (tmp_path / "room").stat().st_mode & 0o777 == 0o700


def test_root_without_the_usual_users_takes_the_number_of_nobody(monkeypatch):
    def unknown(name):
        raise KeyError(name)

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host.pwd, "getpwnam", unknown)
    assert host.server_user() == host.User(65534, 65534)


def test_elsewhere_than_on_linux_the_remedy_is_named(monkeypatch, open_folder):
    monkeypatch.setattr(host.sys, "platform", "darwin")
    with pytest.raises(CannotRun, match="set GOODTERMS_DATABASE_URL"):
        start_postgres(open_folder, durable=False)
    with pytest.raises(CannotRun, match="set GOODTERMS_REDIS_URL"):
        start_redis(open_folder)


def test_data_of_another_version_are_not_touched(open_folder, monkeypatch):
    start_postgres(open_folder, durable=False).stop()
    version = open_folder / "postgres" / "data" / "PG_VERSION"
    version.write_text("12\n")
    with pytest.raises(CannotRun, match="belong to PostgreSQL 12, this is 17: start over with --reset"):
        start_postgres(open_folder, durable=False)


def test_a_server_that_cannot_start_says_why(open_folder):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(CannotRun, match=r"Valkey did not start: .*Failed listening on port"):
            start_redis(open_folder, port=taken)
        with pytest.raises(CannotRun, match=r"PostgreSQL did not start: .*FATAL"):
            start_postgres(open_folder, durable=False, port=taken)


def test_a_server_that_never_answers_is_given_up(tmp_path):
    silent = children.launch(["sleep", "60"], log=tmp_path / "log")
    with pytest.raises(CannotRun, match="Silence did not answer within 0 s"):
        children.wait_until(lambda: False, process=silent, name="Silence", log=tmp_path / "log", patience=0.1)
    assert silent.poll() is not None


def test_a_program_that_does_not_listen_is_ended(tmp_path):
    program = "import signal, time; signal.signal(15, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
    deaf = children.launch([sys.executable, "-c", program], log=tmp_path / "log")
    eventually(lambda: "deaf" in (tmp_path / "log").read_text())
    children.stop(deaf, how=signal.SIGTERM, patience=0.2)
    assert deaf.returncode == -signal.SIGKILL


def test_ports_are_seen_as_they_are():
    port = host.free_port()
    assert not host.port_is_taken(port)
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        assert host.port_is_taken(port)


def test_a_data_folder_cut_short_is_made_again(open_folder, monkeypatch):
    room = open_folder / "postgres"
    host.make_room(room, host.server_user())
    (room / "data.new").mkdir()
    (room / "data.new" / "half").touch()
    server = start_postgres(open_folder, durable=False)
    assert not (room / "data.new").exists()
    server.stop()


def test_valkey_settings_are_told_through_standard_input_only():
    text = valkey._settings(Path("/srv/a b"), port=1, password="word", durable=False)
    assert 'dir "/srv/a b"\n' in text
    assert "appendonly no\n" in text
    assert "maxmemory-policy noeviction\n" in text


def test_initdb_that_fails_is_one_sentence(open_folder, monkeypatch):
    room = open_folder / "postgres"
    host.make_room(room, host.server_user())
    monkeypatch.setattr(postgres, "_env", lambda: {"PATH": "", "LC_ALL": "C.UTF-8", "LD_PRELOAD": "", "PGDATA": ""})
    monkeypatch.setattr(postgres, "ADMIN", "pg_reserved")
    with pytest.raises(CannotRun, match=r"could not be made in .*postgres: initdb: .*pg_reserved"):
        start_postgres(open_folder, durable=False)
