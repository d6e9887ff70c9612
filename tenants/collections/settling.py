"""Decides what ends by itself: work about an invoice that is paid or void, and warnings about one that is seen.

Nobody who has paid is chased, and no specialist calls about an invoice that was paid this morning.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.collections import refusals
from tenants.collections.refusals import Refused

BY_ITSELF = "itself"

SETTLED = """
SELECT id, number FROM invoice
WHERE tenant_id = :tenant AND id = ANY(:ids) AND (open_minor <= 0 OR voided_on IS NOT NULL)
"""
# An invoice that was here before the file keeps its own id, so the number is what tells; one that the file made and
# that was undone has its id and no number.
OF_IMPORT = """
SELECT i.id FROM import_row r JOIN invoice i ON i.tenant_id = :tenant AND i.number = r.number
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND (i.open_minor <= 0 OR i.voided_on IS NOT NULL)
UNION SELECT i.id FROM import_row r JOIN invoice i ON i.tenant_id = :tenant AND i.id = r.invoice_id
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND i.voided_on IS NOT NULL
"""
END_TASKS = """
UPDATE task SET state = 'dropped', closed_at = :now, closed_by = :by, outcome = :outcome, wakes_on = NULL
WHERE tenant_id = :tenant AND invoice_id = ANY(:ids) AND state IN ('open', 'snoozed') AND ends_when = ANY(:ends)
"""
END_ALERTS = """
UPDATE alert SET state = 'resolved', resolved_at = :now, resolution = :outcome
WHERE tenant_id = :tenant AND invoice_id = ANY(:ids) AND state <> 'resolved' AND ends_when = ANY(:ends)
"""
END_HOLDS = """
UPDATE hold SET ended_at = :now, ended_by = :by, outcome = CASE kind WHEN 'promise' THEN 'kept' ELSE :outcome END
WHERE tenant_id = :tenant AND invoice_id = ANY(:ids) AND ended_at IS NULL
"""
# A message that a worker has claimed is past recall here; the gate in its claim has read the same invoices.
CANCEL = """
UPDATE message m SET state = 'cancelled', held_reason = 'settled'
WHERE m.tenant_id = :tenant AND m.kind = 'reminder' AND m.state IN ('queued', 'held')
  AND m.id IN (SELECT n.message_id FROM message_item n WHERE n.tenant_id = :tenant AND n.invoice_id = ANY(:ids))
  AND NOT EXISTS (
    SELECT FROM message_item n JOIN invoice i ON i.tenant_id = :tenant AND i.id = n.invoice_id
    WHERE n.tenant_id = :tenant AND n.message_id = m.id AND i.open_minor > 0 AND i.voided_on IS NULL)
RETURNING m.step_key, m.debtor_id, m.rule_key
"""


@dataclass(frozen=True, slots=True)
class Ended:
    """How much ended by itself."""

    tasks: int = 0
    alerts: int = 0
    holds: int = 0
    messages: int = 0


def settle_open_work(invoice_ids: Sequence[UUID], *, now: datetime) -> Ended:
    """End everything open about those of the invoices that are settled or cancelled; the others are left alone."""
    settled = list(store.run(SETTLED, ids=list(invoice_ids)).scalars())
    if not settled:
        return Ended()
    ends = ["settled", "seen"]
    tasks = store.run(END_TASKS, ids=settled, now=now, by=BY_ITSELF, outcome="settled", ends=ends).rowcount
    alerts = store.run(END_ALERTS, ids=settled, now=now, outcome="settled", ends=ends).rowcount
    held = store.run(END_HOLDS, ids=settled, now=now, by=BY_ITSELF, outcome="settled").rowcount
    cancelled = store.run(CANCEL, ids=settled).all()
    only = settled[0] if len(settled) == 1 else None
    words = "Everything it was about is paid or cancelled."
    refusals.keep(
        [Refused(row.step_key, row.debtor_id, only, row.rule_key, "settled", words) for row in cancelled],
        now=now,
    )
    return Ended(tasks=tasks, alerts=alerts, holds=held, messages=len(cancelled))


def settle_import(import_id: UUID, *, now: datetime) -> Ended:
    """End everything open about what a ledger file brought money for."""
    store.plan_for_sets()
    return settle_open_work(store.run(OF_IMPORT, import_id=import_id).scalars().all(), now=now)


def resolve_seen(invoice_ids: Sequence[UUID], *, now: datetime) -> Ended:
    """End what only waited for somebody to look at the invoice; the caller has the evidence."""
    seen = list(invoice_ids)
    return Ended(
        tasks=store.run(END_TASKS, ids=seen, now=now, by=BY_ITSELF, outcome="seen", ends=["seen"]).rowcount,
        alerts=store.run(END_ALERTS, ids=seen, now=now, outcome="seen", ends=["seen"]).rowcount,
    )
