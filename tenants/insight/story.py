"""Decides what is told about an invoice or a customer in order of time: money, mail, evidence, holds and refusals.

One list, because "what happened with this customer?" is one question, and an answer in five tables is none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store


@dataclass(frozen=True, slots=True)
class Posting:
    """One amount that was applied to an invoice, or taken back."""

    id: UUID
    kind: str
    reference: str
    amount_minor: int
    currency: str
    effective_on: date
    known_at: datetime
    reason: str
    reverses: bool


POSTINGS = """
SELECT a.id, a.kind, coalesce(p.reference, c.number, ''), a.amount_minor, a.currency, a.effective_on, a.known_at,
  a.reason, a.reverses_id IS NOT NULL
FROM allocation a
LEFT JOIN payment p ON p.tenant_id = :tenant AND p.id = a.payment_id
LEFT JOIN credit_note c ON c.tenant_id = :tenant AND c.id = a.credit_note_id
WHERE a.tenant_id = :tenant AND a.invoice_id = :invoice ORDER BY a.effective_on, a.known_at, a.id
"""
# Each branch gives its own newest entries, so a customer with a long past costs as little as one without.
# What happened at the same moment is told in the order of ids, so that a page reads the same twice.
CUSTOMER = """
SELECT at, kind, subject, detail, minor, currency FROM (
  (SELECT CAST(i.issued_on AS timestamptz) AS at, 'issued' AS kind, i.number AS subject, '' AS detail,
     i.amount_minor AS minor, i.currency, i.id
   FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = :debtor
   ORDER BY i.issued_on DESC, i.id DESC LIMIT :limit)
  UNION ALL
  (SELECT coalesce(m.sent_at, m.queued_at), 'message_' || m.state, coalesce(nullif(m.subject, ''), m.template),
     m.recipient, NULL, '', m.id
   FROM message m WHERE m.tenant_id = :tenant AND m.debtor_id = :debtor AND m.state <> 'queued'
   ORDER BY m.queued_at DESC, m.id DESC LIMIT :limit)
  UNION ALL
  (SELECT e.occurred_at, 'evidence_' || e.kind, coalesce(i.number, ''), e.verdict, NULL, '', e.id
   FROM evidence e LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = e.invoice_id
   WHERE e.tenant_id = :tenant AND e.debtor_id = :debtor AND e.level >= 3
   ORDER BY e.occurred_at DESC, e.id DESC LIMIT :limit)
  UNION ALL
  (SELECT CAST(p.received_on AS timestamptz), 'payment', p.reference, '', p.amount_minor, p.currency, p.id
   FROM payment p WHERE p.tenant_id = :tenant AND p.debtor_id = :debtor
   ORDER BY p.received_on DESC, p.id DESC LIMIT :limit)
  UNION ALL
  (SELECT h.opened_at, 'hold_' || h.kind, coalesce(i.number, ''), h.reason, h.amount_minor, h.currency, h.id
   FROM hold h LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
   WHERE h.tenant_id = :tenant AND h.debtor_id = :debtor ORDER BY h.opened_at DESC, h.id DESC LIMIT :limit)
  UNION ALL
  (SELECT x.last_at, 'held_back', x.reason, x.detail, NULL, '', x.id
   FROM held_action x WHERE x.tenant_id = :tenant AND x.debtor_id = :debtor
   ORDER BY x.last_at DESC, x.id DESC LIMIT :limit)
  UNION ALL
  (SELECT k.opened_at, 'task', k.title, k.reason, NULL, '', k.id
   FROM task k WHERE k.tenant_id = :tenant AND k.debtor_id = :debtor ORDER BY k.opened_at DESC, k.id DESC LIMIT :limit)
) s ORDER BY at DESC, kind, id DESC LIMIT :limit
"""
UPCOMING = """
SELECT m.id, m.kind, m.template, m.recipient, m.queued_at, m.held_reason, m.rule_key, m.state FROM message m
WHERE m.tenant_id = :tenant AND m.debtor_id = :debtor AND m.state IN ('queued', 'held')
ORDER BY m.queued_at, m.id LIMIT :limit
"""
TASKS = """
SELECT k.id, k.title, k.reason, k.state, k.wakes_on FROM task k
WHERE k.tenant_id = :tenant AND k.debtor_id = :debtor AND k.state IN ('open', 'snoozed')
ORDER BY k.rank DESC, k.id DESC LIMIT :limit
"""


def postings(invoice_id: UUID) -> Sequence[Posting]:
    """What was applied to an invoice, the oldest first."""
    return [Posting(*row) for row in store.run(POSTINGS, invoice=invoice_id)]


def of_customer(debtor_id: UUID, *, limit: int = 60) -> Sequence[RowMapping]:
    """What happened with a customer, the newest first: at, kind, subject, detail, minor, currency."""
    return store.run(CUSTOMER, debtor=debtor_id, limit=limit).mappings().all()


def upcoming(debtor_id: UUID, *, limit: int = 20) -> Sequence[RowMapping]:
    """The messages that are about to leave or are held."""
    return store.run(UPCOMING, debtor=debtor_id, limit=limit).mappings().all()


def tasks_of(debtor_id: UUID, *, limit: int = 20) -> Sequence[RowMapping]:
    """The open work about a customer, the best first."""
    return store.run(TASKS, debtor=debtor_id, limit=limit).mappings().all()
