"""Decides what follows when mail comes back for good: the address is suppressed, its links end, and the rules hear of
it."""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import links, standing, suppression
from tenants.events import recording

RECIPIENT = "SELECT recipient FROM message WHERE tenant_id = :tenant AND id = :message_id"


def bounced(message_id: UUID, *, detail: str, at: datetime, real: datetime) -> None:
    """The address is dead. Told twice about one message, the rules hear it once."""
    _stop(message_id, reason="bounce", detail=detail, at=at)
    links.revoke(message_id=message_id, now=at)
    recording.record(
        "delivery.bounced",
        key=str(message_id),
        now=real,
        message_id=str(message_id),
        invoice_ids=[str(each) for each in standing.invoices_of(message_id)],
    )


def complained(message_id: UUID, *, detail: str, at: datetime) -> None:
    """The reader called it spam: an immediate stop to that address."""
    _stop(message_id, reason="complaint", detail=detail, at=at)


def _stop(message_id: UUID, *, reason: str, detail: str, at: datetime) -> None:
    recipient = store.run(RECIPIENT, message_id=message_id).scalar_one_or_none()
    if recipient:
        suppression.add(recipient, reason=reason, detail=detail, since_at=at)
