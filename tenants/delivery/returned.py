"""Decides what follows when mail comes back for good: the address is suppressed, its links end, and the rules hear of
it."""

from datetime import datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.delivery import links, standing, suppression
from tenants.events import recording

RULES_FIRST = timedelta(minutes=2)
"""A rule of the client may ask for another address in its own words; only where none does, we do."""
RECIPIENT = "SELECT recipient FROM message WHERE tenant_id = :tenant AND id = :message_id"


def bounced(message_id: UUID, *, detail: str, at: datetime, real: datetime) -> None:
    """The address is dead. Told twice about one message, the rules hear it once."""
    _stop(message_id, reason="bounce", detail=detail, at=at, real=real)
    links.revoke(message_id=message_id, now=at)
    recording.record(
        "delivery.bounced",
        key=str(message_id),
        now=real,
        message_id=str(message_id),
        invoice_ids=[str(each) for each in standing.invoices_of(message_id)],
    )


def complained(message_id: UUID, *, detail: str, at: datetime, real: datetime) -> None:
    """The reader called it spam: an immediate stop to that address."""
    _stop(message_id, reason="complaint", detail=detail, at=at, real=real)


def _stop(message_id: UUID, *, reason: str, detail: str, at: datetime, real: datetime) -> None:
    """Put the reader's address on the list; when that is news, somebody is asked to find another."""
    recipient = store.run(RECIPIENT, message_id=message_id).scalar_one_or_none()
    entry = suppression.add(recipient, reason=reason, detail=detail, since_at=at) if recipient else None
    if entry is not None:
        recording.record(
            "address.suppressed",
            key=str(entry),
            now=real,
            run_at=real + RULES_FIRST,
            message_id=str(message_id),
            why=reason,
        )
