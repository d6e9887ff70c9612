"""Decides what the summary columns of messages and invoices say, from the events and the evidence behind them.

They are caches: `refresh` computes them again from the sets, so a repeated or late event cannot leave them wrong.
Level and first sight only ever rise; a bounce after a delivery is news and shows.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import state
from tenants.delivery.state import Fact, Standing
from tenants.events import inbox

SEEN_BY_PEOPLE = """
SELECT occurred_at FROM evidence WHERE tenant_id = :tenant AND message_id = :message_id AND level >= 4
  AND verdict = 'human'
"""
MESSAGE = """
UPDATE message SET state = :state, sent_at = coalesce(sent_at, CAST(:sent_at AS timestamptz)),
  delivered_at = :delivered_at, bounced_at = :bounced_at
WHERE tenant_id = :tenant AND id = :message_id AND state <> 'cancelled'
"""
# Everybody who changes several invoices locks them in the order of their ids, so that nobody waits in a circle.
IN_ORDER = """held AS (
  SELECT id FROM invoice WHERE tenant_id = :tenant AND id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE)"""
# Per invoice: the newest bounce against the newest sign of arrival or of a new try; then the best of what is left.
INVOICES = f"""
WITH {IN_ORDER}, told AS (
  SELECT x.invoice_id, max(m.bounced_at) FILTER (WHERE m.state = 'bounced') AS bounced_at,
         min(m.delivered_at) FILTER (WHERE m.state = 'delivered') AS delivered_at,
         max(coalesce(m.delivered_at, m.sent_at)) FILTER (WHERE m.state IN ('sent', 'delayed',
           'delivered')) AS tried_at,
         bool_or(m.state = 'delivered') AS delivered, bool_or(m.state = 'delayed') AS delayed,
           bool_or(m.state = 'sent') AS sent,
         bool_or(m.state IN ('failed', 'cancelled')) AS failed, bool_or(m.state IN ('queued', 'sending',
           'held')) AS waiting
  FROM message_item x JOIN message m ON m.tenant_id = x.tenant_id AND m.id = x.message_id
  WHERE x.tenant_id = :tenant AND m.tenant_id = :tenant AND x.invoice_id = ANY(:ids)
    AND m.id = ANY(:messages) GROUP BY x.invoice_id)
UPDATE invoice i SET
  delivery = CASE WHEN t.bounced_at IS NOT NULL AND (t.tried_at IS NULL OR t.tried_at <= t.bounced_at) THEN 'bounced'
                  WHEN t.delivered THEN 'delivered' WHEN t.delayed THEN 'delayed' WHEN t.sent THEN 'sent'
                  WHEN t.waiting THEN 'queued' WHEN t.failed THEN 'failed' ELSE i.delivery END,
  delivered_at = t.delivered_at, bounced_at = coalesce(t.bounced_at, i.bounced_at)
FROM held h JOIN told t ON t.invoice_id = h.id WHERE i.tenant_id = :tenant AND i.id = h.id
"""
MESSAGES = "SELECT DISTINCT message_id FROM message_item WHERE tenant_id = :tenant AND invoice_id = ANY(:ids)"
ITEMS = "SELECT invoice_id FROM message_item WHERE tenant_id = :tenant AND message_id = :message_id ORDER BY invoice_id"
RAISE_MESSAGE = """
UPDATE message SET evidence_level = :level WHERE tenant_id = :tenant AND id = :message_id AND evidence_level < :level
"""
RAISE_INVOICES = f"""
WITH {IN_ORDER}
UPDATE invoice i SET evidence_level = greatest(i.evidence_level, :level),
  first_seen_at = CASE WHEN :level >= 4 THEN least(i.first_seen_at, CAST(:at AS timestamptz)) ELSE i.first_seen_at END
FROM held h WHERE i.tenant_id = :tenant AND i.id = h.id
  AND (i.evidence_level < :level OR (:level >= 4 AND (i.first_seen_at IS NULL OR i.first_seen_at > :at)))
RETURNING i.id
"""


def invoices_of(message_id: UUID) -> list[UUID]:
    """The invoices that a message is about."""
    return list(store.run(ITEMS, message_id=message_id).scalars())


def refresh(message_id: UUID, *, invoice_ids: Sequence[UUID] | None = None) -> Standing | None:
    """Compute where a message and its invoices stand from all events about it; return the message's standing."""
    facts = [Fact(event.kind, event.occurred_at) for event in inbox.about(message_id)]
    facts += [Fact("seen", at) for at in store.run(SEEN_BY_PEOPLE, message_id=message_id).scalars()]
    now = state.of(facts)
    if now is None:
        return None
    store.run(
        MESSAGE,
        message_id=message_id,
        state=now.state,
        sent_at=now.sent_at,
        delivered_at=now.delivered_at,
        bounced_at=now.bounced_at,
    )
    refresh_invoices(invoices_of(message_id) if invoice_ids is None else invoice_ids)
    return now


def refresh_invoices(invoice_ids: Sequence[UUID]) -> None:
    """Compute the delivery columns of invoices again from their messages."""
    told = list(store.run(MESSAGES, ids=list(invoice_ids)).scalars())
    store.run(INVOICES, ids=list(invoice_ids), messages=told)


def raise_level(level: int, *, at: datetime, message_id: UUID | None, invoice_ids: Sequence[UUID]) -> list[UUID]:
    """Lift the level of evidence, never lower it; return the invoices for which this was news."""
    if message_id is not None:
        store.run(RAISE_MESSAGE, message_id=message_id, level=level)
    return list(store.run(RAISE_INVOICES, ids=list(invoice_ids), level=level, at=at).scalars())
