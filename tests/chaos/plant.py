"""A plant of real processes: dispatchers, workers and writers with a Redis of their own, which may all be killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psycopg
import redis

from console.servers import Redis, children, start_redis
from jobs import crash
from tenants.values import ids
from tests.servers import PROJECT

EFFECTS = """
SELECT i.dedupe_key, count(h.id) FROM app.work_item i
LEFT JOIN app.history h ON h.tenant_id = i.tenant_id AND h.object_id = i.id AND h.act = 'work.done'
GROUP BY i.tenant_id, i.dedupe_key
"""
RECORD = """
INSERT INTO app.work_item (tenant_id, id, lane, kind, dedupe_key, payload, run_at, recorded_at)
VALUES (%s, %s, 'insight', 'noop', %s, '{"mark": 1}', now(), now())
"""
PATIENCE_S = 90.0
"""For all that is not promised: a dozen processes that start at once on a busy machine take their time."""
RECOVERY_S = 30.0 if os.environ.get("GOODTERMS_CHAOS") else PATIENCE_S
"""Whatever was killed: thirty seconds after, the work goes on. Most of them is a lease that has to end, so it is judged
where the machine has nothing else to do: GOODTERMS_CHAOS=1."""


@dataclass
class Plant:
    """Where the processes are; `urls` is their database by role."""

    home: Path
    urls: dict[str, str]
    redis: Redis
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, module: str, *arguments: str, crash_at: str = "") -> subprocess.Popen[bytes]:
        """Start one process; it dies by itself at `crash_at`."""
        env = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(PROJECT),
            "GOODTERMS_DATABASE_URL": self.urls["gt_worker"],
            "GOODTERMS_DISPATCH_DATABASE_URL": self.urls["gt_dispatch"],
            "GOODTERMS_REDIS_URL": self.redis.url,
            "GOODTERMS_SECRET_KEY": "for tests only, and longer than it needs to be",
            "GOODTERMS_DOCUMENTS": str(self.home),
            "GOODTERMS_MAILER": "memory",
            "GOODTERMS_POOL_SIZE": "3",
            crash.VARIABLE: crash_at,
        }
        log = self.home / f"{module}-{len(self.processes)}.log"
        process = children.launch([sys.executable, "-m", module, *arguments], log=log, env=env, cwd=PROJECT)
        self.processes.append(process)
        return process

    def works(self, *, workers: int = 1, crash_at: Sequence[str] = ()) -> None:
        """Start workers, and wait until they listen."""
        before = self.listeners()
        for number in range(workers):
            self.start("jobs.worker", "insight", crash_at=crash_at[number] if number < len(crash_at) else "")
        self.until(lambda: self.listeners() >= before + workers, "the workers listen")

    def listeners(self) -> int:
        """How many workers Redis knows of."""
        with redis.Redis.from_url(self.redis.url) as line:
            return int(line.scard("rq:workers:gt-insight"))

    def restart_redis(self) -> None:
        """Kill Redis as a power cut would, and start an empty one in its place."""
        self.redis.kill()
        time.sleep(2)
        port, password = self.redis.port, self.redis.password
        self.redis = start_redis(self.home, durable=False, port=port, password=password, keep=self.home)

    def flush(self) -> None:
        """Make Redis forget everything."""
        with redis.Redis.from_url(self.redis.url) as line:
            line.flushall()

    def ask(self, sql: str, *values: object) -> list[tuple]:
        """Ask the database past every wall."""
        with psycopg.connect(self.urls["admin"]) as line:
            return line.execute(sql, values).fetchall()

    def record(self, tenant: UUID, prefix: str, *, items: int) -> None:
        """Put work straight into the queue, which nobody rings for."""
        with psycopg.connect(self.urls["admin"]) as line:
            line.cursor().executemany(RECORD, [(tenant, ids.new(), f"{prefix}{number}") for number in range(items)])

    def states(self) -> Counter[str]:
        """How many pieces of work are in which state."""
        return Counter(dict(self.ask("SELECT state, count(*) FROM app.work_item GROUP BY state")))

    def until(self, there: Callable[[], bool], what: str, *, patience: float = PATIENCE_S) -> float:
        """Wait for something; return how long it took."""
        start = time.monotonic()
        while not there():
            if time.monotonic() - start > patience:
                raise AssertionError(f"not within {patience} s: {what}; {self.states()}\n{self.words()}")
            time.sleep(0.1)
        return time.monotonic() - start

    def until_done(self, *, patience: float = RECOVERY_S) -> float:
        """Wait until all work is finished."""
        return self.until(lambda: not (self.states().keys() - {"done"}), "all is done", patience=patience)

    def effects(self) -> Counter[int]:
        """How many pieces of work had how many effects: all should have had one."""
        return Counter(count for _, count in self.ask(EFFECTS))

    def words(self) -> str:
        """The last words of every process."""
        return "\n".join(f"{log.name}: {log.read_text()[-600:]}" for log in sorted(self.home.glob("*.log")))

    def end(self) -> None:
        """End what still runs."""
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
        for process in self.processes:
            process.wait(10)
        self.redis.kill()


def tenant_of(urls: dict[str, str], name: str, tenant: UUID) -> UUID:
    """Put a client into a database of its own, past every wall: only its work matters here."""
    with psycopg.connect(urls["admin"]) as line:
        line.execute(
            "INSERT INTO app.tenant (id, slug, legal_name, base_currency, time_zone, country, created_at)"
            " VALUES (%s, %s, %s, 'EUR', 'Europe/Berlin', 'DE', now())",
            (tenant, name, name),
        )
        line.execute("INSERT INTO app.client_profile (tenant_id) VALUES (%s)", (tenant,))
    return tenant
