"""Main: what is due when, for each client by its own clock: the day that opens, the hour that strikes; and old work
that is cleared away.

Every occurrence has a unique key, so several timetables change nothing. What was missed is not repeated day by day: the
newest occurrence speaks for all.
"""

import json
import signal
import sys
import threading
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import redis
import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from jobs import dispatcher, heartbeat
from tenants import logs, settings
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import calendars
from tenants.values.calendars import BusinessCalendar
from tenants.values.clock import Clock, SystemClock

log = structlog.get_logger(__name__)

TICK_S = 1.0
SWEEP_S = 60.0
KEPT_DAYS = 30
"""Work that is done stays this long: its keys keep a late repetition from being done again, and people look it up."""

CLIENTS = text("""
SELECT t.id, t.time_zone, t.country, p.clock_shift_s FROM client_profile p JOIN tenant t ON t.id = p.tenant_id
WHERE t.state = 'live'
""")
INSERT = text("""
INSERT INTO work_item (tenant_id, id, lane, kind, dedupe_key, payload, state, run_at, attempts, max_attempts,
recorded_at)
SELECT r.tenant_id, r.id, r.lane, r.kind, r.dedupe_key, r.payload, 'ready', r.run_at, 0, r.max_attempts, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(tenant_id uuid, id uuid, lane text, kind text, dedupe_key text,
  payload jsonb, run_at timestamptz, max_attempts smallint)
ON CONFLICT (tenant_id, kind, dedupe_key) DO NOTHING
""")
OLD = text("""
DELETE FROM work_item WHERE state = 'done' AND finished_at < :before AND tenant_id = :tenant AND id = ANY(ARRAY(
  SELECT id FROM work_item WHERE tenant_id = :tenant AND state = 'done' AND finished_at < :before LIMIT 5000))
""")


@dataclass(frozen=True, slots=True)
class Client:
    """What the timetable knows of a client."""

    id: UUID
    zone: str
    country: str
    shift_s: int

    def now(self, real: datetime) -> datetime:
        """The client's instant."""
        return (real + timedelta(seconds=self.shift_s)).astimezone(UTC)


def due(client: Client, *, now: datetime) -> list[tuple[str, Occurrence]]:
    """The newest day and hour that have come for this client; `now` is the real time."""
    there = client.now(now)
    today = calendars.local_day(there, zone=calendars.zone(client.zone))
    hour = there.strftime("%Y-%m-%dT%H")
    found = [("hour.struck", Occurrence(f"hour:{hour}", {"hour": hour}))]
    opened = last_business_day(today, country=client.country)
    return [*found, ("day.opened", Occurrence(opened.isoformat(), {"day": opened.isoformat()}))]


def last_business_day(today: date, *, country: str) -> date:
    """The business day that is open now: at a weekend still Friday, which was opened on Friday or was missed."""
    return BusinessCalendar.for_country(country).on_or_before(today)


class Timetable:
    """One timetable: `tick` records what has come due since it last looked."""

    def __init__(self, engine: Engine, *, clock: Clock | None = None) -> None:
        self._engine = engine
        self._clock = clock or SystemClock()
        self._recorded: dict[tuple[UUID, str], str] = {}

    def tick(self) -> set[UUID]:
        """Record the occurrences that this process has not recorded yet; return the clients that got work."""
        now = self._clock.now()
        with self._engine.begin() as connection:
            clients = [Client(*row) for row in connection.execute(CLIENTS)]
            fresh = [(client.id, *each) for client in clients for each in due(client, now=now)]
            fresh = [(tenant, name, each) for tenant, name, each in fresh if self._is_new(tenant, name, each)]
            rows = [row for tenant, name, each in fresh for row in _rows(tenant, name, each, now=now)]
            if rows:
                connection.execute(INSERT, {"rows": json.dumps(rows), "now": now})
        self._recorded.update({(tenant, name): each.key for tenant, name, each in fresh})
        return {tenant for tenant, _, _ in fresh}

    def sweep(self) -> int:
        """Clear away a part of the work that was done long ago; return how many items went."""
        before = self._clock.now() - timedelta(days=KEPT_DAYS)
        gone = 0
        with self._engine.begin() as connection:
            clients = [Client(*row) for row in connection.execute(CLIENTS)]
        for client in clients:
            with self._engine.begin() as connection:
                gone += connection.execute(OLD, {"tenant": client.id, "before": before}).rowcount
        return gone

    def _is_new(self, tenant: UUID, name: str, occurrence: Occurrence) -> bool:
        return self._recorded.get((tenant, name)) != occurrence.key


def _rows(tenant: UUID, name: str, occurrence: Occurrence, *, now: datetime) -> list[dict[str, Any]]:
    return [{**row, "tenant_id": str(tenant)} for row in recording.rows(name, [occurrence], now=now)]


def serve(timetable: Timetable, *, stopping: threading.Event, line: redis.Redis) -> None:
    """Tick until told to stop; PostgreSQL or Redis being away only delays."""
    swept = 0.0
    while not stopping.is_set():
        heartbeat.beat()
        try:
            if clients := timetable.tick():
                line.publish(dispatcher.CHANNEL, ",".join(map(str, clients)))
            swept += TICK_S
            if swept >= SWEEP_S:
                swept = 0.0
                timetable.sweep()
        except (OperationalError, redis.RedisError) as fault:
            log.warning("timetable.trouble", reason=str(fault)[:200])
        stopping.wait(TICK_S)


def main() -> int:
    """Read the settings and keep time until SIGTERM."""
    chosen = settings.read()
    logs.configure(chosen)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    log.info("timetable.started")
    serve(Timetable(dispatcher.make_engine(chosen)), stopping=stopping, line=dispatcher.connect(chosen.redis_url))
    return 0


if __name__ == "__main__":
    sys.exit(main())
