"""Decides to which addresses nothing is sent: those that bounced for good, complained, or asked.

A wrong entry costs an invoice that nobody gets, so each has its reason, and lifting one leaves a line in the history.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

ADD = """
INSERT INTO suppression (tenant_id, id, address, reason, detail, since_at)
VALUES (:tenant, :id, :address, :reason, :detail, :since_at)
ON CONFLICT (tenant_id, address) WHERE lifted_at IS NULL DO NOTHING RETURNING id
"""
LIVE = "SELECT reason FROM suppression WHERE tenant_id = :tenant AND address = :address AND lifted_at IS NULL"
LIFT = """
UPDATE suppression SET lifted_at = :now, lifted_by = :by
WHERE tenant_id = :tenant AND address = :address AND lifted_at IS NULL RETURNING id, reason
"""
ENTRIES = """
SELECT id, address, reason, detail, since_at, lifted_at, lifted_by FROM suppression
WHERE tenant_id = :tenant AND {narrow}
"""
# One walk over the client's contacts for a whole page: addresses are compared in small letters.
WHOSE = """
SELECT DISTINCT ON (lower(c.email)) lower(c.email), c.debtor_id, d.name FROM contact c
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
WHERE c.tenant_id = :tenant AND lower(c.email) = ANY(:addresses) ORDER BY lower(c.email), c.active DESC, c.id
"""
LISTED = ENTRIES.format(
    narrow="""(lifted_at IS NOT NULL) = :lifted AND address LIKE :address
  AND (CAST(:after AS uuid) IS NULL OR id < :after) ORDER BY id DESC LIMIT :limit"""
)
ONE = ENTRIES.format(narrow="id = :id")
HOLDS = ENTRIES.format(narrow="address = :address AND lifted_at IS NULL")
PREFIX = "sup"


class UnknownSuppression(Refusal, LookupError):
    """No such entry, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_suppression"
    remedy = "Look at the list again."


class NotSuppressed(Refusal):
    """Somebody lifted it before."""

    kind = Kind.CONFLICT
    code = "not_suppressed"
    remedy = "Reload the list."


def key(address: str) -> str:
    """The form in which addresses are compared: mailboxes that differ by case only are one in practice."""
    return address.strip().lower()


def add(address: str, *, reason: str, since_at: datetime, detail: str = "") -> UUID | None:
    """Send nothing more there; return the entry's id, or None when the address was on the list already."""
    added: UUID | None = store.run(
        ADD, id=ids.new(), address=key(address), reason=reason, detail=detail[:500], since_at=since_at
    ).scalar_one_or_none()
    if added is not None:
        became = {"address": key(address), "reason": reason}
        history.note("suppression.added", about=("suppression", added), at=since_at, became=became, reason=detail[:500])
    return added


def reason_for(address: str) -> str | None:
    """Why nothing may be sent there, or None."""
    return store.run(LIVE, address=key(address)).scalar_one_or_none()


def lift(address: str, *, by: str, now: datetime, why: str) -> bool:
    """Send there again; return whether it was on the list."""
    row = store.run(LIFT, address=key(address), now=now, by=by).one_or_none()
    if row is None:
        return False
    history.note(
        "suppression.lifted",
        about=("suppression", row.id),
        at=now,
        was={"address": key(address), "reason": row.reason},
        reason=why,
    )
    return True


def listed(
    *, lifted: bool = False, address: str = "", after: UUID | None = None, limit: int = 50
) -> list[dict[str, Any]]:
    """The entries of the list, the newest first: those that hold, or those that were lifted."""
    found = store.run(LISTED, lifted=lifted, address=f"%{key(address)}%", after=after, limit=limit)
    return _with_customers(found.mappings().all())


def one(entry_id: UUID) -> dict[str, Any]:
    """One entry. Raises UnknownSuppression."""
    return _single(store.run(ONE, id=entry_id).mappings().all())


def live(address: str) -> dict[str, Any]:
    """The entry that holds for an address. Raises UnknownSuppression."""
    return _single(store.run(HOLDS, address=key(address)).mappings().all())


def release(entry_id: UUID, *, by: str, now: datetime, why: str) -> None:
    """A person lets an address be written to again, with a reason. Raises UnknownSuppression, NotSuppressed."""
    entry = one(entry_id)
    if entry["lifted_at"] is not None or not lift(entry["address"], by=by, now=now, why=why):
        raise NotSuppressed("This address is written to already.")


def _single(found: Sequence[RowMapping]) -> dict[str, Any]:
    if not found:
        raise UnknownSuppression("There is no such entry.")
    return _with_customers(found)[0]


def _with_customers(found: Sequence[RowMapping]) -> list[dict[str, Any]]:
    """Each entry with the customer whose contact has the address, if any has."""
    addresses = [row["address"] for row in found]
    whose = {address: (debtor_id, name) for address, debtor_id, name in store.run(WHOSE, addresses=addresses)}
    return [
        {**row, "debtor_id": known[0], "debtor_name": known[1]}
        for row in found
        for known in [whose.get(row["address"], (None, None))]
    ]
