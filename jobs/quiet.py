"""Work without Redis: claim, lease and finish as ever, in this process, until nothing is due. For tests and
commands."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Engine

from jobs import claims
from jobs.handlers import HANDLERS
from jobs.lanes import WORKED
from jobs.lists import ITEMS_PER_JOB
from jobs.pulse import Shell
from jobs.runtime import Runtime
from jobs.turns import Handler
from tenants.assembly import Toolbox
from tenants.events import queue
from tenants.isolation import scope
from tenants.work import unit_of_work


def run_until_quiet(
    shell: Shell,
    tools: Toolbox,
    *,
    engine: Engine,
    tenants: Sequence[UUID],
    handlers: dict[str, Handler] = HANDLERS,
) -> int:
    """Do what is due for these clients and what that causes; return how many items were handed out.

    `engine` is the dispatcher's own. What is due later, also by a retry, stays. The caller has pushed the shell's
    context and has no unit open.
    """
    runtime, handed_out = Runtime(shell, tools, handlers=handlers), 0
    while batches := _claim(engine, tools.clock.now(), tenants):
        for batch in batches:
            handed_out += len(batch.items)
            runtime.run(batch.token, batch.places)
    return handed_out


def is_quiet(tenants: Sequence[UUID], *, now: datetime) -> bool:
    """Whether nothing is due and nobody is at work for these clients; `now` is the real time."""
    for tenant_id in tenants:
        with unit_of_work(scope.viewing(tenant_id, actor="job:quiet")):
            if not queue.unfinished(now=now).quiet:
                return False
    return True


def _claim(engine: Engine, now: datetime, tenants: Sequence[UUID]) -> list[claims.Batch]:
    with engine.begin() as connection:
        claims.survey(connection, now=now, only=tenants)
        found = [claims.claim(connection, lane, now=now, most=ITEMS_PER_JOB[lane], only=tenants) for lane in WORKED]
    return [batch for batch in found if batch is not None]
