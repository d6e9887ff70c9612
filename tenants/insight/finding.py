"""Decides what a search finds: customers by name or number, invoices by number or the customer's own reference, in the
clients that the asking scope reads and in no other.

A number is looked up whole among all invoices and by its beginning among the open ones, so that a search over many
clients never reads the settled past of all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tenants import store

SHORTEST = 2
MOST = 20
"""Of each kind; who sees so many types more letters."""
CUSTOMERS = """
SELECT d.tenant_id, d.id, d.number, d.name FROM debtor d
WHERE d.tenant_id = ANY(:tenants) AND (d.number = :whole OR d.name ILIKE :within)
ORDER BY d.number <> :whole, d.name ILIKE :start DESC, d.name, d.id LIMIT :limit
"""
INVOICES = """
SELECT i.tenant_id, i.id, i.number, i.debtor_id, i.currency, i.open_minor, i.due_on FROM invoice i
WHERE i.tenant_id = ANY(:tenants) AND i.number = ANY(:exact)
UNION
SELECT i.tenant_id, i.id, i.number, i.debtor_id, i.currency, i.open_minor, i.due_on FROM invoice i
WHERE i.tenant_id = ANY(:tenants) AND i.open_minor > 0 AND i.voided_on IS NULL
  AND (i.number ILIKE :start OR i.purchase_order ILIKE :start)
ORDER BY open_minor DESC, due_on, id LIMIT :limit
"""
NAMES = "SELECT id, name FROM debtor WHERE tenant_id = ANY(:tenants) AND id = ANY(:ids)"


@dataclass(frozen=True, slots=True)
class FoundCustomer:
    """A customer of one client."""

    tenant_id: UUID
    id: UUID
    number: str
    name: str


@dataclass(frozen=True, slots=True)
class FoundInvoice:
    """An invoice of one client."""

    tenant_id: UUID
    id: UUID
    number: str
    customer: str
    currency: str
    open_minor: int
    due_on: date


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    customers: tuple[FoundCustomer, ...] = ()
    invoices: tuple[FoundInvoice, ...] = ()
    more: bool = False
    """There are more than are shown."""


def find(text: str, *, most: int = MOST) -> Found:
    """Customers and invoices of every client that is read here; too short a text finds nothing."""
    asked = " ".join(text.split())
    if len(asked) < SHORTEST:
        return Found()
    told = _literal(asked)
    likes = {"start": f"{told}%", "limit": most + 1}
    customers = store.run(CUSTOMERS, whole=asked, within=f"%{told}%", **likes).all()
    rows = store.run(INVOICES, exact=sorted({asked, asked.upper()}), **likes).all()
    names = {row.id: row.name for row in store.run(NAMES, ids=[row.debtor_id for row in rows])} if rows else {}
    invoices = [
        FoundInvoice(row.tenant_id, row.id, row.number, names[row.debtor_id], row.currency, row.open_minor, row.due_on)
        for row in rows[:most]
    ]
    shown: Sequence[FoundCustomer] = [FoundCustomer(*row) for row in customers[:most]]
    return Found(tuple(shown), tuple(invoices), len(customers) > most or len(rows) > most)


def _literal(text: str) -> str:
    """The text with what a pattern would take for a sign of its own."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
