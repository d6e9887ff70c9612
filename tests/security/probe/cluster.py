"""A private PostgreSQL with a migrated template, from which each part of a run takes a database to spoil."""

import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

import migrations
from console.servers import start_postgres, start_redis
from migrations import roles

TEMPLATE = "probe_template"


@dataclass
class Cluster:
    """Where the databases are."""

    admin_url: str
    redis_url: str
    passwords: dict[str, str]
    _made: list[str] = field(default_factory=list)

    def urls(self, database: str) -> dict[str, str]:
        """The address of a database for each role, and for the superuser as `admin`."""
        address = self.admin_url.rsplit("@", 1)[1].rsplit("/", 1)[0]
        own = {role: f"postgresql://{role}:{word}@{address}/{database}" for role, word in self.passwords.items()}
        return own | {"admin": f"{self.admin_url.rsplit('/', 1)[0]}/{database}"}

    def fresh(self) -> dict[str, str]:
        """One more migrated database."""
        name = f"probe_{len(self._made)}"
        self._made.append(name)
        with psycopg.connect(self.admin_url, autocommit=True) as admin:
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER gt_owner TEMPLATE {}").format(
                    sql.Identifier(name), sql.Identifier(TEMPLATE)
                )
            )
        roles.prepare(self.admin_url, passwords=self.passwords, database=name)
        return self.urls(name)


@contextmanager
def running() -> Iterator[Cluster]:
    """Start the servers; everything is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="goodterms-probe-") as folder:
        home = Path(folder)
        home.chmod(0o755)  # the servers' user must be able to pass
        postgres = start_postgres(home, durable=False)
        try:
            redis = start_redis(home, durable=False)
            try:
                words = {role: secrets.token_urlsafe(12) for role in roles.ALL}
                found = Cluster(postgres.admin_url, redis.url, words)
                roles.prepare(found.admin_url, passwords=words, database=TEMPLATE)
                migrations.upgrade(found.urls(TEMPLATE)["gt_owner"])
                yield found
            finally:
                redis.stop()
        finally:
            postgres.stop()
