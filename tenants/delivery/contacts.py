"""Decides to whom at a customer a message goes: the billing contact, unless its address is dead and another is not.

A dead address is chosen only when there is no other, so that the refusal is seen and not silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from tenants import store
from tenants.delivery import suppression

# Mail is the first way of whoever chose it first, and of whom the ledger says so where nothing was chosen.
BY_MAIL = """
SELECT d.id FROM debtor d LEFT JOIN debtor_channels c ON c.tenant_id = :tenant AND c.debtor_id = d.id
WHERE d.tenant_id = :tenant AND d.id = ANY(:ids) AND coalesce(c.ways[1], d.channel) = 'email'
"""
CONTACTS = """
SELECT id, debtor_id, email, language, role FROM contact
WHERE tenant_id = :tenant AND debtor_id = ANY(:ids) AND active AND email <> ''
"""
DEAD = "SELECT address FROM suppression WHERE tenant_id = :tenant AND address = ANY(:addresses) AND lifted_at IS NULL"


@dataclass(frozen=True, slots=True)
class Contact:
    """One reader: who, where, in which language."""

    contact_id: UUID
    email: str
    language: str


def best(debtor_ids: Sequence[UUID], *, by_mail: bool) -> dict[UUID, Contact]:
    """The one contact of each of these customers that has any; with `by_mail` only of those who want mail."""
    asked = list(set(debtor_ids))
    if by_mail:
        asked = list(store.run(BY_MAIL, ids=asked).scalars())
    rows = store.run(CONTACTS, ids=asked).all()
    dead = set(store.run(DEAD, addresses=[suppression.key(row.email) for row in rows]).scalars())

    def rank(row: Any) -> tuple[bool, bool, UUID]:
        return suppression.key(row.email) in dead, row.role != "billing", row.id

    chosen: dict[UUID, Any] = {}
    for row in rows:
        if row.debtor_id not in chosen or rank(row) < rank(chosen[row.debtor_id]):
            chosen[row.debtor_id] = row
    return {debtor_id: Contact(row.id, row.email, row.language) for debtor_id, row in chosen.items()}
