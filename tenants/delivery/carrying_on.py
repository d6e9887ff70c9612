"""Decides how a reminder goes on that is known to have reached nobody: the same words about the same invoices, by the
customer's next way, at once.

It stays the same step: its key begins with that of the one that came back, so it is queued once for each way, is no
second reminder in any count, and is no second contact for the gate, which has the last word as always. Where a later
reminder was queued meanwhile, that one carries on.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery.channels import EMAIL, PORTAL, PRINT, TEXT, WAY_EVENTS
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import ids

LOOK_BACK = timedelta(days=14)
AT_ONCE = 500
THEN = ">"
"""Stands in a step key between a step and its next way."""
CAME_BACK = """
SELECT m.id, m.debtor_id, m.step_key, m.channel, c.ways, c.phone, k.email,
  COALESCE(NULLIF(c.postal, ''), d.address) AS postal
FROM message m
JOIN debtor_channels c ON c.tenant_id = :tenant AND c.debtor_id = m.debtor_id AND cardinality(c.ways) > 1
JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
JOIN contact k ON k.tenant_id = :tenant AND k.id = m.contact_id
WHERE m.tenant_id = :tenant AND m.kind = 'reminder' AND m.state IN ('bounced', 'failed') AND m.queued_at > :since
  AND (CAST(:only AS uuid) IS NULL OR m.id = :only)
  AND NOT EXISTS (SELECT FROM message l WHERE l.tenant_id = :tenant AND l.debtor_id = m.debtor_id
    AND l.kind = 'reminder' AND l.queued_at >= m.queued_at AND l.id > m.id)
  AND EXISTS (SELECT FROM message_item x JOIN invoice i ON i.tenant_id = :tenant AND i.id = x.invoice_id
    WHERE x.tenant_id = :tenant AND x.message_id = m.id AND i.open_minor > 0 AND i.voided_on IS NULL)
ORDER BY m.id LIMIT :limit
"""
ADD = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, channel, recipient, language, template,
  rule_key, signed_by, queued_at)
SELECT :tenant, r.id, m.debtor_id, m.contact_id, r.step_key, m.kind, r.way, r.recipient, m.language, m.template,
  m.rule_key, m.signed_by, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, of_id uuid, step_key text, way text, recipient text)
JOIN message m ON m.tenant_id = :tenant AND m.id = r.of_id
ON CONFLICT (tenant_id, step_key) DO NOTHING RETURNING id
"""
ADD_ITEMS = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
SELECT :tenant, r.id, i.id, i.debtor_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, of_id uuid)
JOIN message_item x ON x.tenant_id = :tenant AND x.message_id = r.of_id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = x.invoice_id AND i.open_minor > 0 AND i.voided_on IS NULL
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""


def carry_on(*, now: datetime, real: datetime, message_id: UUID | None = None) -> int:
    """Queue the next way of reminders that came back lately, or of one; return how many are new."""
    since = now - LOOK_BACK
    found = store.run(CAME_BACK, since=since, only=message_id, limit=AT_ONCE).all()
    rows = [
        {
            "id": str(ids.new()),
            "of_id": str(row.id),
            "step_key": f"{row.step_key}{THEN}{way}",
            "way": way,
            "recipient": to,
        }
        for row in found
        for way, to in _next(row)
    ]
    fresh = {str(each) for each in store.run(ADD, rows=json.dumps(rows), now=now).scalars()} if rows else set()
    new = [row for row in rows if row["id"] in fresh]
    if new:
        store.run(ADD_ITEMS, rows=json.dumps(new))
    for way, event in WAY_EVENTS.items():
        queued = [Occurrence(row["id"], {"message_id": row["id"]}) for row in new if row["way"] == way]
        recording.record_many(event, queued, now=real)
    return len(new)


def _next(row: Any) -> list[tuple[str, str]]:
    """The first way behind the one that failed that has what it needs, and to whom; none behind the last."""
    reader = {EMAIL: row.email, PORTAL: row.email, TEXT: row.phone, PRINT: row.postal.split("\n")[0]}
    return [(way, reader[way]) for way in behind(row.ways, row.channel)[1:] if reader[way]][:1]


def behind(ways: Sequence[str], way: str) -> Sequence[str]:
    """The ways from this one on; before all of them where it is none of them."""
    return ways[ways.index(way) :] if way in ways else [way, *ways]
