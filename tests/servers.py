"""Fixtures of the servers: one PostgreSQL and one Valkey a session, one database of its own for each worker.

`database_urls` maps a role (gt_app, gt_worker, gt_dispatch, gt_auth, gt_owner, gt_backup, admin) to its address;
`redis_url` is the worker's own database number; `fresh_database` is a migrated database that one test has for itself.
"""

import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

import migrations
from migrations import roles

TEMPLATE = "goodterms_template"
PROJECT = Path(__file__).parent.parent
SLOWEST_START = 60


@dataclass(frozen=True)
class Servers:
    """Where the session's servers are, and the lock under which databases and roles are changed."""

    admin_url: str
    redis: str
    passwords: dict[str, str]
    meeting: Path

    def urls(self, database: str) -> dict[str, str]:
        """Return the address of a database for each role, and for the superuser as `admin`."""
        address = self.admin_url.rsplit("@", 1)[1].rsplit("/", 1)[0]
        own = {role: f"postgresql://{role}:{word}@{address}/{database}" for role, word in self.passwords.items()}
        return own | {"admin": self.admin_url.rsplit("/", 1)[0] + f"/{database}"}

    def clone(self, name: str) -> dict[str, str]:
        """Make a migrated database of that name, in place of an older one."""
        with one_at_a_time(self.meeting):
            self.drop(name)
            with psycopg.connect(self.admin_url, autocommit=True) as admin:
                admin.execute(f"CREATE DATABASE {name} OWNER gt_owner TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
            roles.prepare(self.admin_url, passwords=self.passwords, database=name)
        return self.urls(name)

    def drop(self, name: str) -> None:
        """Remove a database and whoever is still connected to it."""
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def one_at_a_time(meeting: Path) -> Iterator[None]:
    with (meeting / "servers.lock").open("w") as paper:
        fcntl.flock(paper, fcntl.LOCK_EX)
        yield


def meeting_place(factory: pytest.TempPathFactory, worker: str) -> Path:
    """Return the folder that all workers of this session share."""
    base = factory.getbasetemp()
    return base if worker == "master" else base.parent


def call_keeper(note: Path, *, worker: str) -> None:
    """Start the keeper, which outlives this worker and watches the session itself."""
    session = os.getpid() if worker == "master" else os.getppid()
    log = note.with_suffix(".log")
    with log.open("wb") as words:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.keeper", note, str(session)],
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=words,
            stderr=words,
            start_new_session=True,
        )
    deadline = time.monotonic() + SLOWEST_START
    while not note.exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the servers did not start:\n{log.read_text()}", pytrace=False)
        time.sleep(0.02)
    keeper.returncode = 0  # meant to outlive us: nobody waits for its end


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Servers:
    """The session's servers, with a migrated template database; started by whoever asks first."""
    meeting = meeting_place(tmp_path_factory, worker_id)
    note, template = meeting / "servers.json", meeting / "template.ready"
    with one_at_a_time(meeting):
        if not note.exists():
            call_keeper(note, worker=worker_id)
        words = json.loads(note.read_text())
        found = Servers(words["admin_url"], words["redis"], words["passwords"], meeting)
        if not template.exists():
            roles.prepare(found.admin_url, passwords=found.passwords, database=TEMPLATE)
            migrations.upgrade(found.urls(TEMPLATE)["gt_owner"])
            template.touch()
    return found


@pytest.fixture(scope="session")
def database_urls(servers: Servers, worker_id: str) -> dict[str, str]:
    """This worker's own migrated database, as each role sees it."""
    return servers.clone(f"goodterms_{worker_id}")


@pytest.fixture(scope="session")
def redis_url(servers: Servers, worker_id: str) -> str:
    """This worker's own Redis database."""
    number = 0 if worker_id == "master" else 1 + int(worker_id.removeprefix("gw"))
    return servers.redis.rsplit("/", 1)[0] + f"/{number}"


@pytest.fixture
def fresh_database(servers: Servers, worker_id: str) -> Iterator[dict[str, str]]:
    """A migrated database for one test alone, for what cannot be rolled back."""
    name = f"goodterms_{worker_id}_fresh"
    yield servers.clone(name)
    servers.drop(name)


@pytest.fixture
def statements(database_urls: dict[str, str]) -> Callable[[str], list[tuple[object, ...]]]:
    """Ask the database as its superuser, past every wall: for looking at what a test left behind."""

    def ask(sql: str) -> list[tuple[object, ...]]:
        with psycopg.connect(database_urls["admin"]) as line:
            return line.execute(sql).fetchall()

    return ask
