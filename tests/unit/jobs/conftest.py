"""Work without Redis: real claims, leases and finishes, a clock that stands still, and handlers that the test
brings."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import Engine, create_engine

from jobs import claims
from jobs.insight import noop
from jobs.quiet import run_until_quiet
from jobs.runtime import Runtime
from jobs.turns import Handler
from tenants import assembly, store
from tenants.assembly import Toolbox
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.values.clock import FixedClock
from tenants.work import unit_of_work

LANE = "insight"
STATES = """
SELECT dedupe_key, state, attempts, error_class, run_at FROM work_item WHERE tenant_id = :tenant ORDER BY dedupe_key
"""


class Died(BaseException):
    """The process is gone: nothing is written down."""


def _die(_: object) -> None:
    raise Died


@dataclass
class Floor:
    """The shop floor: records work, claims it, runs it, and shows what became of it."""

    shell: Flask
    tools: Toolbox
    engine: Engine
    clock: FixedClock

    def record(self, tenant: UUID, *keys: str, lane: str = LANE, **payload: object) -> None:
        """Record work that does nothing, or what the test's handler does."""
        with unit_of_work(scope.tenant(tenant, actor="test")):
            recording.record_many("work.tried", [Occurrence(key, payload) for key in keys], now=self.clock.now())

    def claim(self, *tenants: UUID, most: int = 100) -> claims.Batch | None:
        """Claim as a dispatcher does."""
        with self.engine.begin() as connection:
            claims.survey(connection, now=self.clock.now(), only=tenants)
            return claims.claim(connection, LANE, now=self.clock.now(), most=most, only=tenants)

    def run(
        self, batch: claims.Batch, handler: Handler = noop, *, stopping: Callable[[], bool] = lambda: False
    ) -> None:
        """Run a batch as a worker does."""
        runtime = Runtime(self.shell, self.tools, handlers={"noop": handler}, stopping=stopping)
        runtime.run(batch.token, batch.places)

    def die(self, batch: claims.Batch) -> None:
        """Run a batch as a worker does that dies with its first item."""
        with suppress(Died):
            self.run(batch, _die)

    def drain(self, *tenants: UUID, handler: Handler = noop) -> int:
        """Do all that is due."""
        return run_until_quiet(self.shell, self.tools, engine=self.engine, tenants=tenants, handlers={"noop": handler})

    def reap(self) -> int:
        """Free the lapsed leases, as a dispatcher does."""
        with self.engine.begin() as connection:
            return claims.reap(connection, now=self.clock.now())

    def wait(self, seconds: float) -> datetime:
        """Let time pass."""
        return self.clock.move(timedelta(seconds=seconds))

    def states(self, tenant: UUID) -> dict[str, tuple[str, int, str | None]]:
        """State, attempts and cause of each piece of work, by its key."""
        with unit_of_work(scope.viewing(tenant, actor="test")):
            return {key: (state, attempts, cause) for key, state, attempts, cause, _ in store.run(STATES)}

    def done(self, tenant: UUID) -> list[str]:
        """The marks that finished work left in the history."""
        with unit_of_work(scope.viewing(tenant, actor="test")):
            sql = "SELECT reason FROM history WHERE tenant_id = :tenant AND act = 'work.done' ORDER BY id"
            return list(store.run(sql).scalars())


@pytest.fixture
def floor(shell: Flask, settings: Settings, now: datetime) -> Iterator[Floor]:
    """A shop floor at the time at which the test plays."""
    clock = FixedClock(now)
    engine = create_engine(settings.dispatch_database_url, pool_size=2)
    yield Floor(shell, replace(assembly.make_tools(settings), clock=clock), engine, clock)
    engine.dispose()
