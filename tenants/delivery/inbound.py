"""Decides how a mail gets in: only through an address that we made, kept once, and read later by a job.

The return address of each attempt says which client and which attempt it is about, so no mail can reach another
client's books by what it contains. To its mailbox, an address of ours too, a client forwards what customers write to
its own; there what a mail contains says what it is about, within that client.
"""

import email
import hashlib
from collections.abc import Iterator
from datetime import datetime
from email.policy import compat32
from email.utils import getaddresses
from uuid import UUID

from tenants import store
from tenants.delivery import bounces, letters, matching, papers, tokens
from tenants.delivery.ports import DocumentStore
from tenants.events import inbox, recording
from tenants.isolation import scope
from tenants.values.faults import Kind, Refusal

LARGEST = 10 * 1024 * 1024
SOURCE = "mail"
BOXES = {letters.BOUNCE_BOX: tokens.BOUNCE, letters.REPLY_BOX: tokens.REPLY}
MAILBOX_BOX = "m+"
PEOPLE = ("reply", "unclear")
"""What may be a person's words; a machine's stop no reminder."""
ADDRESSED = ("delivered-to", "x-original-to", "envelope-to", "x-forwarded-to", "to", "cc")
REPLIED = """
UPDATE invoice SET last_reply_at = greatest(last_reply_at, CAST(:at AS timestamptz))
WHERE tenant_id = :tenant AND id = :invoice_id
"""
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


def mailbox(tenant_id: UUID, *, domain: str, secret: str) -> str:
    """The address to which a client forwards what its customers write to its own."""
    return f"{MAILBOX_BOX}{tokens.seal_for_address(tokens.MAILBOX, tenant_id, tenant_id, secret=secret)}@{domain}"


def owner(recipient: str, *, secret: str) -> UUID | None:
    """Whose mailbox an address is; None for any other address."""
    box = recipient.partition("@")[0]
    if box[:2].lower() != MAILBOX_BOX:
        return None
    try:
        return tokens.unseal_from_address(tokens.MAILBOX, box[2:], secret=secret)[0]
    except tokens.BadToken:
        return None


def recipients(raw: bytes) -> Iterator[str]:
    """Every address that the headers of a mail say it was for: which of them is ours its own seal says."""
    mail = email.message_from_bytes(raw, policy=compat32)
    lines = [str(line) for name in ADDRESSED for line in mail.get_all(name, [])]
    for _, address in getaddresses(lines[:50])[:200]:
        yield address


def answers(recipient: str) -> bool:
    """Whether an address of ours is for people's answers, and not for reports of machines."""
    return recipient[:2].lower() == letters.REPLY_BOX


def receive(
    raw: bytes,
    *,
    attempt_id: UUID,
    documents_in: DocumentStore,
    now: datetime,
    real: datetime,
    answered: bool = False,
) -> UUID | None:
    """Keep a mail about one attempt, in its client's scope; return the kept event's id, or None for the same mail
    again.

    `answered`: it came where people answer, so what no machine wrote is an answer, whatever its program left out.
    Raises NotForUs when the client has no such attempt, TooLarge.
    """
    _refuse_large(raw)
    message_id = store.run(MESSAGE_OF, attempt_id=attempt_id).scalar_one_or_none()
    if message_id is None:
        raise NotForUs("There is no such attempt.")
    sha256, key = _put(raw, documents_in)
    inbox_id = inbox.keep(
        SOURCE,
        external_id=f"{attempt_id}:{sha256}",
        kind="mail",
        message_id=message_id,
        occurred_at=now,
        received_at=real,
        payload={"attempt_id": str(attempt_id), "content_key": key, "answered": answered},
    )
    if inbox_id is not None:
        recording.record("receipt.arrived", key=str(inbox_id), now=real, inbox_id=str(inbox_id))
    return inbox_id


def receive_at_mailbox(
    raw: bytes, *, secret: str, documents_in: DocumentStore, now: datetime, real: datetime
) -> UUID | None:
    """Keep a mail that came to the current client's mailbox: with the mail of ours that it is about, or for a person to
    sort. Returns the kept event's id, or None for the same mail again. Raises TooLarge."""
    _refuse_large(raw)
    found = matching.match(raw, secret=secret)
    if found.attempt_id is not None:
        return receive(raw, attempt_id=found.attempt_id, documents_in=documents_in, now=now, real=real, answered=True)
    sha256, key = _put(raw, documents_in)
    notice, (subject, _) = bounces.read(raw), bounces.subject_and_text(raw)
    inbox_id = inbox.keep(
        SOURCE,
        external_id=f"mailbox:{sha256}",
        kind="unsorted",
        message_id=None,
        occurred_at=now,
        received_at=real,
        payload={
            "content_key": key,
            "how": found.how,
            "debtor_id": found.debtor_id,
            "invoice_id": found.invoice_id,
            "kind": notice.kind,
            "subject": subject[:200],
        },
    )
    if inbox_id is not None:
        if notice.kind in PEOPLE:
            papers.keep(raw, inbox_id=inbox_id, mail_sha256=sha256, documents_in=documents_in, now=now)
        if found.invoice_id is not None and notice.kind in PEOPLE:
            store.run(REPLIED, invoice_id=found.invoice_id, at=now)
        recording.record("mail.unsorted", key=str(inbox_id), now=real, inbox_id=str(inbox_id))
    return inbox_id


def _refuse_large(raw: bytes) -> None:
    if len(raw) > LARGEST:
        raise TooLarge("The mail is too large.")


def _put(raw: bytes, documents_in: DocumentStore) -> tuple[str, str]:
    sha256 = hashlib.sha256(raw).hexdigest()
    key = f"{scope.current().one}/inbound/{sha256}.eml"
    documents_in.put(key, raw, media_type="message/rfc822")
    return sha256, key
