"""Decides whether people have worked on what an import brought: then it cannot be undone over their heads.

Here, above the rooms that keep books and cash, stands who takes back which kind of file.
"""

from uuid import UUID

from tenants import store
from tenants.cash.withdrawing import Advice, BankStatement
from tenants.collections.disputes import REASON
from tenants.intake import advices
from tenants.intake.undoing import Above

HELD = """
SELECT i.number, h.kind FROM import_row r JOIN hold h ON h.tenant_id = :tenant AND h.invoice_id = r.invoice_id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND h.reason <> :by_file ORDER BY i.number LIMIT 1
"""
WORKED = """
SELECT i.number FROM import_row r JOIN task t ON t.tenant_id = :tenant AND t.invoice_id = r.invoice_id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = t.invoice_id
WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND t.state = 'done' ORDER BY i.number LIMIT 1
"""


def on_import(import_id: UUID) -> str:
    """Who has worked on an invoice of an import, in a sentence; an empty text when nobody has."""
    held = store.run(HELD, import_id=import_id, by_file=REASON).first()
    if held is not None:
        return f"Invoice {held.number} has a {held.kind} that was entered since."
    number = store.run(WORKED, import_id=import_id).scalar()
    return f"A task about invoice {number} was done since." if number else ""


ABOVE = Above(takers={"bank": BankStatement(), advices.KIND: Advice()}, built_on=(on_import,))
