"""`bench work`: work items per second, end to end, against RQ with one job for each item.

Ours: recorded in PostgreSQL in chunks, claimed by a dispatcher process, carried by RQ in batches to worker
processes, and each
finished in PostgreSQL in a transaction of its own behind row security. The clock runs from the first record to the
last finish.
The floor: the same number of jobs that do nothing, enqueued in bulk, drained by as many of RQ's in-process workers;
nothing of it is durable.

Durability: PostgreSQL runs with fsync. Recording waits for the disk. A finish does not wait (synchronous_commit off
in the
worker): were it lost in a power cut, its effects, which are in the same transaction, would be lost with it and the
item would run again. Work that talks to the outside does wait, before and after.
"""

import argparse
import os
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg
import redis
from rq import Queue, SimpleWorker
from rq.registry import StartedJobRegistry
from rq.serializers import JSONSerializer

from bench import _stage
from bench.line import line, show
from console.servers import children
from jobs import lists
from jobs.lanes import Lane
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.isolation import scope
from tenants.work import unit_of_work

RATE, RATIO = 1200.0, 3.0
CLIENTS, CHUNK, WARM = 20, 1000, 1000
FLOOR_QUEUE = "bench-floor"
UNFINISHED = "SELECT count(*) FROM app.work_item WHERE state IN ('ready', 'leased')"
DONE = "SELECT count(*) FROM app.work_item WHERE state = 'done' AND dedupe_key LIKE %s"


def nothing() -> None:
    """The floor's job."""


def drain() -> int:
    """One of RQ's own workers in this process, as the floor has it."""
    connection = redis.Redis.from_url(os.environ["GOODTERMS_REDIS_URL"])
    queue = Queue(FLOOR_QUEUE, connection=connection, serializer=JSONSerializer)
    SimpleWorker([queue], connection=connection, serializer=JSONSerializer, log_job_description=False).work(
        logging_level="ERROR"
    )
    return 0


@contextmanager
def running(*commands: Sequence[str]) -> Iterator[None]:
    """Keep these Python processes while the block lasts."""
    log = Path(os.environ["GOODTERMS_DOCUMENTS"]) / "processes.log"
    started = [children.launch([sys.executable, "-m", *words], log=log, env=os.environ) for words in commands]
    try:
        yield
    finally:
        for process in started:
            children.stop(process, how=signal.SIGTERM, patience=15)


def wait_for_workers(connection: redis.Redis, queue: str, *, count: int, patience: float = 30) -> None:
    """Wait until so many workers listen."""
    deadline = time.monotonic() + patience
    while connection.scard(f"rq:workers:{queue}") < count:
        if time.monotonic() > deadline:
            raise TimeoutError(f"no {count} workers on {queue} within {patience:.0f} s")
        time.sleep(0.05)


def work_through(stage: _stage.Stage, clients: Sequence[UUID], *, n: int, name: str) -> float:
    """Record n items and wait until all are finished; return the seconds."""
    share = n // len(clients)
    start = time.perf_counter()
    for client in clients:
        for first in range(0, share, CHUNK):
            keys = range(first, min(first + CHUNK, share))
            with unit_of_work(scope.tenant(client, actor="bench")):
                recording.record_many("work.tried", [Occurrence(f"{name}:{k}") for k in keys], now=datetime.now(UTC))
    with psycopg.connect(stage.admin_url, autocommit=True) as look:
        while look.execute(UNFINISHED).fetchone() != (0,):
            time.sleep(0.02)
        seconds = time.perf_counter() - start
        assert look.execute(DONE, (f"{name}:%",)).fetchone() == (share * len(clients),)
    return seconds


def drain_floor(connection: redis.Redis, *, n: int) -> float:
    """Enqueue n jobs that do nothing and wait until none is left; return the seconds."""
    queue = Queue(FLOOR_QUEUE, connection=connection, serializer=JSONSerializer)
    running_jobs = StartedJobRegistry(queue=queue)
    start = time.perf_counter()
    queue.enqueue_many([Queue.prepare_data("bench.work.nothing", result_ttl=0) for _ in range(n)])
    while connection.llen(queue.key) or running_jobs.count:
        time.sleep(0.01)
    return time.perf_counter() - start


def measure(stage: _stage.Stage, *, n: int, floor_n: int, workers: int, rounds: int) -> dict[str, object]:
    """Ours and the floor in turns, medians."""
    connection = redis.Redis.from_url(stage.env["GOODTERMS_REDIS_URL"])
    clients = [stage.open_client(f"client-{number}") for number in range(CLIENTS)]
    ours, floor = [], []
    for number in range(rounds):
        with running(["jobs.dispatcher"], *[["jobs.worker", Lane.INSIGHT.value]] * workers):
            wait_for_workers(connection, lists.name(Lane.INSIGHT), count=workers)
            work_through(stage, clients, n=WARM, name=f"warm{number}")
            ours.append(n / work_through(stage, clients, n=n, name=f"round{number}"))
        with running(*[["bench.work", "--drain"]] * workers):
            wait_for_workers(connection, FLOOR_QUEUE, count=workers)
            drain_floor(connection, n=100)
            floor.append(floor_n / drain_floor(connection, n=floor_n))
        print(f"round {number + 1}: ours {ours[-1]:.0f}/s, RQ {floor[-1]:.0f}/s", file=sys.stderr, flush=True)
    rate, bare = statistics.median(ours), statistics.median(floor)
    passed = rate >= RATE and rate >= RATIO * bare
    found = line("work.noop", n=n, seconds=n / rate, rate=rate, floor=bare, target=RATE, passed=passed)
    return found | {"target_ratio": RATIO, "workers": workers}


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench work")
    words.add_argument("--n", type=int, default=20_000)
    words.add_argument("--floor-n", type=int, default=1_500)
    words.add_argument("--workers", type=int, default=2)
    words.add_argument("--rounds", type=int, default=3)
    words.add_argument("--drain", action="store_true", help=argparse.SUPPRESS)
    given = words.parse_args(argv)
    if given.drain:
        return drain()
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        found = measure(stage, n=given.n, floor_n=given.floor_n, workers=given.workers, rounds=given.rounds)
    return show([found])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
