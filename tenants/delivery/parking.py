"""Decides what becomes of news about a mail that we do not know: it waits some minutes, because it may be faster than
our own note of the mail, and then it is given up and counted. It never gets a state of its own making.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.events import recording
from tenants.values import ids

PAUSES = (timedelta(minutes=1), timedelta(minutes=4), timedelta(minutes=10))
"""After how long it is looked for again; after the last it is given up."""
PARK = """
INSERT INTO parked_event (tenant_id, id, source, external_id, kind, attempt_id, occurred_at, parked_at, payload)
SELECT :tenant, r.id, :source, r.external_id, r.kind, r.attempt_id, r.occurred_at, :real, r.payload
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, external_id text, kind text, attempt_id uuid, occurred_at timestamptz, payload jsonb)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id
"""
WAITING = """
SELECT id, source, external_id, kind, attempt_id, occurred_at, payload FROM parked_event
WHERE tenant_id = :tenant AND state = 'waiting' AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR UPDATE
"""
ATTEMPTS = """
SELECT id, message_id FROM delivery_attempt WHERE tenant_id = :tenant AND id = ANY(CAST(:attempts AS uuid[]))
"""
KEEP = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
SELECT :tenant, r.id, r.source, r.external_id, r.kind, r.message_id, r.occurred_at, :real, r.payload
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, source text, external_id text, kind text, message_id uuid,
  occurred_at timestamptz, payload jsonb)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING RETURNING id
"""
SETTLE = """
UPDATE parked_event SET state = :state, settled_at = :real
WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) AND state = 'waiting'
"""
COUNT = "SELECT count(*) FROM parked_event WHERE tenant_id = :tenant AND state = 'given_up' AND parked_at >= :since"


@dataclass(frozen=True, slots=True)
class Stray:
    """One event whose attempt is not known."""

    attempt_id: UUID
    external_id: str
    kind: str
    occurred_at: datetime
    payload: dict[str, Any]


def park(strays: Sequence[Stray], *, source: str, real: datetime) -> int:
    """Keep them until their mails are known; return how many are new."""
    if not strays:
        return 0
    rows = [
        {
            "id": ids.new(),
            "external_id": each.external_id,
            "kind": each.kind,
            "attempt_id": each.attempt_id,
            "occurred_at": each.occurred_at,
            "payload": each.payload,
        }
        for each in strays
    ]
    fresh = list(store.run(PARK, rows=json.dumps(rows, default=str), source=source, real=real).scalars())
    if fresh:
        _again(fresh, turn=0, real=real)
    return len(fresh)


def look(parked: Sequence[UUID], *, turn: int, real: datetime) -> int:
    """Look for the mails of parked news again; return for how many one was found."""
    array = f"{{{','.join(map(str, parked))}}}"
    waiting = store.run(WAITING, ids=array).mappings().all()
    attempts = f"{{{','.join({str(row['attempt_id']) for row in waiting})}}}"
    known = {row.id: row.message_id for row in store.run(ATTEMPTS, attempts=attempts)}
    found = [dict(row) | {"message_id": known[row["attempt_id"]]} for row in waiting if row["attempt_id"] in known]
    if found:
        _bring_in(found, real=real)
    left = [row["id"] for row in waiting if row["attempt_id"] not in known]
    if left and turn + 1 < len(PAUSES):
        _again(left, turn=turn + 1, real=real)
    elif left:
        _settle(left, "given_up", real=real)
    return len(found)


def given_up(*, since: datetime) -> int:
    """How much news since then was about no mail of this client."""
    return int(store.run(COUNT, since=since).scalar_one())


def _bring_in(found: Sequence[dict[str, Any]], *, real: datetime) -> None:
    fresh = list(store.run(KEEP, rows=json.dumps(found, default=str), real=real).scalars())
    if fresh:
        recording.record("provider.told", key=str(fresh[0]), now=real, inbox_ids=[str(each) for each in fresh])
    _settle([row["id"] for row in found], "found", real=real)


def _settle(parked: Sequence[UUID], state: str, *, real: datetime) -> None:
    store.run(SETTLE, ids=f"{{{','.join(map(str, parked))}}}", state=state, real=real)


def _again(parked: Sequence[UUID], *, turn: int, real: datetime) -> None:
    recording.record(
        "news.parked",
        key=f"{parked[0]}:{turn}",
        now=real,
        run_at=real + PAUSES[turn],
        parked_ids=[str(each) for each in parked],
        turn=turn,
    )
