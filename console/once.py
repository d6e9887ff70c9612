"""`demo --once`: the whole job over one ledger file, from the file to a worked list, on the real processes.

The file's name names the client, so the same file again, or the same ledger saved by somebody else, meets the books
that are here already. The client's clock is set to a few business days before the wanted day and walks up to it; on
each of these days its day opens, the file comes again with the payments of that day, and the recipients read or do not.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from console import summary
from console.faults import FAILED, PARTLY, CannotRun
from console.sample import play, recipients
from console.sample.play import AFTERNOON, MORNING, Stage, Wait
from console.talk import say
from tenants import assembly, settings, store
from tenants.assembly import Toolbox
from tenants.directory import clients
from tenants.intake.runs import Import
from tenants.isolation import scope
from tenants.rules import recipes
from tenants.values import ids
from tenants.values.calendars import BusinessCalendar
from tenants.values.money import Money
from tenants.work import unit_of_work

CURRENCY, ZONE, COUNTRY = "USD", "America/New_York", "US"
"""What a ledger without currency and country is taken to be."""
DAYS = 5
"""Business days that are played up to the wanted day."""
DOMAIN = "customers.demo.test"
BOUNCING, LATE = 8, 4
"""Of a hundred demo addresses so many are refused at once, and so many taken and returned later."""

KNOWN = "SELECT id FROM tenant WHERE slug = :slug"
LATEST = "SELECT max(issued_on) FROM import_row WHERE tenant_id = :tenant AND import_id = :import_id"
NO_ADDRESS = """
SELECT d.id, d.number FROM debtor d WHERE d.tenant_id = :tenant AND d.channel <> 'paper'
  AND NOT EXISTS (SELECT FROM contact c WHERE c.tenant_id = :tenant AND c.debtor_id = d.id) ORDER BY d.number
"""
ADDRESSES = """
INSERT INTO contact (tenant_id, id, debtor_id, name, email, known_at)
SELECT :tenant, r.id, r.debtor_id, 'Accounts payable', r.email, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, email text)
ON CONFLICT (tenant_id, debtor_id, email) DO NOTHING
"""
KEY_GROUPS = """
SELECT g.key FROM debtor_group g JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = g.debtor_id
WHERE g.tenant_id = :tenant AND i.open_minor > 0 GROUP BY g.key
ORDER BY g.key = 'key' DESC, sum(i.open_minor) DESC, g.key LIMIT 2
"""
ON_PAPER = "SELECT count(*) FROM debtor WHERE tenant_id = :tenant AND channel = 'paper'"
USUAL = """
SELECT CAST(percentile_disc(0.5) WITHIN GROUP (ORDER BY open_minor) AS bigint) FROM invoice
WHERE tenant_id = :tenant AND open_minor > 0 AND currency = :currency
"""


def run(*, ledger: Path, as_of: date | None, look: Callable[[], None]) -> tuple[dict[str, Any], int]:
    """Run the job over one file; return the summary and the exit code.

    0 when all went well, 3 when rows were refused, 1 when the books do not hold.
    """
    chosen = settings.read()
    tools = assembly.make_tools(chosen)
    shell = assembly.make_shell(chosen)
    with shell.app_context():
        return play_file(tools, ledger=ledger, as_of=as_of, wait=play.waiting_for_processes(tools, look=look))


def play_file(tools: Toolbox, *, ledger: Path, as_of: date | None, wait: Wait) -> tuple[dict[str, Any], int]:
    """The run itself, in an open app context, with any way of getting the work done."""
    run = Run(Stage(tools, wait), ledger.name, ledger.read_bytes())
    with run.timed("check"):
        import_id = run.check()
    day = as_of or run.latest_day(import_id)
    with run.timed("load"):
        days = run.set_clock(day)
        taken = run.load(import_id)
    with run.timed("prepare"):
        addresses = run.prepare()
    with run.timed("days"):
        run.play(days, until=day)
    said = summary.of(run.tenant, run=taken, as_of=day, seconds=run.seconds)
    found = {"client": run.slug, **said, "demo_addresses": addresses}
    if not summary.is_sound(found):
        return found, FAILED
    return found, PARTLY if taken.refused else 0


@dataclass
class Run:
    """One file on its way through the job."""

    stage: Stage
    name: str
    body: bytes
    tenant: UUID = field(init=False)
    slug: str = field(init=False)
    seconds: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.slug = slug_of(self.name)
        self.tenant = find_or_open(self.slug, stage=self.stage)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        """Note how long a stage takes."""
        say(f"{stage} ...")
        started = time.monotonic()
        yield
        self.seconds[stage] = time.monotonic() - started

    def check(self) -> UUID:
        """Hand the file in and have it read, row by row."""
        import_id = play.receive(self.stage, self.tenant, body=self.body, name=self.name)
        self.stage.wait([self.tenant])
        return import_id

    def latest_day(self, import_id: UUID) -> date:
        """Without a wanted day: today, or the last day of a file that ended before."""
        with unit_of_work(scope.viewing(self.tenant, actor="demo")):
            latest: date | None = store.run(LATEST, import_id=import_id).scalar()
            today = clients.clock().today(self.stage.real)
        return min(latest or today, today)

    def set_clock(self, until: date) -> list[date]:
        """Put the clock to the first day that is still to come; return the days to play, none when they are over."""
        with unit_of_work(scope.viewing(self.tenant, actor="demo")):
            profile = clients.profile()
        days = business_days(until, country=profile.country)
        if profile.state == "live":
            here = profile.clock.today(self.stage.real)
            days = [day for day in days if day > here]
        if days:
            play.place_clock(self.stage, self.tenant, to=play.at(self.tenant, days[0], MORNING))
        return days

    def load(self, import_id: UUID) -> Import:
        """Take the checked file into the books."""
        play.confirm(self.stage, self.tenant, import_id=import_id)
        self.stage.wait([self.tenant])
        return play.report(self.tenant, import_id)

    def prepare(self) -> dict[str, int]:
        """Give addresses to customers who have none, and rules to a client who has none."""
        with unit_of_work(scope.tenant(self.tenant, actor="demo")):
            profile = clients.profile()
            rows = [
                {"id": ids.new(), "debtor_id": row.id, "email": address(row.number)} for row in store.run(NO_ADDRESS)
            ]
            store.run(ADDRESSES, rows=json.dumps(rows, default=str), now=profile.clock.now(self.stage.real))
            on_paper = int(store.run(ON_PAPER).scalar_one())
            groups = list(store.run(KEY_GROUPS).scalars()) or ["key"]
            usual = store.run(USUAL, currency=profile.base_currency).scalar() or 0
        if profile.state == "setup":
            least = Money(int(usual), profile.base_currency).as_text()
            known = dict.fromkeys(recipes.DEMO, least)
            play.install_rules(self.stage, self.tenant, least=known, groups=groups, actor="demo")
            play.go_live(self.tenant)
        hosts = [row["email"].rpartition("@")[2].partition(".")[0] for row in rows]
        return {
            "made": len(rows),
            "refusing": hosts.count("bounce"),
            "returning_later": hosts.count("late"),
            "on_paper": on_paper,
        }

    def play(self, days: list[date], *, until: date) -> None:
        """Let the days pass; the file comes every night, with the payments that the next day knows."""
        if not days:
            return
        only, tonight = [self.tenant], None
        for day in days:
            say(f"  {day:%A %-d %B %Y}")
            morning = play.at(self.tenant, day, MORNING)
            play.place_clock(self.stage, self.tenant, to=morning)
            if tonight:
                play.confirm(self.stage, self.tenant, import_id=tonight)
            play.open_day(self.stage, self.tenant, day=day)
            self.stage.wait(only)
            play.place_clock(self.stage, self.tenant, to=play.at(self.tenant, day, AFTERNOON))
            recipients.act(self.stage, self.tenant, since=morning)
            tonight = play.receive(self.stage, self.tenant, body=self.body, name=self.name)
            self.stage.wait(only)
        if until > days[-1]:
            play.place_clock(self.stage, self.tenant, to=play.at(self.tenant, until, AFTERNOON))
        if tonight:
            play.confirm(self.stage, self.tenant, import_id=tonight)
        self.stage.wait(only)


def business_days(until: date, *, country: str) -> list[date]:
    """The last business days up to that day."""
    calendar = BusinessCalendar.for_country(country)
    last = calendar.on_or_before(until)
    return [calendar.subtract(last, back) for back in range(DAYS, 0, -1)] + [last]


def slug_of(name: str) -> str:
    """A client's short name from a file's name, up to its first point: a ledger saved again is the same client's."""
    words = re.findall(r"[a-z0-9]+", name.lower().lstrip(".").partition(".")[0])
    if not words:
        raise CannotRun(f"The file's name “{name}” has no letters or digits to name a client by.")
    slug = "-".join(words)[:60].strip("-")
    return slug if len(slug) > 1 else f"ledger-{slug}"


def find_or_open(slug: str, *, stage: Stage) -> UUID:
    """The client of that name, opened if there is none."""
    with unit_of_work(scope.platform(actor="demo", reason="find the client of a ledger file")):
        known = store.run_identity(KNOWN, slug=slug).scalar_one_or_none()
    if known is not None:
        return UUID(str(known))
    with unit_of_work(scope.tenant(ids.new(), actor="demo")):
        return clients.open(
            slug,
            legal_name=slug.replace("-", " ").title(),
            base_currency=CURRENCY,
            time_zone=ZONE,
            country=COUNTRY,
            now=stage.real,
            state="setup",
            contact_email=f"receivables@{slug}.test",
            terms="Payment within 30 days.",
        )


def address(number: str) -> str:
    """A demo address for a customer; the number decides whether it takes mail, so every run has the same ones."""
    share = int.from_bytes(hashlib.sha256(number.encode()).digest()[:4], "big") % 100
    behaviour = "bounce." if share < BOUNCING else "late." if share < BOUNCING + LATE else ""
    mailbox = re.sub(r"[^a-z0-9]+", "-", number.lower()).strip("-")[:40] or "customer"
    return f"{mailbox}@{behaviour}{DOMAIN}"
