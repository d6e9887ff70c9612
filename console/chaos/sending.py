"""Send many mails while workers, dispatcher and mailroom are killed and the provider fails; then count.

Only the provider knows how often it took a letter, so its count is held against what our books say. The quarter of an
hour for which an attempt of which nobody knows waits, and the pauses after a refusal, are skipped by moving the work
forward; nothing else is helped.
"""

import json
import os
import random
import secrets
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE, Popen
from tempfile import TemporaryDirectory
from typing import Any
from uuid import UUID

import psycopg

import migrations
from console.chaos import books, crew
from console.chaos.crew import Crew
from console.home import PROJECT
from console.servers import start_postgres, start_redis
from console.talk import say
from jobs import dispatcher, mailroom, worker
from jobs.lanes import Lane
from migrations import roles
from tenants import assembly, logs, settings, store
from tenants.delivery import queueing
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

DATABASE = "goodterms"
CLIENTS, PORTIONS = 3, 20
OVERALL_S = 900.0
PAUSE_S = (0.2, 1.4)
OPEN = """
SELECT kind, count(*) FROM app.work_item WHERE lane = 'delivery' AND state IN ('ready', 'leased') GROUP BY kind
"""
DEAD = "SELECT count(*) FROM app.work_item WHERE lane = 'delivery' AND state = 'dead'"
SKIP = """
UPDATE app.work_item SET run_at = now() WHERE lane = 'delivery' AND state = 'ready' AND run_at > now()
  AND kind = ANY(%s)
"""
MESSAGES = "SELECT id::text, state FROM app.message"
DOUBTED = "SELECT count(*) FROM app.work_item WHERE kind = 'settle_attempt'"
UNSETTLED = """
SELECT count(*) FROM app.delivery_attempt a JOIN app.message m ON m.tenant_id = a.tenant_id AND m.id = a.message_id
WHERE a.state IN ('intent', 'ambiguous') AND m.state <> 'held'
"""
SENT = frozenset({"sent", "delayed", "unconfirmed", "delivered", "bounced"})


@dataclass(frozen=True)
class Plan:
    """How much of what."""

    messages: int
    kills: int
    share: float
    seed: int


def run(plan: Plan) -> dict[str, Any]:
    """The whole run; answers what was counted."""
    with TemporaryDirectory(prefix="goodterms-chaos-") as name, ExitStack() as ends:
        folder = Path(name)
        folder.chmod(0o755)  # the servers' user must be able to pass
        admin_url, servers = _servers(folder, ends)
        address = ends.enter_context(_provider(plan))
        os.environ.update(servers | _mail(folder, address))
        stage = Stage(plan, random.Random(plan.seed), folder, address, admin_url)
        started = time.monotonic()
        stage.play()
        return stage.verdict() | {"seconds": round(time.monotonic() - started, 1)}


def _servers(folder: Path, ends: ExitStack) -> tuple[str, dict[str, str]]:
    """A durable database and a queue; gives the database as its superuser, who alone sees every client's rows."""
    postgres = start_postgres(folder, durable=True)
    ends.callback(postgres.stop)
    redis = start_redis(folder, durable=False)
    ends.callback(redis.stop)
    words = {role: secrets.token_urlsafe(12) for role in roles.ALL}
    roles.prepare(postgres.admin_url, passwords=words)
    url = {role: postgres.url(role, word, database=DATABASE) for role, word in words.items()}
    migrations.upgrade(url["gt_owner"])
    env = {
        "GOODTERMS_DATABASE_URL": url["gt_worker"],
        "GOODTERMS_DISPATCH_DATABASE_URL": url["gt_dispatch"],
        "GOODTERMS_REDIS_URL": redis.url,
    }
    return postgres.admin_url.rsplit("/", 1)[0] + f"/{DATABASE}", env


def _mail(folder: Path, address: str) -> dict[str, str]:
    """The settings of a client of the failing provider."""
    return {
        "GOODTERMS_SECRET_KEY": secrets.token_urlsafe(32),
        "GOODTERMS_DOCUMENTS": str(folder / "documents"),
        "GOODTERMS_MAILER": "ses",
        "GOODTERMS_MAIL_PER_SECOND": "1000",  # this provider says nothing of an account, and a killed worker asks anew
        "GOODTERMS_AWS_ENDPOINT": address,
        "GOODTERMS_SQS_QUEUE": f"{address}/queue",
        "AWS_ACCESS_KEY_ID": "none",
        "AWS_SECRET_ACCESS_KEY": "none",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": "/nonexistent",
    }


@contextmanager
def _provider(plan: Plan) -> Iterator[str]:
    command = [sys.executable, "-m", "console.chaos.provider", "--share", str(plan.share), "--seed", str(plan.seed)]
    process = Popen(command, stdout=PIPE, cwd=PROJECT, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
    finally:
        process.kill()
        process.wait()


def _work() -> object:
    chosen = settings.read()
    logs.configure(chosen)
    return worker.serve(Lane.DELIVERY, chosen)


def _open_clients(wanted: list[UUID], share: int) -> None:
    now = datetime.now(UTC)
    with assembly.make_shell(settings.read()).app_context():
        for number, tenant in enumerate(wanted):
            with unit_of_work(scope.tenant(tenant, actor="chaos")):
                clients.open(
                    f"chaos-{number}",
                    legal_name=f"Chaos {number}",
                    base_currency="EUR",
                    time_zone="Europe/Berlin",
                    country="DE",
                    now=now,
                )
                books.fill(share, today=now.date(), now=now)


def _queue(wanted: list[UUID], most: int) -> None:
    """Queue a portion of what every client still has to send."""
    now = datetime.now(UTC)
    sql = "SELECT id FROM invoice WHERE tenant_id = :tenant AND delivery = 'none' ORDER BY number LIMIT :most"
    with assembly.make_shell(settings.read()).app_context():
        for tenant in wanted:
            with unit_of_work(scope.tenant(tenant, actor="chaos")):
                found = list(store.run(sql, most=most).scalars())
                queueing.queue_invoices(today=now.date(), now=now, real=now, invoice_ids=found)


@dataclass
class Stage:
    """One run."""

    plan: Plan
    dice: random.Random
    folder: Path
    provider: str
    admin_url: str

    def play(self) -> None:
        """Queue in portions, kill meanwhile, then let everything come to rest."""
        share = -(-self.plan.messages // CLIENTS)
        wanted = [ids.new() for _ in range(CLIENTS)]
        crew.run(lambda: _open_clients(wanted, share), log=self.folder / "books.log")
        members = {
            "worker-1": _work,
            "worker-2": _work,
            "dispatcher-1": dispatcher.main,
            "dispatcher-2": dispatcher.main,
            "mailroom": mailroom.main,
        }
        self.crew = Crew(self.folder, members)
        self.crew.start()
        try:
            for portion in range(PORTIONS):
                crew.run(lambda: _queue(wanted, -(-share // PORTIONS)), log=self.folder / "books.log")
                until = self.plan.kills * (portion + 1) // PORTIONS
                while self.crew.kills < until:
                    time.sleep(self.dice.uniform(*PAUSE_S))
                    self.crew.kill_one(self.dice)
                say(f"  {self.crew.kills} kills, {sum(self.truth()['taken'].values())} letters taken")
            self._come_to_rest()
        finally:
            self.crew.stop()

    def _come_to_rest(self) -> None:
        """First all hand-overs, with their pauses skipped; then all news; then whoever still waits for news."""
        self._until(lambda: "send_message" not in self._open(skip=["send_message"]))
        self._until(lambda: not self.truth()["waiting"] and "read_news" not in self._open(skip=["read_news"]))
        self._until(lambda: not self._open(skip=["settle_attempt", "send_message", "read_news"]))

    def _until(self, there: Any) -> None:
        deadline = time.monotonic() + OVERALL_S
        while not there():
            if time.monotonic() > deadline:
                raise TimeoutError(f"the work did not come to rest: {self._open(skip=[])}")
            time.sleep(0.5)

    def _open(self, *, skip: list[str]) -> dict[str, int]:
        with psycopg.connect(self.admin_url) as line:
            line.execute(SKIP, (skip,))
            return dict(line.execute(OPEN).fetchall())

    def truth(self) -> dict[str, Any]:
        """What only the provider knows."""
        with urllib.request.urlopen(f"{self.provider}/truth", timeout=10) as answer:
            found: dict[str, Any] = json.load(answer)
        return found

    def verdict(self) -> dict[str, Any]:
        """Our books against the provider's."""
        truth = self.truth()
        with psycopg.connect(self.admin_url) as line:
            states: dict[str, str] = dict(line.execute(MESSAGES).fetchall())
            numbers = {name: line.execute(sql).fetchone() for name, sql in COUNTS.items()}
        return judge(states, truth, wanted=self.plan.messages, kills=self.crew.kills) | {
            name: row[0] if row else 0 for name, row in numbers.items()
        }


COUNTS = {"ambiguous": DOUBTED, "unsettled": UNSETTLED, "dead_letters": DEAD}


def judge(states: dict[str, str], truth: dict[str, Any], *, wanted: int, kills: int) -> dict[str, Any]:
    """What was lost: said to be sent and never taken, or neither sent nor visibly held; what was sent twice."""
    taken = truth["taken"]
    lost = [key for key, state in states.items() if state in SENT and not taken.get(key)]
    lost += [key for key, state in states.items() if state in ("queued", "sending")]
    denied = [key for key, state in states.items() if state in ("failed", "cancelled") and taken.get(key)]
    return {
        "wanted": wanted,
        "messages": len(states),
        "kills": kills,
        "calls": truth["calls"],
        "faults": truth["faults"],
        "events": truth["events"],
        "taken": sum(taken.values()),
        "states": dict(Counter(states.values())),
        "lost": len(lost),
        "doubled": sum(1 for copies in taken.values() if copies > 1),
        "denied": len(denied),
        "held": sum(1 for state in states.values() if state == "held"),
    }


def sound(found: dict[str, Any]) -> bool:
    """Whether nothing was lost, doubled, denied, left unsettled or given up."""
    whole = found["messages"] >= found["wanted"]
    return whole and not any(found[name] for name in ("lost", "doubled", "denied", "unsettled", "dead_letters"))
