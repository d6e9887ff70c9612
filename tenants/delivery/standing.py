"""Decides what the summary columns of messages and invoices say, from the events and the evidence behind them.

They are caches: `refresh` computes them again from the sets, so a repeated or late event cannot leave them wrong.
Level and first sight only ever rise; a bounce after a delivery is news and shows.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import state
from tenants.delivery.state import Fact, Standing

# One table a statement, by ids: row security hides from the planner how many rows a client has, and a join planned
# for one row has been seen to visit every pair. A joined list is named twice, so that its rows are looked up and not
# searched for.
TOLD = """
SELECT message_id, kind, occurred_at FROM inbox_event
WHERE tenant_id = :tenant AND message_id = ANY(CAST(:messages AS uuid[]))
UNION ALL SELECT message_id, 'seen', occurred_at FROM evidence
WHERE tenant_id = :tenant AND message_id = ANY(CAST(:messages AS uuid[])) AND level >= 4 AND verdict = 'human'
"""
STAND = """
UPDATE message m SET state = coalesce(r.state, m.state),
  held_reason = CASE WHEN r.state IS NULL THEN m.held_reason ELSE '' END, sent_at = coalesce(m.sent_at, r.sent_at),
  delivered_at = coalesce(r.delivered_at, m.delivered_at), bounced_at = coalesce(r.bounced_at, m.bounced_at),
  evidence_level = greatest(m.evidence_level, r.level)
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, state text, sent_at timestamptz, delivered_at timestamptz, bounced_at timestamptz, level smallint)
WHERE m.tenant_id = :tenant AND m.id = ANY(CAST(:messages AS uuid[])) AND m.id = r.id AND m.state <> 'cancelled'
"""
ITEMS = "SELECT invoice_id FROM message_item WHERE tenant_id = :tenant AND message_id = :message_id ORDER BY invoice_id"
ITEMS_OF = """
SELECT invoice_id, message_id FROM message_item
WHERE tenant_id = :tenant AND message_id = ANY(CAST(:messages AS uuid[]))
"""
MESSAGES_ABOUT = """
SELECT x.invoice_id, m.id, m.kind, m.state, m.sent_at, m.delivered_at, m.bounced_at
FROM message_item x JOIN LATERAL (
  SELECT k.id, CASE WHEN strpos(k.step_key, '>') > 0 AND EXISTS (SELECT FROM message o WHERE o.tenant_id = :tenant
      AND o.debtor_id = k.debtor_id AND o.sent_at IS NOT NULL AND starts_with(k.step_key, o.step_key || '>'))
    THEN 'carried on' ELSE k.kind END AS kind, k.state, k.sent_at, k.delivered_at, k.bounced_at FROM message k
  WHERE k.tenant_id = :tenant AND k.id = x.message_id OFFSET 0) m ON true
WHERE x.tenant_id = :tenant AND x.invoice_id = ANY(CAST(:ids AS uuid[]))
"""
# Everybody who changes several invoices locks them in the order of their ids, so that nobody waits in a circle; what
# is read after that is not overtaken by anybody.
LOCK = """
SELECT id, delivery FROM invoice WHERE tenant_id = :tenant AND id = ANY(CAST(:ids AS uuid[])) ORDER BY id
FOR NO KEY UPDATE
"""
INVOICES = """
UPDATE invoice i SET delivery = r.delivery, delivered_at = r.delivered_at,
  bounced_at = coalesce(r.bounced_at, i.bounced_at), evidence_level = greatest(i.evidence_level, r.level),
  last_contact_at = greatest(i.last_contact_at, r.contact_at), reminder_count = i.reminder_count + r.reminders,
  last_reminder_at = CASE WHEN r.reminders > 0 THEN greatest(i.last_reminder_at, r.contact_at)
                     ELSE i.last_reminder_at END
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, delivery text, delivered_at timestamptz,
  bounced_at timestamptz, level smallint, contact_at timestamptz, reminders smallint)
WHERE i.tenant_id = :tenant AND i.id = ANY(CAST(:ids AS uuid[])) AND i.id = r.id
"""
IN_ORDER = """held AS (
  SELECT id FROM invoice WHERE tenant_id = :tenant AND id = ANY(:ids) ORDER BY id FOR NO KEY UPDATE)"""
# What was inferred from a reader who was none did not happen.
NOT_ARRIVED = """
UPDATE message SET delivered_at = NULL WHERE tenant_id = :tenant AND id = ANY(CAST(:messages AS uuid[]))
  AND state IN ('sent', 'delayed', 'unconfirmed') AND delivered_at IS NOT NULL
"""
LEVEL_MESSAGES = """
UPDATE message m SET evidence_level = coalesce((
  SELECT max(e.level) FROM evidence e WHERE e.tenant_id = :tenant AND e.message_id = m.id), 0)
WHERE m.tenant_id = :tenant AND m.id = ANY(CAST(:messages AS uuid[]))
"""
SIGNS_OF_INVOICE = """
SELECT e.level, e.occurred_at FROM evidence e WHERE e.tenant_id = :tenant AND e.invoice_id = h.id
UNION ALL
SELECT e.level, e.occurred_at FROM message_item x
JOIN evidence e ON e.tenant_id = :tenant AND e.message_id = x.message_id AND e.invoice_id IS NULL
WHERE x.tenant_id = :tenant AND x.invoice_id = h.id"""
LEVEL_INVOICES = f"""
WITH {IN_ORDER},
known AS (
  SELECT h.id, coalesce(max(s.level), 0) AS level, min(s.occurred_at) FILTER (WHERE s.level >= 4) AS seen_at
  FROM held h LEFT JOIN LATERAL ({SIGNS_OF_INVOICE}) s ON true GROUP BY h.id)
UPDATE invoice i SET evidence_level = k.level, first_seen_at = k.seen_at
FROM known k WHERE i.tenant_id = :tenant AND i.id = k.id
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


def invoices_of(message_id: UUID) -> list[UUID]:
    """The invoices that a message is about."""
    return list(store.run(ITEMS, message_id=message_id).scalars())


def refresh(message_id: UUID) -> Standing | None:
    """Compute where a message and its invoices stand from all events about it; return the message's standing."""
    return conclude([message_id]).get(message_id)


def conclude(
    message_ids: Sequence[UUID],
    *,
    levels: Mapping[UUID, int] | None = None,
    contacted: Mapping[UUID, datetime] | None = None,
    about: Mapping[UUID, Sequence[UUID]] | None = None,
) -> dict[UUID, Standing]:
    """Compute where messages and their invoices stand; those about which nothing is known keep their state.

    `levels` lifts the levels of evidence by what machines say (below 4: nobody has seen anything). `contacted` says of
    which messages it is news that their customers were written to, and when; that counts once for each message.
    `about` spares a question to whoever knows which of these messages each invoice is in.
    """
    lifted, stand = levels or {}, _standings(message_ids)
    changed = sorted(stand.keys() | lifted.keys() | (contacted or {}).keys())
    if not changed:
        return stand
    rows = [{"id": each, **_columns(stand.get(each)), "level": lifted.get(each, 0)} for each in changed]
    store.run(STAND, messages=array(changed), rows=json.dumps(rows, default=str))
    if about is None:
        found: dict[UUID, list[UUID]] = defaultdict(list)
        for invoice_id, message_id in store.run(ITEMS_OF, messages=array(changed)):
            found[invoice_id].append(message_id)
        about = found
    _conclude_invoices(about, levels=lifted, contacted=contacted or {})
    return stand


def refresh_invoices(invoice_ids: Sequence[UUID]) -> None:
    """Compute the delivery columns of invoices again from their messages."""
    _conclude_invoices({each: [] for each in invoice_ids}, levels={}, contacted={})


def _standings(message_ids: Sequence[UUID]) -> dict[UUID, Standing]:
    facts: dict[UUID, list[Fact]] = defaultdict(list)
    for message_id, kind, at in store.run(TOLD, messages=array(message_ids)):
        facts[message_id].append(Fact(kind, at))
    return {key: found for key, known in facts.items() if (found := state.of(known)) is not None}


def _conclude_invoices(
    about: Mapping[UUID, Sequence[UUID]], *, levels: Mapping[UUID, int], contacted: Mapping[UUID, datetime]
) -> None:
    """Per invoice: where it stands by all its messages, and what these ones among them add."""
    if not about:
        return
    ids = array(about)
    held = store.run(LOCK, ids=ids).all()
    whole: dict[UUID, list[tuple[Any, ...]]] = defaultdict(list)
    kinds: dict[UUID, str] = {}
    for invoice_id, message_id, kind, *stands in store.run(MESSAGES_ABOUT, ids=ids):
        whole[invoice_id].append(tuple(stands))
        kinds[message_id] = kind
    rows = []
    for invoice_id, before in held:
        news = [each for each in about[invoice_id] if each in contacted]
        rows.append(
            {
                "id": invoice_id,
                **_of_invoice(whole[invoice_id], before=before),
                "level": max((levels.get(each, 0) for each in about[invoice_id]), default=0),
                "contact_at": max((contacted[each] for each in news), default=None),
                "reminders": sum(kinds[each] == "reminder" for each in news),
            }
        )
    store.run(INVOICES, ids=ids, rows=json.dumps(rows, default=str))


def array(ids: Iterable[UUID]) -> str:
    """A list of ids as PostgreSQL writes it: thousands of them cost the driver more than the database."""
    return f"{{{','.join(map(str, ids))}}}"


def _columns(stand: Standing | None) -> dict[str, Any]:
    if stand is None:
        return {"state": None}
    return {
        "state": stand.state,
        "sent_at": stand.sent_at,
        "delivered_at": stand.delivered_at,
        "bounced_at": stand.bounced_at,
    }


def _of_invoice(messages: Sequence[tuple[Any, ...]], *, before: str) -> dict[str, Any]:
    """The newest bounce against the newest sign of arrival or of a new try; then the best of what is left."""
    bounced = delivered = tried = None
    states = set()
    for word, sent_at, delivered_at, bounced_at in messages:
        states.add(word)
        if word == "bounced" and bounced_at:
            bounced = max(bounced or bounced_at, bounced_at)
        elif word == "delivered":
            delivered = min(delivered or delivered_at, delivered_at)
        if word in TRIED and (at := delivered_at or sent_at):
            tried = max(tried or at, at)
    if bounced is not None and (tried is None or tried <= bounced):
        best = "bounced"
    else:
        best = next((word for word, known in BEST if states & known), before)
    return {"delivery": best, "delivered_at": delivered, "bounced_at": bounced}


TRIED = frozenset({"sent", "delayed", "unconfirmed", "delivered"})
BEST = (
    ("delivered", {"delivered"}),
    ("delayed", {"delayed"}),
    ("sent", {"sent", "unconfirmed"}),
    ("queued", {"queued", "sending", "held"}),
    ("failed", {"failed", "cancelled"}),
)


def raise_level(level: int, *, at: datetime, message_id: UUID | None, invoice_ids: Sequence[UUID]) -> list[UUID]:
    """Lift the level of evidence, never lower it; return the invoices for which this was news."""
    if message_id is not None:
        store.run(RAISE_MESSAGE, message_id=message_id, level=level)
    return list(store.run(RAISE_INVOICES, ids=list(invoice_ids), level=level, at=at).scalars())


def relevel(message_ids: Sequence[UUID]) -> None:
    """Compute levels and first sights of messages and their invoices anew from all evidence; they may fall."""
    messages = array(message_ids)
    store.run(LEVEL_MESSAGES, messages=messages)
    store.run(LEVEL_INVOICES, ids=list({row.invoice_id for row in store.run(ITEMS_OF, messages=messages)}))
    conclude(message_ids)
    store.run(NOT_ARRIVED, messages=messages)
