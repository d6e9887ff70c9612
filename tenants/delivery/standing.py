"""Decides what the summary columns of messages and invoices say, from the events and the evidence behind them.

They are caches: `refresh` computes them again from the sets, so a repeated or late event cannot leave them wrong.
Level and first sight only ever rise; a bounce after a delivery is news and shows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import state
from tenants.delivery.state import Fact, Standing

TOLD = """
SELECT DISTINCT message_id, kind, occurred_at FROM inbox_event
WHERE tenant_id = :tenant AND message_id = ANY(:messages)
"""
SEEN_BY_PEOPLE = """
SELECT message_id, occurred_at FROM evidence WHERE tenant_id = :tenant AND message_id = ANY(:messages) AND level >= 4
  AND verdict = 'human'
"""
MESSAGES_STAND = """
UPDATE message m SET state = r.state, held_reason = '', sent_at = coalesce(m.sent_at, r.sent_at),
  delivered_at = r.delivered_at, bounced_at = r.bounced_at
FROM unnest(CAST(:messages AS uuid[]), CAST(:states AS text[]), CAST(:sent AS timestamptz[]),
  CAST(:delivered AS timestamptz[]), CAST(:bounced AS timestamptz[]))
  AS r(id, state, sent_at, delivered_at, bounced_at)
WHERE m.tenant_id = :tenant AND m.id = r.id AND m.state <> 'cancelled'
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
ITEMS_OF = """
SELECT DISTINCT invoice_id FROM message_item WHERE tenant_id = :tenant AND message_id = ANY(:messages)
"""
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
RAISE_MESSAGES = """
UPDATE message m SET evidence_level = r.level FROM unnest(CAST(:messages AS uuid[]), CAST(:levels AS smallint[]))
  AS r(id, level)
WHERE m.tenant_id = :tenant AND m.id = r.id AND m.evidence_level < r.level
"""
RAISE_THEIR_INVOICES = """
WITH wanted AS (
  SELECT x.invoice_id, max(r.level) AS level
  FROM unnest(CAST(:messages AS uuid[]), CAST(:levels AS smallint[])) AS r(id, level)
  JOIN message_item x ON x.tenant_id = :tenant AND x.message_id = r.id GROUP BY x.invoice_id),
held AS (
  SELECT i.id, w.level FROM invoice i JOIN wanted w ON w.invoice_id = i.id
  WHERE i.tenant_id = :tenant AND i.evidence_level < w.level ORDER BY i.id FOR NO KEY UPDATE OF i)
UPDATE invoice i SET evidence_level = h.level FROM held h
WHERE i.tenant_id = :tenant AND i.id = h.id AND i.evidence_level < h.level
"""
# Counted with the first acceptance of each message, whoever told of it.
CONTACTED = """
WITH wanted AS (
  SELECT x.invoice_id, max(r.at) AS at, count(*) FILTER (WHERE m.kind = 'reminder') AS reminders,
    max(r.at) FILTER (WHERE m.kind = 'reminder') AS reminded_at
  FROM unnest(CAST(:messages AS uuid[]), CAST(:ats AS timestamptz[])) AS r(id, at)
  JOIN message m ON m.tenant_id = :tenant AND m.id = r.id
  JOIN message_item x ON x.tenant_id = :tenant AND x.message_id = r.id GROUP BY x.invoice_id),
held AS (
  SELECT i.id FROM invoice i JOIN wanted w ON w.invoice_id = i.id WHERE i.tenant_id = :tenant
  ORDER BY i.id FOR NO KEY UPDATE OF i)
UPDATE invoice i SET last_contact_at = greatest(i.last_contact_at, w.at),
  reminder_count = i.reminder_count + w.reminders, last_reminder_at = greatest(i.last_reminder_at, w.reminded_at)
FROM held h JOIN wanted w ON w.invoice_id = h.id WHERE i.tenant_id = :tenant AND i.id = h.id
"""


def invoices_of(message_id: UUID) -> list[UUID]:
    """The invoices that a message is about."""
    return list(store.run(ITEMS, message_id=message_id).scalars())


def refresh(message_id: UUID) -> Standing | None:
    """Compute where a message and its invoices stand from all events about it; return the message's standing."""
    return refresh_many([message_id]).get(message_id)


def refresh_many(message_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    """The same for many messages; those about which nothing is known keep their columns and are left out."""
    facts: dict[UUID, list[Fact]] = defaultdict(list)
    for row in store.run(TOLD, messages=list(message_ids)):
        facts[row.message_id].append(Fact(row.kind, row.occurred_at))
    for row in store.run(SEEN_BY_PEOPLE, messages=list(message_ids)):
        facts[row.message_id].append(Fact("seen", row.occurred_at))
    stand = {key: found for key in sorted(facts) if (found := state.of(facts[key])) is not None}
    if stand:
        store.run(
            MESSAGES_STAND,
            messages=list(stand),
            states=[each.state for each in stand.values()],
            sent=[each.sent_at for each in stand.values()],
            delivered=[each.delivered_at for each in stand.values()],
            bounced=[each.bounced_at for each in stand.values()],
        )
        refresh_invoices(list(store.run(ITEMS_OF, messages=list(stand)).scalars()))
    return stand


def contacted(sent: Mapping[UUID, datetime]) -> None:
    """Note on the invoices of these messages that their customers were written to, and when; once for each message."""
    if sent:
        store.run(CONTACTED, messages=list(sent), ats=list(sent.values()))


def raise_levels(levels: Mapping[UUID, int]) -> None:
    """Lift the level of messages and of their invoices by what machines say (below 4: nobody has seen anything)."""
    lifted = {key: level for key, level in levels.items() if level}
    if lifted:
        store.run(RAISE_MESSAGES, messages=list(lifted), levels=list(lifted.values()))
        store.run(RAISE_THEIR_INVOICES, messages=list(lifted), levels=list(lifted.values()))


def refresh_invoices(invoice_ids: Sequence[UUID]) -> None:
    """Compute the delivery columns of invoices again from their messages."""
    told = list(store.run(MESSAGES, ids=list(invoice_ids)).scalars())
    store.run(INVOICES, ids=list(invoice_ids), messages=told)


def raise_level(level: int, *, at: datetime, message_id: UUID | None, invoice_ids: Sequence[UUID]) -> list[UUID]:
    """Lift the level of evidence, never lower it; return the invoices for which this was news."""
    if message_id is not None:
        store.run(RAISE_MESSAGE, message_id=message_id, level=level)
    return list(store.run(RAISE_INVOICES, ids=list(invoice_ids), level=level, at=at).scalars())
