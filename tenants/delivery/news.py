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
SELECT e.id, e.kind, e.message_id, e.occurred_at, e.payload, m.debtor_id, m.contact_id
FROM inbox_event e JOIN message m ON m.tenant_id = :tenant AND m.id = e.message_id
WHERE e.tenant_id = :tenant AND e.id = ANY(:ids) AND e.source = 'ses'
"""
# That a mail was taken is the same sign whoever says it first, so it has the same key as our own note of it.
ADD = """
INSERT INTO evidence (tenant_id, id, debtor_id, message_id, contact_id, level, kind, ruleset, occurred_at, recorded_at,
  source, source_key)
SELECT :tenant, r.id, r.debtor_id, r.message_id, r.contact_id, r.level, r.kind, :ruleset, r.occurred_at, :now, 'ses',
  r.source_key
FROM unnest(CAST(:ids AS uuid[]), CAST(:debtors AS uuid[]), CAST(:messages AS uuid[]), CAST(:contacts AS uuid[]),
  CAST(:levels AS smallint[]), CAST(:kinds AS text[]), CAST(:ats AS timestamptz[]), CAST(:keys AS text[]))
  AS r(id, debtor_id, message_id, contact_id, level, kind, occurred_at, source_key)
ON CONFLICT (tenant_id, source, source_key) DO NOTHING
"""


def read(inbox_ids: Sequence[UUID], *, now: datetime, real: datetime) -> int:
    """Read kept events and draw the consequences; read twice, they count once. Returns how many there were."""
    kept = store.run(KEPT, ids=list(inbox_ids)).all()
    if not kept:
        return 0
    _note([row for row in kept if row.kind in LEVELS], now=now)
    unsettled.prove_many([(UUID(row.payload["attempt_id"]), row.payload.get("reference", "")) for row in kept], now=now)
    levels: dict[UUID, int] = {}
    for row in kept:
        levels[row.message_id] = max(levels.get(row.message_id, 0), LEVELS.get(row.kind, 0))
    standing.refresh_many(list(levels))
    standing.raise_levels(levels)
    for row in kept:
        _condemn(row, real=real)
    return len(kept)


def _note(rows: Sequence[Row[Any]], *, now: datetime) -> None:
    store.run(
        ADD,
        ids=[ids.new() for _ in rows],
        debtors=[row.debtor_id for row in rows],
        messages=[row.message_id for row in rows],
        contacts=[row.contact_id for row in rows],
        levels=[LEVELS[row.kind] for row in rows],
        kinds=[row.kind for row in rows],
        ats=[row.occurred_at for row in rows],
        keys=[f"{row.payload['attempt_id']}:accepted" if row.kind == "accepted" else str(row.id) for row in rows],
        ruleset=scoring.RULESET,
        now=now,
    )


def _condemn(row: Row[Any], *, real: datetime) -> None:
    detail = f"{row.payload['status']} {row.payload['said']}".strip()
    if row.kind == "bounced":
        returned.bounced(row.message_id, detail=detail, at=row.occurred_at, real=real)
    elif row.kind == "complained":
        returned.complained(row.message_id, detail=detail, at=row.occurred_at)
