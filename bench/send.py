"""`bench send`: mails handed to a mail server on loopback, and documents printed.

*send.messages*: from queued messages to settled ones, on the real processes: a dispatcher, two workers of the delivery
lane, PostgreSQL with fsync, one SMTP sink. Each mail passes the gate, gets its document printed (nothing is printed
beforehand), its intent on disk before the call and its answer on disk after it. The floor is the target of 60 a second.

*send.documents*: invoices with two lines, printed as PDF/A-3 with tags by as many processes as there are workers.
"""

import argparse
import contextlib
import os
import socketserver
import statistics
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg
import redis

from bench import _stage, work
from bench.line import line, show
from console.chaos import books
from jobs import lists
from jobs.lanes import Lane
from tenants.delivery import printing, queueing
from tenants.delivery.facts import Item, Line, Reader
from tenants.directory import clients
from tenants.directory.clients import Profile
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

MESSAGES, DOCUMENTS = 60.0, 120.0
WORKERS, CLIENTS, WARM = 2, 4, 40
ENDED = "SELECT count(*) FROM app.message WHERE state = 'sent'"
STATES = "SELECT state, held_reason, count(*) FROM app.message GROUP BY state, held_reason"


class Sink(socketserver.StreamRequestHandler):
    """A mail server that takes every mail and keeps none."""

    taken = 0

    def handle(self) -> None:
        self._say(b"220 sink")
        for words in iter(self.rfile.readline, b""):
            verb = words[:4].upper()
            if verb == b"DATA":
                self._say(b"354 go on")
                while self.rfile.readline() != b".\r\n":
                    pass
                Sink.taken += 1
                self._say(b"250 2.0.0 kept")
            elif verb == b"QUIT":
                self._say(b"221 bye")
                return
            else:
                self._say(b"250 ok")

    def _say(self, words: bytes) -> None:
        with contextlib.suppress(OSError):
            self.wfile.write(words + b"\r\n")


@contextmanager
def sink() -> Iterator[str]:
    """Serve until the block ends; gives the address."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Sink)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    try:
        yield f"smtp://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def fill(clients_here: Sequence[UUID], *, n: int, first: int) -> dict[UUID, list[UUID]]:
    """Invoices with two lines, each to its own customer."""
    now, made = datetime.now(UTC), {}
    for client in clients_here:
        with unit_of_work(scope.tenant(client, actor="bench")):
            made[client] = books.fill(n // len(clients_here), today=now.date(), now=now, first=first)
    return made


def queue(made: dict[UUID, list[UUID]]) -> None:
    """Queue a mail for each of them."""
    now = datetime.now(UTC)
    for client, invoices in made.items():
        with unit_of_work(scope.tenant(client, actor="bench")):
            queueing.queue_invoices(today=now.date(), now=now, real=now, invoice_ids=invoices)


def wait_for(stage: _stage.Stage, count: int) -> None:
    """Wait until so many mails are sent and settled."""
    started = time.perf_counter()
    with psycopg.connect(stage.admin_url, autocommit=True) as look:
        while (row := look.execute(ENDED).fetchone()) is not None and row[0] < count:
            if time.perf_counter() - started > 600:
                raise TimeoutError(f"not all were sent: {look.execute(STATES).fetchall()}")
            time.sleep(0.05)


def measure_messages(stage: _stage.Stage, *, n: int, rounds: int) -> dict[str, object]:
    """Rounds of n mails; the clock runs from the queueing of the first to the settling of the last."""
    here = [stage.open_client(f"client-{number}") for number in range(CLIENTS)]
    line_to = redis.Redis.from_url(stage.env["GOODTERMS_REDIS_URL"])
    rates, sent = [], 0
    with work.running(["jobs.dispatcher"], *[["jobs.worker", Lane.DELIVERY.value]] * WORKERS):
        work.wait_for_workers(line_to, lists.name(Lane.DELIVERY), count=WORKERS, patience=240)
        for number in range(rounds + 1):
            wanted = n if number else WARM
            made = fill(here, n=wanted, first=number * 100_000)
            started = time.perf_counter()
            queue(made)
            wait_for(stage, sent + wanted)
            sent += wanted
            if number:
                rates.append(wanted / (time.perf_counter() - started))
                print(f"round {number}: {rates[-1]:.0f} mails/s", file=sys.stderr, flush=True)
    if Sink.taken != sent:
        raise RuntimeError(f"{sent} mails were settled and {Sink.taken} taken")
    rate = statistics.median(rates)
    return line("send.messages", n=n, seconds=n / rate, rate=rate, floor=MESSAGES, target=1.0) | {"workers": WORKERS}


def sheets(creditor: Profile, n: int, *, first: int) -> list[printing.Sheet]:
    """Different invoices of one client."""
    day = date(2026, 11, 20)
    lines = tuple(Line(what, Decimal(10), 5000, 50000, Decimal(19), 9500) for what in ("Oak boards", "Carriage"))
    reader = Reader(ids.new(), "C-1", "Dune Garden Centres", "DE", None, "Dana Reyes", "en")
    return [
        printing.sheet(
            Item(ids.new(), f"S-{number:06}", "EUR", 119000, 19000, 119000, day, day, "", lines),
            creditor=creditor,
            reader=reader,
            portal="https://pay.example.test",
        )
        for number in range(first, first + n)
    ]


def print_all(pages: Sequence[printing.Sheet]) -> int:
    """Print in one process; returns how many bytes that made."""
    return sum(len(printing.pdf(page)) for page in pages)


def measure_documents(stage: _stage.Stage, *, n: int, rounds: int) -> dict[str, object]:
    """As many processes as workers, each with a share."""
    client = stage.open_client("printer")
    with unit_of_work(scope.viewing(client, actor="bench")):
        creditor = clients.profile()
    rates = []
    with ProcessPoolExecutor(WORKERS) as pool:
        for number in range(rounds + 1):
            pages = sheets(creditor, n if number else WARM, first=number * n)
            started = time.perf_counter()
            list(pool.map(print_all, [pages[share::WORKERS] for share in range(WORKERS)]))
            if number:
                rates.append(n / (time.perf_counter() - started))
                print(f"round {number}: {rates[-1]:.0f} documents/s", file=sys.stderr, flush=True)
    rate = statistics.median(rates)
    return line("send.documents", n=n, seconds=n / rate, rate=rate, floor=DOCUMENTS, target=1.0) | {"workers": WORKERS}


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench send")
    words.add_argument("--n", type=int, default=5_000, help="mails in all, divided among the rounds")
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args(argv)
    share = max(given.n // given.rounds // CLIENTS * CLIENTS, CLIENTS)
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, sink() as address:
        os.environ["GOODTERMS_SMTP_URL"] = address
        with _stage.stage(Path(folder)) as stage:
            os.environ["GOODTERMS_MAILER"] = "smtp"
            documents = measure_documents(stage, n=min(share, 500), rounds=given.rounds)
            found = [measure_messages(stage, n=share, rounds=given.rounds), documents]
    return show(found)
