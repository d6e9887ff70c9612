"""Decides by which way an invoice goes next: the first that its customer wants, and the one after it when the last came
back or when, after the customer's days, nothing shows that anybody saw it.

An invoice goes one way at a time, each way once. Mail as the first way is queued when the invoice is issued; every
other step is taken here, once a day, when invoices are issued and when one comes back, for many invoices in one
statement.
"""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import contacts
from tenants.delivery.channels import EMAIL, PORTAL, PRINT, TEXT, WAY_EVENTS
from tenants.delivery.standing import IN_ORDER
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import ids

SLICE = 500
LOOK_BACK = timedelta(days=60)
SEEN = 4
BACK = frozenset({"bounced", "failed", "cancelled"})
# Only customers for whom somebody chose; each invoice with its tries, the newest last.
WANTED = """
SELECT i.id, i.debtor_id, c.ways, c.wait_days, c.phone, COALESCE(NULLIF(c.postal, ''), d.address) AS postal, t.tried,
  t.state, t.queued_at
FROM debtor_channels c JOIN invoice i ON i.tenant_id = :tenant AND i.debtor_id = c.debtor_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
LEFT JOIN LATERAL (
  SELECT array_agg(m.channel ORDER BY m.queued_at, m.id) AS tried,
    (array_agg(m.state ORDER BY m.queued_at DESC, m.id DESC))[1] AS state, max(m.queued_at) AS queued_at
  FROM message_item x JOIN message m ON m.tenant_id = :tenant AND m.id = x.message_id AND m.kind = 'invoice'
  WHERE x.tenant_id = :tenant AND x.invoice_id = i.id) t ON true
WHERE c.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL AND i.evidence_level < :seen
  AND i.issued_on BETWEEN :since AND :today AND i.id > :after{narrow} ORDER BY i.id LIMIT :limit
"""
ADD = """
INSERT INTO message (tenant_id, id, debtor_id, contact_id, step_key, kind, channel, recipient, language, template,
  queued_at)
SELECT :tenant, r.id, r.debtor_id, r.contact_id, r.step_key, 'invoice', r.channel, r.recipient, r.language, 'Invoice',
  :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, debtor_id uuid, contact_id uuid, step_key text,
  channel text, recipient text, language text)
ON CONFLICT (tenant_id, step_key) DO NOTHING RETURNING id
"""
ADD_ITEMS = """
INSERT INTO message_item (tenant_id, message_id, invoice_id, debtor_id)
SELECT :tenant, r.id, r.invoice_id, r.debtor_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, invoice_id uuid, debtor_id uuid)
ON CONFLICT (tenant_id, message_id, invoice_id) DO NOTHING
"""
MARK = f"""
WITH {IN_ORDER} UPDATE invoice i SET delivery = 'queued' FROM held h
WHERE i.tenant_id = :tenant AND i.id = h.id AND i.delivery = 'none'
"""


def climb(*, today: date, now: datetime, real: datetime, invoice_ids: Sequence[UUID] | None = None) -> int:
    """Queue the next way of every invoice whose customer wants one now, or of these; return how many messages are
    new."""
    made, after = 0, UUID(int=0)
    narrow = "" if invoice_ids is None else " AND i.id = ANY(:ids)"
    values = {"since": today - LOOK_BACK, "today": today, "limit": SLICE, "seen": SEEN}
    values |= {} if invoice_ids is None else {"ids": list(invoice_ids)}
    while rows := store.run(WANTED.format(narrow=narrow), after=after, **values).all():
        after = rows[-1].id
        steps = [(row, way) for row in rows if (way := next_way(row, now=now)) is not None]
        made += _queue(steps, now=now, real=real)
    return made


def next_way(row: Any, *, now: datetime) -> str | None:
    """The way that an invoice goes next, or None when it is to stay where it is."""
    left = [way for way in row.ways if way not in (row.tried or ())]
    if not row.tried:
        return row.ways[0] if row.ways[0] != EMAIL else None
    if not left:
        return None
    waited = now - row.queued_at >= timedelta(days=row.wait_days)
    return left[0] if waited or row.state in BACK else None


def _queue(steps: Sequence[tuple[Any, str]], *, now: datetime, real: datetime) -> int:
    readers = contacts.best([row.debtor_id for row, _ in steps], by_mail=False) if steps else {}
    rows = []
    for row, way in steps:
        reader = readers.get(row.debtor_id)
        if reader is None:
            continue
        recipient = {
            EMAIL: reader.email,
            PORTAL: reader.email,
            TEXT: row.phone,
            PRINT: (row.postal or "").split("\n")[0],
        }
        rows.append(
            {
                "id": str(ids.new()),
                "debtor_id": str(row.debtor_id),
                "contact_id": str(reader.contact_id),
                "invoice_id": str(row.id),
                "step_key": f"{way}:{row.id}",
                "channel": way,
                "recipient": recipient[way] or "",
                "language": reader.language,
            }
        )
    fresh = {str(each) for each in store.run(ADD, rows=json.dumps(rows), now=now).scalars()} if rows else set()
    new = [row for row in rows if row["id"] in fresh]
    if new:
        store.run(ADD_ITEMS, rows=json.dumps(new))
        store.run(MARK, ids=[row["invoice_id"] for row in new])
    for way, event in WAY_EVENTS.items():
        found = [Occurrence(row["id"], {"message_id": row["id"]}) for row in new if row["channel"] == way]
        recording.record_many(event, found, now=real)
    return len(new)
