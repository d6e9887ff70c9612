"""Decides what becomes of what customers keep back: it stays in sight with its reason until it is paid or given up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tenants import store

PREFIX = "ded"


@dataclass(frozen=True, slots=True)
class Deduction:
    """What one customer kept back of one invoice."""

    id: UUID
    debtor_id: UUID
    debtor_name: str
    invoice_id: UUID
    number: str
    currency: str
    amount_minor: int
    reason: str
    opened_on: date
    closed_on: date | None
    outcome: str


CLOSE_FOR = """
UPDATE deduction SET closed_on = :on, outcome = :outcome
WHERE tenant_id = :tenant AND match_id = :match_id AND closed_on IS NULL
"""
# What is left short ends with its invoice: by money, by a credit note, or because it was given up.
CLOSE_SETTLED = """
UPDATE deduction d SET closed_on = :on, outcome = CASE last.kind WHEN 'payment' THEN 'paid'
  WHEN 'credit_note' THEN 'credited' ELSE 'written_off' END
FROM (
  SELECT DISTINCT ON (a.invoice_id) a.invoice_id, a.kind FROM allocation a
  JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id AND i.open_minor = 0
  WHERE a.tenant_id = :tenant AND a.invoice_id = ANY(:invoice_ids) ORDER BY a.invoice_id, a.known_at DESC, a.id DESC
) last
WHERE d.tenant_id = :tenant AND d.invoice_id = last.invoice_id AND d.closed_on IS NULL
"""
OPEN = """
SELECT c.id, c.debtor_id, d.name, c.invoice_id, i.number, c.currency, c.amount_minor, c.reason, c.opened_on,
  c.closed_on, c.outcome
FROM deduction c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = c.invoice_id
WHERE c.tenant_id = :tenant AND c.closed_on IS NULL AND (c.opened_on, c.id) > (:after_on, :after_id)
ORDER BY c.opened_on, c.id LIMIT :limit
"""


def close_for(match_id: UUID, *, on: date, outcome: str) -> None:
    """End what one booking left short."""
    store.run(CLOSE_FOR, match_id=match_id, on=on, outcome=outcome)


def close_settled(invoice_ids: Sequence[UUID], *, on: date) -> int:
    """End the deductions of invoices that have nothing open any more, each as its invoice ended."""
    return store.run(CLOSE_SETTLED, invoice_ids=list(invoice_ids), on=on).rowcount


def still_open(*, after: tuple[date, UUID] = (date.min, UUID(int=0)), limit: int = 50) -> Sequence[Deduction]:
    """Open deductions, the oldest first."""
    found = store.run(OPEN, after_on=after[0], after_id=after[1], limit=limit)
    return [Deduction(*row) for row in found]
