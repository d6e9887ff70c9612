"""Where benchmarks play: private servers, a migrated database, and the shell bound to it as the role of the jobs."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import psycopg

import migrations
from console.servers import start_postgres, start_redis
from migrations import roles
from tenants import assembly, settings
from tenants.adapters.documents import FolderStore
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work


@dataclass(frozen=True)
class Stage:
    """A running stage."""

    folder: Path
    admin_url: str
    """The database as its superuser, past every wall: for floors only."""
    env: dict[str, str]
    """The settings of a process that joins the stage."""
    files: FolderStore
    urls: dict[str, str] = field(default_factory=dict)

    def url(self, role: str) -> str:
        """The database as another role sees it."""
        return self.urls[role]

    def count(self, what: str) -> int:
        """How many rows there are, past every wall; `what` is a table of ours, with or without a condition."""
        with psycopg.connect(self.admin_url) as admin:
            row = admin.execute(f"SELECT count(*) FROM app.{what}").fetchone()
        return int(row[0]) if row else 0

    def client(self, slug: str) -> UUID | None:
        """The client that an earlier run opened on this stage, when its folder was kept."""
        with psycopg.connect(self.admin_url) as admin:
            row = admin.execute("SELECT id FROM app.tenant WHERE slug = %s", (slug,)).fetchone()
        return row[0] if row else None

    def open_client(self, slug: str) -> UUID:
        """Open one more client with empty books."""
        tenant = ids.new()
        with unit_of_work(scope.tenant(tenant, actor="bench")):
            return clients.open(
                slug,
                legal_name=slug.title(),
                base_currency="EUR",
                time_zone="Europe/Berlin",
                country="DE",
                now=datetime.now(UTC),
            )


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Start the servers and open the shell; PostgreSQL flushes to disk as in production."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)  # the servers' user must be able to pass
    postgres = start_postgres(folder, durable=True, settings={"max_wal_size": "4GB", "shared_buffers": "256MB"})
    redis = start_redis(folder, durable=False)
    try:
        words = {role: secrets.token_urlsafe(12) for role in roles.ALL}
        roles.prepare(postgres.admin_url, passwords=words)
        migrations.upgrade(postgres.url("gt_owner", words["gt_owner"], database="goodterms"))
        documents = folder / "documents"
        documents.mkdir(exist_ok=True)
        env = {
            "GOODTERMS_DATABASE_URL": postgres.url("gt_worker", words["gt_worker"], database="goodterms"),
            "GOODTERMS_DISPATCH_DATABASE_URL": postgres.url("gt_dispatch", words["gt_dispatch"], database="goodterms"),
            "GOODTERMS_REDIS_URL": redis.url,
            "GOODTERMS_SECRET_KEY": secrets.token_urlsafe(32),
            "GOODTERMS_DOCUMENTS": str(documents),
            "GOODTERMS_MAILER": "memory",
            "GOODTERMS_BENCH_ADMIN_URL": postgres.admin_url.removesuffix("/postgres") + "/goodterms",
        }
        os.environ.update(env)
        with shell_from_env() as files:
            urls = {role: postgres.url(role, word, database="goodterms") for role, word in words.items()}
            yield Stage(folder, postgres.admin_url.removesuffix("/postgres") + "/goodterms", env, files, urls)
    finally:
        redis.stop()
        postgres.stop()


@contextmanager
def shell_from_env() -> Iterator[FolderStore]:
    """Open the shell that the environment describes; gives the file store."""
    known = settings.read()
    with assembly.make_shell(known).app_context():
        yield FolderStore(known.documents)
