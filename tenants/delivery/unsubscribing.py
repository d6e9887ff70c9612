"""Decides what it means that a reader wants no more reminders by mail.

Each reminder carries an address of its own for that (RFC 8058), which names the mail and opens nothing: pressed in a
mail program or on its page, reminders and other words that ask for nothing stop for this contact by this way. Invoices
and formal letters go on, because who owes must learn of both, and the customer's other ways stay open. Fetching the
address changes nothing, since machines fetch whatever stands in a mail.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import formal, tokens
from tenants.delivery.facts import Outgoing
from tenants.delivery.tokens import BadToken
from tenants.events import history
from tenants.settings import Settings
from tenants.values.faults import Kind, Refusal

PURPOSE = "reminders"
PATH = "/u/"
READER = """
SELECT c.id AS contact_id, c.debtor_id, c.email, c.language, d.name AS company, c.reminders_stopped_at
FROM message m JOIN contact c ON c.tenant_id = :tenant AND c.id = m.contact_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = c.debtor_id
WHERE m.tenant_id = :tenant AND m.id = :message_id
"""
STOP = """
UPDATE contact SET reminders_stopped_at = :now
WHERE tenant_id = :tenant AND id = :contact_id AND reminders_stopped_at IS NULL RETURNING id
"""
RESUME = """
UPDATE contact SET reminders_stopped_at = NULL
WHERE tenant_id = :tenant AND id = :contact_id AND reminders_stopped_at IS NOT NULL RETURNING id
"""
THERE = "SELECT id FROM contact WHERE tenant_id = :tenant AND id = :contact_id"


class UnknownReader(Refusal, LookupError):
    """No such contact, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_contact"
    remedy = "Look at the customer's contacts again."


@dataclass(frozen=True, slots=True)
class Reader:
    """To whom a reminder went."""

    contact_id: UUID
    debtor_id: UUID
    email: str
    language: str
    company: str
    stopped_at: datetime | None


def is_optional(kind: str, template: str) -> bool:
    """Whether a message is of those that a reader may stop."""
    return kind != "invoice" and template not in formal.TEMPLATES


def url(tenant_id: UUID, *, message_id: UUID, settings: Settings) -> str:
    """The address by which the reader of one message stops its kind."""
    word = tokens.seal(PURPOSE, tenant_id.bytes + message_id.bytes, secret=settings.secret_key)
    return f"{settings.public_url.rstrip('/')}{PATH}{word}"


def named(text: str, *, secret: str) -> tuple[UUID, UUID]:
    """The client and the message that an address names; reads no row. Raises tokens.BadToken."""
    return tokens.two_ids(tokens.unseal(PURPOSE, text, secret=secret))


def headers(mail: Outgoing, *, settings: Settings) -> dict[str, str]:
    """What a mail program needs to offer the stop in one click; nothing for what cannot be stopped."""
    if not is_optional(mail.kind, mail.template):
        return {}
    address = url(mail.tenant_id, message_id=mail.message_id, settings=settings)
    return {"List-Unsubscribe": f"<{address}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def reader(message_id: UUID) -> Reader:
    """Who may stop by the address of this message. Raises tokens.BadToken when the message is gone."""
    row = store.run(READER, message_id=message_id).one_or_none()
    if row is None:
        raise BadToken("This link is not valid.")
    return Reader(*row)


def stop(contact_id: UUID, *, basis: str, now: datetime) -> bool:
    """No more reminders by mail to this contact; False when that was so before. Raises UnknownReader."""
    return _say(STOP, contact_id, "reminders.stopped", basis=basis, now=now)


def resume(contact_id: UUID, *, basis: str, now: datetime) -> bool:
    """Reminders by mail again; False when they never stopped. Raises UnknownReader."""
    return _say(RESUME, contact_id, "reminders.resumed", basis=basis, now=now)


def _say(sql: str, contact_id: UUID, what: str, *, basis: str, now: datetime) -> bool:
    if store.run(THERE, contact_id=contact_id).first() is None:
        raise UnknownReader("There is no such contact.")
    values = {"now": now} if sql is STOP else {}
    if store.run(sql, contact_id=contact_id, **values).one_or_none() is None:
        return False
    history.note(what, about=("contact", contact_id), at=now, reason=basis.strip()[:300])
    return True
