"""Decides which invoices must not be in a message: settled, held, given more time, never arrived, answered, worn out.

What would be wrong for ever is told apart from what is only too early; only the latter waits.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants.collections import policies
from tenants.collections.outgoing import Message
from tenants.values import dates
from tenants.values.counts import counted

DELIVERY_PATIENCE = timedelta(days=7)
"""How long a reminder waits for its invoice to be delivered before it is given up."""
HOLD_WORDS = {"dispute": "disputed", "promise": "promised", "plan": "on_plan", "pause": "paused"}
SIGNS = {
    "hardship": "The customer cannot pay at present",
    "insolvency": "The customer is insolvent or before a court",
    "cease": "The customer asked not to be written to",
}
NOT_YET_DELIVERED = ("none", "queued", "sent", "delayed")


@dataclass(frozen=True, slots=True)
class Block:
    """Why one invoice must not be in the message."""

    invoice_id: UUID
    reason: str
    detail: str
    wait: bool = False
    """It may be written about later; the others are never to be."""


def of_any(invoice: Any) -> Block | None:
    """Whether an invoice must not be in any message."""
    if invoice.voided_on is not None:
        return Block(invoice.id, "voided", f"Invoice {invoice.number} was cancelled.")
    if invoice.open_minor <= 0:
        return Block(invoice.id, "settled", f"Invoice {invoice.number} is paid.")
    return None


def of_reminder(message: Message, invoice: Any, *, hold: Any, awaited: set[UUID], now: datetime) -> Block | None:
    """The first reason not to remind of an invoice: `hold` is what holds it, `awaited` what money has come for."""
    return (
        _awaited(invoice, awaited)
        or _held(invoice.id, hold)
        or _extended(message, invoice, today=message.client_day(now))
        or _undelivered(message, invoice, now=now)
        or _unread(invoice)
        or _worn_out(message, invoice)
    )


def _held(invoice_id: UUID, hold: Any) -> Block | None:
    if hold is None:
        return None
    if hold["sign"]:
        return Block(invoice_id, hold["sign"], f"{SIGNS[hold['sign']]}: {hold['reason']}")
    until = f" until {dates.written(hold['ends_on'])}" if hold["ends_on"] else ""
    return Block(
        invoice_id, HOLD_WORDS[hold["kind"]], f"A {hold['kind']} is in force{until}: {hold['reason']}".rstrip(": ")
    )


def _extended(message: Message, invoice: Any, *, today: date) -> Block | None:
    """Who was given more time is not asked before it has passed; a friendly note of the new day may go."""
    longer = invoice.original_due_on is not None and today <= invoice.due_on > invoice.original_due_on
    if not longer or message.template == policies.TONES[0]:
        return None
    return Block(invoice.id, "extended", f"Invoice {invoice.number} has time until {dates.written(invoice.due_on)}.")


def _awaited(invoice: Any, awaited: set[UUID]) -> Block | None:
    if invoice.id not in awaited:
        return None
    words = f"Money that is probably for invoice {invoice.number} has come and waits to be booked."
    return Block(invoice.id, "money_waiting", words, wait=True)


def _undelivered(message: Message, invoice: Any, *, now: datetime) -> Block | None:
    """First fix delivery, then chase. What was seen has arrived, however it got there."""
    if invoice.delivery == "delivered" or invoice.evidence_level >= 2:
        return None
    waiting = invoice.delivery in NOT_YET_DELIVERED and now - message.queued_at < DELIVERY_PATIENCE
    return Block(invoice.id, "not_delivered", f"Nothing shows that invoice {invoice.number} arrived.", wait=waiting)


def _unread(invoice: Any) -> Block | None:
    if invoice.last_reply_at is None or (
        invoice.last_contact_at is not None and invoice.last_contact_at >= invoice.last_reply_at
    ):
        return None
    return Block(
        invoice.id,
        "reply_unread",
        f"The customer wrote about invoice {invoice.number}, and nobody has answered.",
        wait=True,
    )


def _worn_out(message: Message, invoice: Any) -> Block | None:
    if invoice.reminder_count < message.policy.most_reminders:
        return None
    return Block(
        invoice.id,
        "cap_reached",
        f"Invoice {invoice.number} had {counted(invoice.reminder_count, 'reminder')}: a person decides now.",
    )
