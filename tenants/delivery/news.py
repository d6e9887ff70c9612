"""Decides what a provider's kept events do: many at once, each to the same end in whatever order and company they come.

Everything is set-based, because a provider tells of a hundred thousand mails within minutes; only what condemns an
address is taken one by one. An event proves that its attempt left, so an attempt of which nobody knew is settled by it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.delivery import returned, scoring, standing, unsettled

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
TAKEN = ":accepted"
# The events and the signs that they are, in one statement. An event is one sign, so the sign has its own id; that
# a mail was taken is the same sign whoever says it first, so it has the same key as our own note of it. Messages are
# looked up one by one (OFFSET 0), because a planner that has not seen a new client would search for them.
NOTED = f"""
WITH told AS MATERIALIZED (
  SELECT id, kind, message_id, occurred_at, payload->>'attempt_id' AS attempt, payload->>'reference' AS reference,
    CASE WHEN kind IN ('bounced', 'complained') THEN payload->>'status' || ' ' || (payload->>'said') END AS detail
  FROM inbox_event WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) AND source = 'ses'),
signs AS (
  INSERT INTO evidence (tenant_id, id, debtor_id, message_id, contact_id, level, kind, ruleset, occurred_at,
    recorded_at, source, source_key)
  SELECT :tenant, t.id, m.debtor_id, t.message_id, m.contact_id, l.level, t.kind, :ruleset, t.occurred_at, :now, 'ses',
    CASE WHEN t.kind = 'accepted' THEN t.attempt || CAST(:taken AS text) ELSE CAST(t.id AS text) END
  FROM told t JOIN (VALUES {", ".join(f"('{kind}', {level})" for kind, level in LEVELS.items())}) AS l(kind, level)
    ON l.kind = t.kind
  JOIN LATERAL (SELECT k.debtor_id, k.contact_id FROM message k
    WHERE k.tenant_id = :tenant AND k.id = t.message_id OFFSET 0) m ON true
  ON CONFLICT DO NOTHING)
SELECT id, kind, message_id, occurred_at, attempt, reference, detail FROM told
"""


def read(inbox_ids: Sequence[UUID], *, now: datetime, real: datetime) -> int:
    """Read kept events and draw the consequences; read twice, they count once. Returns how many there were."""
    kept = store.run(NOTED, ids=standing.array(inbox_ids), ruleset=scoring.RULESET, taken=TAKEN, now=now).all()
    if not kept:
        return 0
    left = unsettled.prove_many({row.attempt: row.reference or "" for row in kept}, now=now)
    levels: dict[UUID, int] = {}
    for row in kept:
        levels[row.message_id] = max(levels.get(row.message_id, 0), LEVELS.get(row.kind, 0))
    standing.conclude(list(levels), levels=levels, contacted=left)
    for row in kept:
        if row.detail is not None:
            _condemn(row, real=real)
    return len(kept)


def _condemn(row: Row[Any], *, real: datetime) -> None:
    if row.kind == "bounced":
        returned.bounced(row.message_id, detail=row.detail.strip(), at=row.occurred_at, real=real)
    elif row.kind == "complained":
        returned.complained(row.message_id, detail=row.detail.strip(), at=row.occurred_at, real=real)
