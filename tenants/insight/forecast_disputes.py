"""Decides what a dispute changes in the forecast: what is disputed is counted as no cash until somebody has settled it.

A dispute without an amount is about the whole invoice, one without an invoice about everything of its customer.
"""

from dataclasses import dataclass
from uuid import UUID

from tenants import store

DISPUTE = "dispute"
OPEN = """
SELECT h.debtor_id, h.invoice_id, CASE WHEN bool_or(h.amount_minor IS NULL) THEN NULL ELSE sum(h.amount_minor) END
FROM hold h WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND h.ended_at IS NULL
GROUP BY h.debtor_id, h.invoice_id
"""
LIVE = (
    "FROM hold h WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND h.ended_at IS NULL AND h.amount_minor IS NULL"
)
SINCE = f"""(e.invoice_id IN (SELECT h.invoice_id {LIVE} AND h.invoice_id IS NOT NULL)
    OR e.debtor_id IN (SELECT h.debtor_id {LIVE} AND h.invoice_id IS NULL))"""
"""Whether what was expected of an invoice is disputed as a whole by now."""


@dataclass(slots=True)
class Disputes:
    """What is disputed of each invoice, and the customers who dispute everything."""

    _left: dict[UUID, int | None]
    _customers: set[UUID]

    def free(self, invoice_id: UUID, *, debtor_id: UUID, minor: int) -> int:
        """Of so much open money of an invoice, what nobody disputes."""
        if debtor_id in self._customers:
            return 0
        if invoice_id not in self._left:
            return minor
        left = self._left[invoice_id]
        taken = minor if left is None else min(left, minor)
        if left is not None:
            self._left[invoice_id] = left - taken
        return minor - taken


def live() -> Disputes:
    """The disputes that nobody has settled yet."""
    found = Disputes({}, set())
    for debtor_id, invoice_id, minor in store.run(OPEN):
        if invoice_id is not None:
            found._left[invoice_id] = None if minor is None else int(minor)
        elif minor is None:
            found._customers.add(debtor_id)
    return found
