"""Decides what a provider's kept events do: many at once, each to the same end in whatever order and company they come.

Everything is set-based, because a provider tells of a hundred thousand mails within minutes; only what condemns an
address is taken one by one. An event proves that its attempt left, so an attempt of which nobody knew is settled by it.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.delivery import returned, scoring, standing, unsettled
from tenants.values import ids

LEVELS = {
    "accepted": 1,
    "delivered": 2,
    "relayed": 1,
    "bounced": 0,
    "failed": 0,
    "refused": 0,
    "delayed": 0,
    "complained": 0,
}
KEPT = """
SELECT id, kind, message_id, occurred_at, payload->>'attempt_id' AS attempt, payload->>'reference' AS reference,
  CASE WHEN kind IN ('bounced', 'complained') THEN payload->>'status' || ' ' || (payload->>'said') END AS detail
FROM inbox_event WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) AND source = 'ses'
"""
READERS = """
SELECT id, debtor_id, contact_id FROM message WHERE tenant_id = :tenant AND id = ANY(CAST(:messages AS uuid[]))
"""
# That a mail was taken is the same sign whoever says it first, so it has the same key as our own note of it.
ADD = """
INSERT INTO evidence (tenant_id, id, debtor_id, message_id, contact_id, level, kind, ruleset, occurred_at, recorded_at,
  source, source_key)
SELECT :tenant, r.id, r.debtor_id, r.message_id, r.contact_id, r.level, r.kind, :ruleset, r.occurred_at, :now, 'ses',
  r.source_key
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, message_id uuid, contact_id uuid,
  level smallint, kind text, occurred_at timestamptz, source_key text)
ON CONFLICT (tenant_id, source, source_key) DO NOTHING
"""


def read(inbox_ids: Sequence[UUID], *, now: datetime, real: datetime) -> int:
    """Read kept events and draw the consequences; read twice, they count once. Returns how many there were."""
    kept = store.run(KEPT, ids=standing.array(inbox_ids)).all()
    if not kept:
        return 0
    readers = {row.id: row for row in store.run(READERS, messages=standing.array({row.message_id for row in kept}))}
    _note([row for row in kept if row.kind in LEVELS], readers, now=now)
    left = unsettled.prove_many({row.attempt: row.reference or "" for row in kept}, now=now)
    levels: dict[UUID, int] = {}
    for row in kept:
        levels[row.message_id] = max(levels.get(row.message_id, 0), LEVELS.get(row.kind, 0))
    standing.conclude(list(levels), levels=levels, contacted=left)
    for row in kept:
        _condemn(row, real=real)
    return len(kept)


def _note(rows: Sequence[Row[Any]], readers: Mapping[UUID, Row[Any]], *, now: datetime) -> None:
    signs = []
    for id_, kind, message_id, at, attempt, _, _ in map(tuple, rows):
        _, debtor_id, contact_id = tuple(readers[message_id])
        sign = {"id": ids.new(), "debtor_id": debtor_id, "message_id": message_id, "contact_id": contact_id}
        key = f"{attempt}:accepted" if kind == "accepted" else id_
        signs.append({**sign, "level": LEVELS[kind], "kind": kind, "occurred_at": at, "source_key": key})
    store.run(ADD, rows=json.dumps(signs, default=str), ruleset=scoring.RULESET, now=now)


def _condemn(row: Row[Any], *, real: datetime) -> None:
    if row.kind == "bounced":
        returned.bounced(row.message_id, detail=row.detail.strip(), at=row.occurred_at, real=real)
    elif row.kind == "complained":
        returned.complained(row.message_id, detail=row.detail.strip(), at=row.occurred_at, real=real)
