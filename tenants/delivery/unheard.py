"""Decides when waiting for a verdict has lasted long enough: three days after a mail or a text left, when nobody has
said what became of it.

That is said by an event of our own, so that where a message stands stays a function of its events: whatever comes later
replaces it. Nothing is sent again because of it. Where a provider tells of each message the silence is a fault that
somebody must look at; a plain mail server tells only of what comes back, and there it is how things are.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.delivery import standing
from tenants.values import ids

VERDICT_WITHIN = timedelta(hours=72)
LOOKED_BACK = timedelta(days=30)
"""Messages that were queued longer before that have had their turn."""
AT_ONCE = 2_000
UNHEARD = """
SELECT m.id, m.sent_at FROM message m
WHERE m.tenant_id = :tenant AND m.queued_at > :long_ago AND m.queued_at <= :before AND m.sent_at <= :before
  AND m.state IN ('sent', 'delayed') AND m.channel IN ('email', 'sms')
  AND NOT EXISTS (SELECT FROM inbox_event e WHERE e.tenant_id = :tenant AND e.source = 'timeout'
    AND e.external_id = CAST(m.id AS text))
ORDER BY m.queued_at, m.id LIMIT :limit
"""
KEEP = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
SELECT :tenant, r.id, 'timeout', CAST(r.message_id AS text), 'unconfirmed', r.message_id, r.at, :real,
  CAST('{}' AS jsonb)
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, message_id uuid, at timestamptz)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING
"""
TOLD_OF = """
SELECT count(*), count(DISTINCT m.debtor_id) FROM message m
WHERE m.tenant_id = :tenant AND m.queued_at > :since AND m.state = 'unconfirmed'
  AND EXISTS (SELECT FROM delivery_attempt a WHERE a.tenant_id = :tenant AND a.message_id = m.id
    AND a.state = 'accepted' AND a.provider = ANY(:telling))
"""


def give_up(*, now: datetime, real: datetime) -> int:
    """Say of every message that left 72 hours ago and of which nobody has heard that it is unconfirmed; return how many
    there were."""
    found, before = 0, now - VERDICT_WITHIN
    while rows := store.run(UNHEARD, long_ago=now - LOOKED_BACK, before=before, limit=AT_ONCE).all():
        _say(rows, real=real)
        found += len(rows)
    return found


def of_providers(telling: Sequence[str], *, now: datetime) -> tuple[int, int]:
    """How many messages of the last thirty days stand unconfirmed although these providers tell of each, and to how
    many customers they were."""
    messages, customers = store.run(TOLD_OF, since=now - LOOKED_BACK, telling=list(telling)).one()
    return messages, customers


def _say(rows: Sequence[Row[Any]], *, real: datetime) -> None:
    events = [{"id": ids.new(), "message_id": row.id, "at": row.sent_at + VERDICT_WITHIN} for row in rows]
    store.run(KEEP, rows=json.dumps(events, default=str), real=real)
    about: list[UUID] = [row.id for row in rows]
    standing.conclude(about)
