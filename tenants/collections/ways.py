"""Decides by which way a reminder goes: the first of the customer's own ways that can be used and has not stayed
silent.

Where nobody chose for a customer, mail is the way. Otherwise the ladder that was chosen for its invoices holds for
reminders too: a dead address, a number that is gone, or a last reminder by that way which for the customer's own days
nobody has seen lead to the next way. A client's contact policy may leave ways out altogether, and so may a reader who
wants no reminders by mail.
"""

from datetime import datetime, timedelta

from tenants import store
from tenants.collections.outgoing import Message
from tenants.delivery import carrying_on, unsubscribing
from tenants.delivery.channels import EMAIL, PORTAL, PRINT, TEXT

SEEN = 4
LAST = """
SELECT DISTINCT ON (channel) channel, state, evidence_level, sent_at FROM message
WHERE tenant_id = :tenant AND debtor_id = :debtor AND kind = 'reminder' AND id <> :id AND sent_at IS NOT NULL
ORDER BY channel, sent_at DESC, id DESC
"""
CAME_BACK = ("bounced", "failed")
SAID = {EMAIL: "by mail", PORTAL: "in the portal", TEXT: "by text", PRINT: "by letter"}


def best(message: Message, *, now: datetime) -> str:
    """The way that a message is to go, empty where it can go by none. Invoices climb by themselves, and stay."""
    if message.kind == "invoice":
        return "" if message.suppressed else message.channel
    if message.kind == "note":
        return EMAIL if EMAIL in _wanted(message) and not (message.suppressed or is_unwanted(message)) else ""
    wanted = carrying_on.behind(_wanted(message), message.channel) if message.goes_on else _wanted(message)
    usable = [way for way in wanted if way in message.policy.ways and recipient(message, way)]
    if len(usable) < 2 or message.goes_on:
        return usable[0] if usable else ""
    silent = _silent(message, now=now)
    return next((way for way in usable if way not in silent), usable[0])


def recipient(message: Message, way: str) -> str:
    """Whom a message names that goes by a way; empty where there is nobody, or nobody who wants it."""
    named = {EMAIL: message.email, PORTAL: message.email, TEXT: message.phone, PRINT: message.postal.split("\n")[0]}
    asked = message.recipient if way == message.channel else named[way]
    if way == EMAIL and is_unwanted(message):
        return ""
    return "" if way in (EMAIL, TEXT) and asked.strip().lower() in message.dead else asked


def is_unwanted(message: Message) -> bool:
    """Whether its reader wants no such words by mail."""
    return message.stopped and unsubscribing.is_optional(message.kind, message.template)


def said(message: Message, way: str) -> str:
    """Why the message goes by another way than it was to."""
    return f"This customer is reminded {SAID[way]} now, not {SAID[message.channel]}."


def _wanted(message: Message) -> tuple[str, ...]:
    return tuple(message.ways or (EMAIL,))


def _silent(message: Message, *, now: datetime) -> set[str]:
    """The ways by which the last reminder came back, or was seen by nobody within the customer's days."""
    patience = now - timedelta(days=message.wait_days)
    return {
        row.channel
        for row in store.run(LAST, debtor=message.debtor_id, id=message.id)
        if row.state in CAME_BACK or (row.evidence_level < SEEN and row.sent_at <= patience)
    }
