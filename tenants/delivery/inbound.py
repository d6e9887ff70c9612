"""Decides how a mail gets in: only through an address that we made, kept once, and read later by a job.

The return address of each attempt says which client and which attempt it is about, so no mail can reach another
client's books by what it contains.
"""

import hashlib
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import letters, tokens
from tenants.delivery.ports import DocumentStore
from tenants.events import inbox, recording
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal

LARGEST = 10 * 1024 * 1024
SOURCE = "mail"
BOXES = {letters.BOUNCE_BOX: tokens.BOUNCE, letters.REPLY_BOX: tokens.REPLY}
MESSAGE_OF = "SELECT message_id FROM delivery_attempt WHERE tenant_id = :tenant AND id = :attempt_id"


class NotForUs(Refusal, ValueError):
    """No return address of ours, or one that nobody can have got from us."""

    kind = Kind.UNKNOWN
    code = "not_for_us"
    remedy = "Nothing: the mail was not addressed to a message of ours."


class TooLarge(Refusal, ValueError):
    """Larger than any report."""

    code = "mail_too_large"
    remedy = "Nothing: reports are small."


def addressee(recipient: str, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the attempt that a return or reply address names; reads no row. Raises NotForUs."""
    box = recipient.partition("@")[0]
    purpose = BOXES.get(box[:2].lower())
    if purpose is None:
        raise NotForUs("This is no return address of ours.")
    try:
        return tokens.unseal_from_address(purpose, box[2:], secret=secret)
    except tokens.BadToken:
        raise NotForUs("This is no return address of ours.") from None


def receive(raw: bytes, *, attempt_id: UUID, documents_in: DocumentStore, now: datetime, real: datetime) -> UUID | None:
    """Keep a mail about one attempt, in its client's scope; return the kept event's id, or None for the same mail
    again.

    Raises NotForUs when the client has no such attempt, TooLarge.
    """
    if len(raw) > LARGEST:
        raise TooLarge("The mail is too large.")
    message_id = store.run(MESSAGE_OF, attempt_id=attempt_id).scalar_one_or_none()
    if message_id is None:
        raise NotForUs("There is no such attempt.")
    sha256 = hashlib.sha256(raw).hexdigest()
    key = f"{scope.current().one}/inbound/{sha256}.eml"
    documents_in.put(key, raw, media_type="message/rfc822")
    inbox_id = inbox.keep(
        SOURCE,
        external_id=f"{attempt_id}:{sha256}",
        kind="mail",
        message_id=message_id,
        occurred_at=now,
        received_at=real,
        payload={"attempt_id": str(attempt_id), "content_key": key},
    )
    if inbox_id is not None:
        recording.record("receipt.arrived", key=str(inbox_id), now=real, inbox_id=str(inbox_id))
    return inbox_id
