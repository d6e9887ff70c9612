"""Lets days pass at a client: its clock moves, its day opens, its ledger file comes, and all is worked to the end.

Used by the sample and by `demo --once`. The work itself is done by the same jobs as always; this only waits for them.
"""

import io
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from datetime import time as wall_time
from pathlib import Path
from typing import Any
from uuid import UUID

from console.faults import CannotRun
from jobs import quiet
from tenants import store
from tenants.assembly import Toolbox
from tenants.directory import clients
from tenants.events import recording
from tenants.intake import imports, runs
from tenants.intake.runs import Import
from tenants.isolation import scope
from tenants.rules import language, recipes, rule_book, webhooks
from tenants.values import calendars
from tenants.work import unit_of_work

MORNING, AFTERNOON = wall_time(10), wall_time(16)
SOURCE, BANK = "ledger", "bank"
LOOK_S = 0.05
PATIENCE_S = 240.0

# What was to happen at an instant of the client's clock happens at that instant still, however the clock came there.
PULL = """
UPDATE work_item SET run_at = run_at - CAST(:by AS interval)
WHERE tenant_id = :tenant AND state = 'ready' AND run_at > :real
"""
STUCK = """
SELECT kind, state, count(*), max(last_error) FROM work_item
WHERE tenant_id = :tenant AND state IN ('ready', 'leased', 'dead') AND run_at <= :real
GROUP BY kind, state ORDER BY 3 DESC LIMIT 3
"""
LIVE = "UPDATE tenant SET state = 'live' WHERE id = :tenant AND state = 'setup'"

Wait = Callable[[Sequence[UUID]], None]


@dataclass(frozen=True)
class Stage:
    """Where the days pass: the tools of this process, and how it waits for the work to be done."""

    tools: Toolbox
    wait: Wait

    @property
    def real(self) -> datetime:
        """The time on the wall."""
        return self.tools.clock.now()


def waiting_for_processes(tools: Toolbox, *, look: Callable[[], None]) -> Wait:
    """Wait until the worker processes have nothing due; `look` keeps them alive meanwhile.

    Quiet is asked twice: between the two answers no mail may lie with the mail server on its way back, because that is
    work which no queue shows yet.
    """
    spool = Path(tools.settings.mailbox) / "returned" if tools.settings.mailbox else None

    def is_quiet(tenants: Sequence[UUID]) -> bool:
        return quiet.is_quiet(tenants, now=tools.clock.now())

    def wait(tenants: Sequence[UUID]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not (is_quiet(tenants) and is_empty(spool) and is_quiet(tenants)):
            look()
            if time.monotonic() > deadline:
                raise CannotRun(f"The work does not come to an end: {stuck(tenants, now=tools.clock.now())}")
            time.sleep(LOOK_S)

    return wait


def is_empty(folder: Path | None) -> bool:
    """Whether nothing lies there."""
    return folder is None or not folder.is_dir() or not any(folder.iterdir())


def stuck(tenants: Sequence[UUID], *, now: datetime) -> str:
    """What is still waiting, in words for the person who waits too."""
    found = []
    for tenant in tenants:
        with unit_of_work(scope.viewing(tenant, actor="demo")):
            rows = store.run(STUCK, real=now).all()
        found += [f"{count} × {kind} {state} ({error or 'no error'})" for kind, state, count, error in rows]
    return "; ".join(found) or "nobody knows why."


def place_clock(stage: Stage, tenant: UUID, *, to: datetime) -> None:
    """Set the client's clock; what waits for a later instant of it comes nearer by as much."""
    real = stage.real
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        by = to - clients.clock().now(real)
        clients.move_clock(to, real=real)
        store.run(PULL, by=by, real=real)


def at(tenant: UUID, day: date, wall: wall_time) -> datetime:
    """The instant when the client's wall clock shows that time on that day."""
    with unit_of_work(scope.viewing(tenant, actor="demo")):
        zone = clients.clock().zone
    return calendars.at_local_time(day, wall, zone=zone)


def open_day(stage: Stage, tenant: UUID, *, day: date) -> None:
    """Record what the timetable records when a client's day opens; both may, and one counts."""
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        recording.record("day.opened", key=day.isoformat(), now=stage.real, day=day.isoformat())


def go_live(tenant: UUID) -> None:
    """From now on the timetable looks after the client."""
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        store.run(LIVE)


def receive(stage: Stage, tenant: UUID, *, body: bytes, name: str, source: str = SOURCE) -> UUID:
    """Hand a file in, as a client's system does every night."""
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        run = imports.receive(
            io.BytesIO(body),
            name=name,
            source=source,
            actor="demo",
            now=clients.clock().now(stage.real),
            real=stage.real,
            files=stage.tools.files,
        )
    return run.id


def confirm(stage: Stage, tenant: UUID, *, import_id: UUID) -> None:
    """Have a checked file loaded without its refused rows. Raises CannotRun when it was refused as a whole."""
    run = report(tenant, import_id)
    if run.state == "refused":
        raise CannotRun(f"{run.file_name}: {run.report['check'].get('refusal', 'the file was refused.')}")
    with unit_of_work(scope.tenant(tenant, actor="demo")):
        imports.confirm(import_id, real=stage.real, leave_out_faults=True)


def report(tenant: UUID, import_id: UUID) -> Import:
    """What has become of a file."""
    with unit_of_work(scope.viewing(tenant, actor="demo")):
        return runs.one(import_id)


def take_ledgers(
    stage: Stage, files: dict[UUID, tuple[str, bytes]], *, statements: Mapping[UUID, tuple[str, bytes]] | None = None
) -> dict[UUID, Import]:
    """Check and load one ledger for each client, and the statements of banks that come with it, by the jobs."""
    found = {tenant: receive(stage, tenant, body=body, name=name) for tenant, (name, body) in files.items()}
    told = [
        (tenant, receive(stage, tenant, body=body, name=name, source=BANK))
        for tenant, (name, body) in (statements or {}).items()
    ]
    stage.wait(list(found))
    for tenant, import_id in [*found.items(), *told]:
        confirm(stage, tenant, import_id=import_id)
    stage.wait(list(found))
    return {tenant: report(tenant, import_id) for tenant, import_id in found.items()}


def install_rules(
    stage: Stage, tenant: UUID, *, least: Mapping[str, str], groups: Sequence[str], actor: str
) -> list[str]:
    """Publish recipes, with the client's own names for key customers and amounts in its currency.

    `least` names the recipes, each with the amount from which it looks at an invoice or a customer.
    """
    with unit_of_work(scope.tenant(tenant, actor=actor)):
        profile = clients.profile()
        now = profile.clock.now(stage.real)
        for key, amount in least.items():
            document = fitted(recipes.find(key), groups=groups, least=amount, currency=profile.base_currency)
            rule_book.save(document, now=now, worded_by=f"recipe:{key}")
            webhooks.reserve(rule_book.endpoints(language.read(document)), now=now)
            rule_book.publish(key, now=now)
        return [str(kept["sentence"]) for kept in rule_book.all_kept()]


def fitted(document: Any, *, groups: Sequence[str], least: str, currency: str) -> Any:
    """A recipe with this client's currency, threshold and key groups in the place of the recipe's own."""
    if isinstance(document, list):
        return [fitted(each, groups=groups, least=least, currency=currency) for each in document]
    if not isinstance(document, dict):
        return document
    if document.get("field") == "customer.groups":
        return {**document, "value": list(groups)}
    if set(document) == {"amount", "currency"}:
        return {"amount": least, "currency": currency}
    return {key: fitted(value, groups=groups, least=least, currency=currency) for key, value in document.items()}
