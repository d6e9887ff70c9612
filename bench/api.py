"""`bench api`: a list of 50 invoices over HTTP, against a bare Flask route that returns the same bytes.

*api.invoices*: who is calling, scope, row security, limits, serialisation and the log line of each request, for a
person with a browser session. Both applications run under the same server with the same settings and are asked by the
same client over lines that stay open, in turns. The line *api.p95* judges how long eight clients at once wait.

*api.tenants*: the same request, one at a time, in a database of ten clients and of ten thousand. Rate and floor are
requests a second; the target is what a wait 1.15 times as long would give.
"""

import argparse
import http.client
import os
import socket
import statistics
import sys
import threading
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

import psycopg
from flask import Flask, Response

from bench import _stage
from bench.line import line, show
from bench.tracking import served
from service.identity import COOKIE
from tenants.directory import memberships, people, sessions
from tenants.isolation import scope
from tenants.ledger import debtors, invoices
from tenants.values import ids
from tenants.work import unit_of_work

RATIO, SLOWER, P95_MS = 0.15, 1.15, 25.0
AT_ONCE, LISTED, OF_A_CLIENT = 8, 50, 400
STAYS = 20
"""So many requests a line is used for."""
MANY = 10_000
FLOOR_BYTES = "GOODTERMS_BENCH_BYTES"
FILL = """
INSERT INTO app.tenant (id, slug, legal_name, base_currency, time_zone, country, state, created_at)
SELECT id, 'filler-' || n, 'Filler ' || n, 'EUR', 'Europe/Berlin', 'DE', 'live', now() FROM filler;
INSERT INTO app.client_profile (tenant_id) SELECT id FROM filler;
INSERT INTO app.membership (tenant_id, id, person_id, person_name, person_email, role, starts_at)
SELECT id, gen_random_uuid(), gen_random_uuid(), 'Somebody', 's@filler.test', role, now()
FROM filler, unnest(ARRAY['specialist', 'client_viewer', 'tenant_admin']) AS role;
INSERT INTO app.debtor
SELECT (jsonb_populate_record(NULL::app.debtor,
  d.row || jsonb_build_object('tenant_id', f.id, 'id', gen_random_uuid()))).*
FROM filler f, (SELECT to_jsonb(x) AS row FROM app.debtor x LIMIT 1) d;
INSERT INTO app.invoice
SELECT (jsonb_populate_record(NULL::app.invoice, i.row || jsonb_build_object(
  'tenant_id', f.id, 'id', gen_random_uuid(), 'debtor_id', d.id, 'number', 'F-' || k))).*
FROM filler f JOIN app.debtor d ON d.tenant_id = f.id, generate_series(1, 10) AS k,
  (SELECT to_jsonb(x) AS row FROM app.invoice x LIMIT 1) i;
"""


def floor_app() -> Flask:
    """The bare route."""
    app = Flask("floor", static_folder=None)
    body = Path(os.environ[FLOOR_BYTES]).read_bytes()

    @app.get("/invoices")
    def listed() -> Response:
        return Response(body, content_type="application/json")

    return app


class Line:
    """A connection that stays open for a while: callers come and go, and so does the chance by which the server's
    processes share them."""

    def __init__(self, port: int, path: str, cookie: str = "") -> None:
        self._port, self._asked = port, 0
        self._words = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nCookie: {COOKIE}={cookie}\r\n\r\n".encode()

    def ask(self) -> float:
        """Send the request and read the answer to its end; return the seconds."""
        started = time.perf_counter()
        if self._asked % STAYS == 0:
            self._connect()
        self._asked += 1
        self._socket.sendall(self._words)
        got = self._socket.recv(65536)
        while b"\r\n\r\n" not in got:
            got += self._socket.recv(65536)
        head, _, body = got.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(got[:400].decode(errors="replace"))
        wanted = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        left = wanted - len(body)
        while left > 0:
            left -= len(self._socket.recv(65536))
        return time.perf_counter() - started

    def _connect(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def ask_many(port: int, path: str, cookie: str, *, n: int, at_once: int) -> tuple[float, list[float]]:
    """Ask n times over so many lines; return the rate and every wait."""
    waits: list[float] = []
    lines = [Line(port, path, cookie) for _ in range(at_once)]

    def one(line_to: Line) -> None:
        waits.extend(line_to.ask() for _ in range(n // at_once))

    crowd = [threading.Thread(target=one, args=(each,)) for each in lines]
    started = time.perf_counter()
    for each in crowd:
        each.start()
    for each in crowd:
        each.join()
    return len(waits) / (time.perf_counter() - started), waits


def furnish(stage: _stage.Stage, *, clients: int) -> tuple[str, str]:
    """Open clients that one specialist works, the first with its invoices; return its short name and the session."""
    now = datetime.now(UTC)
    with unit_of_work(scope.platform(actor="bench", reason="add the person who asks")):
        person = people.add("sofia@bench.test", name="Sofia", side="provider", now=now)
        session = sessions.start(person, now=now, agent="bench").token
    tenants = [stage.open_client(f"client-{number}") for number in range(clients)]
    for tenant in tenants:
        with unit_of_work(scope.tenant(tenant, actor="bench")):
            memberships.give(person, name="Sofia", email="sofia@bench.test", role="specialist", now=now)
    issue(tenants[0], now=now, today=now.date())
    with psycopg.connect(stage.admin_url, autocommit=True) as line_to:
        line_to.execute("ANALYZE")  # as the database's own housekeeping does within a minute of such a load
    return "client-0", session


def issue(tenant: UUID, *, now: datetime, today: date) -> None:
    """Invoices of twenty customers."""
    number = count(1)
    with unit_of_work(scope.tenant(tenant, actor="bench")):
        for at in range(20):
            debtor = debtors.open(f"C-{at:03}", name=f"Customer {at} of the benchmark", country="DE", now=now)
            for _ in range(OF_A_CLIENT // 20):
                due = today - timedelta(days=next(number) % 90)
                invoices.issue(
                    f"A-{next(number):06}",
                    debtor_id=debtor,
                    currency="EUR",
                    amount_minor=100_00 + at,
                    issued_on=due - timedelta(days=30),
                    due_on=due,
                    now=now,
                )


def fill(admin_url: str, *, clients: int) -> None:
    """Many more clients, as small ones are, written past every wall."""
    with psycopg.connect(admin_url) as line_to:
        line_to.execute("CREATE TEMPORARY TABLE filler (n integer, id uuid)")
        with line_to.cursor().copy("COPY filler FROM STDIN") as sink:
            for number in range(clients):
                sink.write_row((number, ids.new()))
        line_to.execute(FILL)
    with psycopg.connect(admin_url, autocommit=True) as line_to:
        line_to.execute("VACUUM (ANALYZE)")  # the housekeeping of so large a load would run beside what is measured
        line_to.execute("CHECKPOINT")


def measure_invoices(port: int, bare: int, path: str, session: str, *, n: int, rounds: int) -> list[dict[str, object]]:
    """Ours and the floor in turns, medians."""
    ours, floor, slow = [], [], []
    for number in range(rounds + 1):
        rate, waits = ask_many(port, path, session, n=n, at_once=AT_ONCE)
        bare_rate, _ = ask_many(bare, "/invoices", "", n=n, at_once=AT_ONCE)
        if number:  # the first round warms both up
            ours.append(rate)
            floor.append(bare_rate)
            slow.append(sorted(waits)[int(len(waits) * 0.95)] * 1000)
            print(f"round {number}: ours {rate:.0f}/s, bare {bare_rate:.0f}/s, p95 {slow[-1]:.1f} ms", file=sys.stderr)
    rate, bare_rate, p95 = statistics.median(ours), statistics.median(floor), statistics.median(slow)
    waited = line("api.p95", n=n, seconds=p95 / 1000, rate=1000 / p95, floor=1000 / P95_MS, target=1.0)
    return [line("api.invoices", n=n, seconds=n / rate, rate=rate, floor=bare_rate, target=RATIO), waited]


def median_wait(port: int, path: str, session: str, *, n: int) -> float:
    """How long one client alone waits, as a rule."""
    return statistics.median(ask_many(port, path, session, n=n, at_once=1)[1])


def main(argv: Sequence[str]) -> int:
    """Measure and print; the exit code says whether the targets were met."""
    words = argparse.ArgumentParser(prog="bench api")
    words.add_argument("--n", type=int, default=2_000, help="requests a round")
    words.add_argument("--clients", type=int, default=MANY, help="clients in the large database")
    words.add_argument("--rounds", type=int, default=3)
    given = words.parse_args(argv)
    with TemporaryDirectory(prefix="goodterms-bench-") as folder, _stage.stage(Path(folder)) as stage:
        os.environ["GOODTERMS_AUTH_DATABASE_URL"] = stage.url("gt_auth")
        with _stage.shell_from_env():
            slug, session = furnish(stage, clients=10)
        path = f"/api/v1/tenants/{slug}/invoices?limit={LISTED}"
        log, kept = stage.folder / "web.log", stage.folder / "invoices.json"
        env = {"GOODTERMS_DATABASE_URL": stage.url("gt_app"), "GOODTERMS_AUTH_DATABASE_URL": stage.url("gt_auth")}
        env |= {"GOODTERMS_STAFF_SECOND_FACTOR": "false", "GOODTERMS_SECURE_COOKIES": "false"}  # a password, no https
        env |= {"GOODTERMS_API_PER_CALLER": "100000000", "GOODTERMS_API_PER_CLIENT": "100000000"}
        with served("service.app:create_app()", env=env, log=log) as web:
            talk = http.client.HTTPConnection("127.0.0.1", web)
            talk.request("GET", path, headers={"Cookie": f"{COOKIE}={session}"})
            answer = talk.getresponse()
            kept.write_bytes(answer.read())
            if answer.status != 200:
                raise RuntimeError(f"the web face answered {answer.status}")
            with served("bench.api:floor_app()", env={FLOOR_BYTES: str(kept)}, log=log) as bare:
                found = measure_invoices(web, bare, path, session, n=given.n, rounds=given.rounds)
        waits = []
        for clients in (10, given.clients):
            fill(stage.admin_url, clients=clients - 10)
            # Anew: a connection that has seen the small database holds on to what it learned there.
            with served("service.app:create_app()", env=env, log=log) as web:
                waits.append([median_wait(web, path, session, n=300) for _ in range(given.rounds + 1)][1:])
        few, many = waits
        rate, floor = 1 / statistics.median(many), 1 / statistics.median(few)
        found.append(line("api.tenants", n=given.clients, seconds=1 / rate, rate=rate, floor=floor, target=1 / SLOWER))
    return show(found)
