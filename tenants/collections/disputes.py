"""Decides what to make of an objection that came with the ledger: the invoice is disputed from the day we learn of it.

The file says that an invoice is disputed and not why or since when. It is enough to leave the customer in peace until
a person has looked, and not enough for more.
"""

from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.collections import holds
from tenants.collections.holds import NewHold

REASON = "Disputed in the imported ledger"

OBJECTED = """
SELECT i.id, i.debtor_id FROM import_row r JOIN invoice i ON i.tenant_id = :tenant AND i.number = r.number
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND r.disputed AND i.open_minor > 0 AND i.voided_on IS NULL
  AND NOT EXISTS (SELECT FROM hold h WHERE h.tenant_id = :tenant AND h.invoice_id = i.id AND h.kind = 'dispute')
ORDER BY i.id
"""


def open_for_import(import_id: UUID, *, now: datetime, today: date) -> list[UUID]:
    """Dispute each open invoice that the file calls disputed, once; one that was ended is not opened again."""
    store.plan_for_sets()
    drafts = [
        NewHold("dispute", row.debtor_id, today, invoice_id=row.id, reason=REASON)
        for row in store.run(OBJECTED, import_id=import_id)
    ]
    return holds.open_many(drafts, now=now)
