"""Decides to which addresses nothing is sent: those that bounced for good, complained, or asked.

A wrong entry costs an invoice that nobody gets, so each has its reason, and lifting one leaves a line in the history.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.events import history
from tenants.values import ids

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
