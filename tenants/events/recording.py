"""Record what happened, in the transaction that made it happen: one work item for each consumer that the catalogue
names.

A payload holds ids and dates only. The dedupe key is the identity of the occurrence: recording it twice leaves one
work item, so two
timetables, a repeated request and a retried job are all harmless.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tenants import store, work
from tenants.events.catalogue import CONSUMERS
from tenants.isolation import scope
from tenants.values import ids

# One JSON document unpacked in SQL is the fastest way to insert many small rows through row security.
INSERT = """
INSERT INTO work_item (tenant_id, id, lane, kind, dedupe_key, payload, state, run_at, attempts, max_attempts,
recorded_at)
SELECT :tenant, r.id, r.lane, r.kind, r.dedupe_key, r.payload, 'ready', r.run_at, 0, r.max_attempts, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, lane text, kind text, dedupe_key text, payload jsonb, run_at timestamptz, max_attempts smallint)
ON CONFLICT (tenant_id, kind, dedupe_key) DO NOTHING
"""


class UnknownEvent(LookupError):
    """An event name that the catalogue does not hold."""


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One thing that happened: its identity, the ids it concerns, and when the work about it may start (None: at
    once)."""

    key: str
    payload: dict[str, Any] = field(default_factory=dict)
    run_at: datetime | None = None


def record(name: str, *, key: str, now: datetime, run_at: datetime | None = None, **payload: Any) -> None:
    """Record one event. Raises UnknownEvent for a name outside the catalogue."""
    record_many(name, [Occurrence(key, payload, run_at)], now=now)


def record_many(name: str, occurrences: Iterable[Occurrence], *, now: datetime) -> int:
    """Record many occurrences of one event in one statement; return how many work items are new.

    `now` is the real time: work is due by the clock on the wall, never by a client's movable clock.
    """
    made_rows = rows(name, occurrences, now=now)
    if not made_rows:
        return 0
    made = store.run(INSERT, rows=json.dumps(made_rows, default=str), now=now).rowcount
    work.remember_recorded(scope.current().one)
    return made


def rows(name: str, occurrences: Iterable[Occurrence], *, now: datetime) -> list[dict[str, Any]]:
    """The work items of these occurrences, one for each consumer, before they are written.

    Raises UnknownEvent for a name outside the catalogue.
    """
    if name not in CONSUMERS:
        raise UnknownEvent(f"no event is called {name!r}; the catalogue names them all")
    return [
        {
            "id": str(ids.new()),
            "lane": consumer.lane,
            "kind": consumer.kind,
            "dedupe_key": each.key,
            "payload": each.payload,
            "run_at": (each.run_at or now).isoformat(),
            "max_attempts": consumer.max_attempts,
        }
        for each in occurrences
        for consumer in CONSUMERS[name]
    ]
