"""`bench tracking`: how fast hits on links and images are taken, and how fast a provider's events become evidence.

*tracking.hits*: opens (the image in a mail) and clicks (the link of a mail that answers without a page: a page behind a
click is no receipt), over HTTP to gunicorn with threads, as the demo runs it. Each answer is given after PostgreSQL,
with fsync, has committed the hit. The floor: a Flask application of nothing but a route that does one Redis XADD and
answers the same image, under the same server with the same settings, asked by the same client, in turns with ours.

*tracking.events*: from events in the inbox (two to four of each mail: send, delay, delivery, failure) to evidence,
attempts, levels and the standing of mails and invoices, as two workers of the delivery lane read them. The floor: the
resulting evidence rows copied into a staging table and inserted from there into a table of the same shape, past every
wall, with one commit.
"""

import argparse
import gc
import http.client
import multiprocessing
import os
import signal
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg
import redis
from flask import Flask, Response

from bench import _posted, _stage
from bench.line import line, show
from console.servers import children, host
from service.door import PIXEL
from tenants import assembly, settings
from tenants.delivery import links, news
from tenants.isolation import scope
from tenants.work import unit_of_work

HITS, EVENTS = 0.6, 0.25
CLIENTS, THREADS, PROCESSES, WORKERS = 4, 24, 2, 2
BATCH = 500
COPIED = """
CREATE TABLE app.bench_floor (LIKE app.evidence INCLUDING DEFAULTS INCLUDING INDEXES);
CREATE TABLE app.bench_rows AS SELECT * FROM app.evidence WHERE source = 'ses'
"""


def floor_app() -> Flask:
    """The bare route."""
    app = Flask("floor", static_folder=None)
    line_to = redis.Redis.from_url(os.environ["GOODTERMS_REDIS_URL"])

    @app.get("/o/<token>.gif")
    def pixel(token: str) -> Response:
        line_to.xadd("bench-hits", {"token": token})
        return Response(PIXEL, headers={"Content-Type": "image/gif"})

    return app


@contextmanager
def served(app: str, *, env: dict[str, str], log: Path) -> Iterator[int]:
    """Run an application under gunicorn; gives its port."""
    port = host.free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", str(PROCESSES)]
    options += ["--threads", str(THREADS), "--keep-alive", "30", "--no-control-socket", "--log-level", "warning"]
    process = children.launch([sys.executable, "-m", "gunicorn", *options, app], log=log, env=os.environ | env)
    try:
        children.wait_until(lambda: _answers(port), process=process, name="gunicorn", log=log, patience=240)
        yield port
    finally:
        children.stop(process, how=signal.SIGTERM, patience=10)


def _answers(port: int) -> bool:
    talk = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        talk.request("GET", "/o/none.gif")
        return talk.getresponse().status in (200, 404)
    except OSError:
        return False
    finally:
        talk.close()


def ask(port: int, paths: Sequence[str], *, expect: set[int]) -> float:
    """Ask for every path once, over as many lines as the server has threads; returns the rate."""
    shares = [paths[number :: PROCESSES * THREADS] for number in range(PROCESSES * THREADS)]
    strange: list[int] = []

    def one(share: Sequence[str]) -> None:
        talk = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for path in share:
            talk.request("GET", path, headers={"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"})
            answer = talk.getresponse()
            answer.read()
            if answer.status not in expect:
                strange.append(answer.status)
        talk.close()

    crowd = [threading.Thread(target=one, args=(share,)) for share in shares]
    started = time.perf_counter()
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    seconds = time.perf_counter() - started
    if strange:
        raise RuntimeError(f"{len(strange)} answers were not as expected: {strange[:5]}")
    return len(paths) / seconds


def paths_of(posted: Sequence[_posted.Posted], *, n: int, round_no: int) -> list[str]:
    """Half images, half links, over all mails; each hit is another one to us because its reader's agent differs."""
    secret = os.environ["GOODTERMS_SECRET_KEY"]
    found = []
    for number in range(n):
        mail = posted[(number + round_no * n) % len(posted)]
        if number % 2:
            found.append(f"/o/{links.pixel_token(mail.tenant, message_id=mail.message, secret=secret)}.gif")
        else:
            token = links.token(mail.tenant, link_id=mail.link, expires_at=mail.link_ends, secret=secret)
            found.append(f"/p/{token}/all")
    return found


def measure_hits(stage: _stage.Stage, posted: Sequence[_posted.Posted], *, n: int, rounds: int) -> dict[str, object]:
    """Ours and the floor in turns, medians; every hit must be there afterwards."""
    log, env = stage.folder / "web.log", {"GOODTERMS_DATABASE_URL": stage.url("gt_app")}
    env |= {"GOODTERMS_POOL_SIZE": str(THREADS), "GOODTERMS_AUTH_DATABASE_URL": stage.url("gt_auth")}
    ours, floor = [], []
    with (
        served("service.app:create_app()", env=env, log=log) as web,
        served("bench.tracking:floor_app()", env={}, log=log) as bare,
    ):
        for number in range(rounds + 1):
            before = stage.count("inbox_event WHERE source = 'portal'")
            rate = ask(web, paths_of(posted, n=n, round_no=number), expect={200, 204})
            kept = stage.count("inbox_event WHERE source = 'portal'") - before
            if kept != n:
                raise RuntimeError(f"{n} hits were answered and {kept} kept")
            bare_rate = ask(bare, [f"/o/{at:0100}.gif" for at in range(n)], expect={200})
            if number:  # the first round warms both up
                ours.append(rate)
                floor.append(bare_rate)
                print(f"round {number}: ours {rate:.0f}/s, XADD {bare_rate:.0f}/s", file=sys.stderr, flush=True)
    rate, bare_rate = statistics.median(ours), statistics.median(floor)
    return line("tracking.hits", n=n, seconds=n / rate, rate=rate, floor=bare_rate, target=HITS)


def measure_events(stage: _stage.Stage, clients: Sequence[UUID], *, n: int, rounds: int) -> dict[str, object]:
    """Read events of fresh mails; the floor copies the evidence that came of them."""
    ours, floor = [], []
    for number in range(rounds):
        posted = [mail for client in clients for mail in _posted.post(client, n // (3 * len(clients)), first=number)]
        kept = {client: _posted.tell(client, [m for m in posted if m.tenant == client]) for client in clients}
        total = sum(map(len, kept.values()))
        before = stage.count("evidence WHERE source = 'ses'")
        ours.append(total / read_all(list(kept.items())))
        made = stage.count("evidence WHERE source = 'ses'") - before
        if made != total:
            raise RuntimeError(f"{total} events made {made} pieces of evidence")
        floor.append(copy_floor(stage, made))
        print(f"round {number + 1}: ours {ours[-1]:.0f}/s, COPY {floor[-1]:.0f}/s", file=sys.stderr, flush=True)
    rate, bare_rate = statistics.median(ours), statistics.median(floor)
    return line("tracking.events", n=total, seconds=total / rate, rate=rate, floor=bare_rate, target=EVENTS)


def read_all(kept: list[tuple[UUID, list[UUID]]]) -> float:
    """Read everything with as many processes as the delivery lane has workers; returns the seconds."""
    gc.freeze()  # a worker does not look through what its parent has collected before, and so copies none of it
    forked = multiprocessing.get_context("fork")
    together = forked.Barrier(WORKERS + 1)

    def one(share: list[tuple[UUID, list[UUID]]]) -> None:
        with assembly.make_shell(settings.read(), repeats=True).app_context():
            together.wait()
            now = datetime.now(UTC)
            for client, inbox_ids in share:
                for start in range(0, len(inbox_ids), BATCH):
                    with unit_of_work(scope.tenant(client, actor="bench")):
                        news.read(inbox_ids[start : start + BATCH], now=now + timedelta(minutes=1), real=now)

    crowd = [forked.Process(target=one, args=(kept[at::WORKERS],)) for at in range(WORKERS)]
    for each in crowd:
        each.start()
    together.wait()
    started = time.perf_counter()
    for each in crowd:
        each.join()
    if any(each.exitcode for each in crowd):
        raise RuntimeError("a reader failed")
    return time.perf_counter() - started


def copy_floor(stage: _stage.Stage, n: int) -> float:
    """Copy as many evidence rows into a staging table and insert them from there."""
    with psycopg.connect(stage.admin_url) as admin:
        admin.execute(f"DROP TABLE IF EXISTS app.bench_floor, app.bench_rows; {COPIED} ORDER BY id DESC LIMIT {n}")
        with admin.cursor().copy("COPY app.bench_rows TO STDOUT") as source:
            rows = b"".join(bytes(piece) for piece in source)
        admin.commit()
        started = time.perf_counter()
        admin.execute("CREATE TEMPORARY TABLE staged (LIKE app.evidence) ON COMMIT DROP")
        with admin.cursor().copy("COPY staged FROM STDIN") as sink:
            sink.write(rows)
        admin.execute("INSERT INTO app.bench_floor SELECT * FROM staged ON CONFLICT DO NOTHING")
        admin.commit()
        return n / (time.perf_counter() - started)


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench tracking")
    words.add_argument("--n", type=int, default=6_000, help="hits a round")
    words.add_argument("--events", type=int, default=12_000, help="events a round")
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args(argv)
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        clients = [stage.open_client(f"client-{number}") for number in range(CLIENTS)]
        for client in clients:
            _posted.allow_images(client)
        posted = [mail for client in clients for mail in _posted.post(client, given.n // CLIENTS + 1, first=1_000)]
        found = [
            measure_hits(stage, posted, n=given.n, rounds=given.rounds),
            measure_events(stage, clients, n=given.events, rounds=given.rounds),
        ]
    return show(found)
