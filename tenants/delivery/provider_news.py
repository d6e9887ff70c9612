"""Decides how a mail provider's news gets in: by the sealed word that we sent along, into that client's books only.

An event is kept once, however often it is told, and read later by a job. It may come before our own transaction has
noted that the provider took the mail; then it waits in the inbox, and state is computed from the set when that is done.
An open that a provider saw counts as an image of ours would, and only where that is allowed. Its clicks are left out:
what they led to is a page of ours, which keeps its own.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import evidence, tokens
from tenants.delivery.evidence import Fetch
from tenants.delivery.inbound import MESSAGE_OF, NotForUs
from tenants.delivery.ses_events import Told
from tenants.directory import clients
from tenants.events import inbox, recording

SOURCE = "ses"
LEFT_OUT = frozenset({"clicked", "subscription"})


def addressee(told: Told, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the attempt that an event is about; reads no row. Raises NotForUs."""
    try:
        return tokens.unseal_from_address(tokens.BOUNCE, told.attempt, secret=secret)
    except tokens.BadToken:
        raise NotForUs("This event is about no mail of ours.") from None


def receive(told: Told, *, attempt_id: UUID, real: datetime) -> UUID | None:
    """Keep one event about one attempt, in its client's scope; return the kept event's id, or None when there is
    nothing to keep. Raises NotForUs when the client has no such attempt."""
    message_id = store.run(MESSAGE_OF, attempt_id=attempt_id).scalar_one_or_none()
    if message_id is None:
        raise NotForUs("There is no such attempt.")
    at = clients.clock().now(told.at)
    if told.kind in LEFT_OUT:
        return None
    if told.kind == "opened":
        seen = Fetch("pixel", "GET", told.agent, told.address)
        return evidence.record_pixel(message_id, fetch=seen, now=at, real=real)
    said = {"attempt_id": str(attempt_id), "status": told.status, "said": f"{told.reason} {told.detail}".strip()[:500]}
    inbox_id = inbox.keep(
        SOURCE,
        external_id=told.key,
        kind=told.kind,
        message_id=message_id,
        occurred_at=at,
        received_at=real,
        payload={**said, "reference": told.reference},
    )
    if inbox_id is not None:
        recording.record("receipt.arrived", key=str(inbox_id), now=real, inbox_id=str(inbox_id))
    return inbox_id
