"""Decides, at the moment of sending, whether a message may leave: the one gate that everything automatic passes.

It re-reads the world, because minutes or days lie between deciding and sending: somebody may have paid, objected,
promised or complained. What would be wrong for ever is refused for ever; what is only too early waits and is asked
again. A bundle loses the invoices that must not be chased, and the rest goes. The customer's row is locked first,
so that two workers cannot both find the contact budget unspent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.cash import queue
from tenants.collections import holds, hours, policies, refusals, tasks, test_mode
from tenants.collections.policies import Policy
from tenants.collections.refusals import Refused
from tenants.collections.tasks import NewTask
from tenants.delivery.ports import Verdict
from tenants.values import calendars

Recheck = Callable[[str, Sequence[UUID], datetime], set[UUID]]
"""Of the rule with this key, which of these invoices still match: wired by the jobs; rules stand above this room."""

DELIVERY_PATIENCE = timedelta(days=7)
"""How long a reminder waits for its invoice to be delivered before it is given up."""
PAUSED_AGAIN = timedelta(hours=1)
FEED_AGAIN = timedelta(hours=2)
WEEK = timedelta(days=7)

MESSAGE = """
SELECT m.id, m.kind, m.template, m.step_key, m.rule_key, m.debtor_id, m.recipient, m.queued_at, d.time_zone, d.country,
  d.consumer, m.overridden_by,
  t.time_zone AS client_zone, t.country AS client_country, p.sending, p.auto_messages_per_week,
  p.business_days_between_messages, p.quiet_until, p.quiet_from, p.bank_feed_at, p.bank_feed_hours,
  p.test_since_at, EXISTS (SELECT FROM suppression s
          WHERE s.tenant_id = :tenant AND s.address = lower(m.recipient) AND s.lifted_at IS NULL) AS suppressed
FROM message m
JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
JOIN client_profile p ON p.tenant_id = m.tenant_id
JOIN tenant t ON t.id = m.tenant_id
WHERE m.tenant_id = :tenant AND m.id = :id
"""
LOCK = """
SELECT d.id FROM debtor d WHERE d.tenant_id = :tenant
  AND d.id = (SELECT m.debtor_id FROM message m WHERE m.tenant_id = :tenant AND m.id = :id) FOR NO KEY UPDATE
"""
INVOICES = """
SELECT i.id, i.number, i.open_minor, i.voided_on, i.delivery, i.evidence_level, i.reminder_count, i.last_contact_at,
  i.last_reply_at
FROM message_item n JOIN invoice i ON i.tenant_id = :tenant AND i.id = n.invoice_id
WHERE n.tenant_id = :tenant AND n.message_id = :id ORDER BY i.due_on, i.id
"""
# A message on its way counts as sent: the other worker may be between its claim and its answer.
REMINDED = """
SELECT COALESCE(sent_at, CAST(:now AS timestamptz)) FROM message
WHERE tenant_id = :tenant AND debtor_id = :debtor AND kind <> 'invoice' AND id <> :id
  AND state IN ('sending', 'sent', 'delayed', 'delivered', 'bounced') AND COALESCE(sent_at, CAST(:now AS
  timestamptz)) > :since
ORDER BY 1
"""
GROUPS = "SELECT key FROM debtor_group WHERE tenant_id = :tenant AND debtor_id = :debtor"
TALKED = """
SELECT max(last_reply_at) FROM invoice WHERE tenant_id = :tenant AND debtor_id = :debtor AND last_reply_at > :since
"""
DROP = "DELETE FROM message_item WHERE tenant_id = :tenant AND message_id = :id AND invoice_id = ANY(:invoices)"

HOLD_WORDS = {"dispute": "disputed", "promise": "promised", "plan": "on_plan", "pause": "paused"}
NOT_YET_DELIVERED = ("none", "queued", "sent", "delayed")


@dataclass(frozen=True, slots=True)
class Message:
    """What the gate knows of a message and of the client and customer between whom it stands."""

    id: UUID
    kind: str
    template: str
    step_key: str
    rule_key: str
    debtor_id: UUID
    recipient: str
    queued_at: datetime
    time_zone: str | None
    country: str
    consumer: bool
    overridden_by: str
    client_zone: str
    client_country: str
    sending: str
    auto_messages_per_week: int
    business_days_between_messages: int
    quiet_until: time
    quiet_from: time
    bank_feed_at: datetime | None
    bank_feed_hours: int
    test_since_at: datetime | None
    suppressed: bool
    policy: Policy = policies.PLAIN

    def client_day(self, now: datetime) -> date:
        """The day on the client's calendar, by which holds begin and end."""
        return calendars.local_day(now, zone=calendars.zone(self.client_zone))

    @property
    def hours(self) -> hours.Hours:
        """When this customer may be written to."""
        return hours.of(
            zone=self.time_zone,
            client_zone=self.client_zone,
            country=self.country,
            client_country=self.client_country,
            opens=self.quiet_until,
            closes=self.quiet_from,
            blackouts=self.policy.blackouts,
        )


@dataclass(frozen=True, slots=True)
class Block:
    """Why one invoice must not be in the message."""

    invoice_id: UUID
    reason: str
    detail: str
    wait: bool = False
    """It may be written about later; the others are never to be."""


PASSED = Verdict(allowed=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """The conduct gate, asked inside the unit of work that claims the message; all its times are the client's."""

    recheck: Recheck | None = None

    def __call__(self, message_id: UUID, *, now: datetime) -> Verdict:
        """Decide on one message, drop from it what must not be chased, and remember every refusal with its reason."""
        store.run(LOCK, id=message_id)
        row = store.run(MESSAGE, id=message_id).one_or_none()
        if row is None:
            return Verdict(allowed=False, reason="unknown", detail="The message is not there.")
        message = replace(Message(*row), policy=policies.current())
        invoices = store.run(INVOICES, id=message_id).all()
        verdict = self._decide(message, invoices, now=now)
        if not verdict.allowed:
            only = invoices[0].id if len(invoices) == 1 else None
            refusals.keep([_refused(message, only, verdict.reason, verdict.detail)], now=now)
        return verdict

    def _decide(self, message: Message, invoices: Sequence[Any], *, now: datetime) -> Verdict:
        if message.test_since_at is not None:
            words = "This client is in test mode: nothing leaves before it goes live."
            return Verdict(allowed=False, reason=test_mode.REASON, detail=words, again_at=now + test_mode.AGAIN)
        if message.suppressed:
            return Verdict(
                allowed=False,
                reason="suppressed",
                detail="Mail to this address comes back, or its owner asked for silence.",
            )
        stopped = _about_customer(message, now=now)
        if stopped:
            return stopped
        blocks = self._blocks(message, invoices, now=now)
        free = [invoice for invoice in invoices if invoice.id not in blocks]
        _hand_over(message, list(blocks.values()), now=now)
        none_left = not free and message.kind != "note"
        verdict = _about_blocks(message, list(blocks.values()), none_left=none_left, now=now)
        if not verdict.allowed:
            return verdict
        verdict = _about_client(message, now=now)
        if verdict.allowed and message.kind != "invoice" and not (message.overridden_by and message.policy.overrides):
            verdict = _about_contact(message, free, now=now)
        if verdict.allowed:
            _drop(message, list(blocks.values()), now=now)
        return verdict

    def _blocks(self, message: Message, invoices: Sequence[Any], *, now: datetime) -> dict[UUID, Block]:
        """Each invoice that must not be in the message, with the first reason that says so."""
        blocks = {block.invoice_id: block for invoice in invoices if (block := _ended(invoice))}
        if message.kind != "reminder":
            return blocks
        asked = [invoice.id for invoice in invoices]
        held, awaited = holds.on_invoices(asked, today=message.client_day(now)), queue.awaited(asked)
        for invoice in invoices:
            block = (
                _awaited(invoice, awaited)
                or _held(invoice.id, held.get(invoice.id))
                or _undelivered(message, invoice, now=now)
                or _unread(invoice)
                or _worn_out(message, invoice)
            )
            if block:
                blocks.setdefault(invoice.id, block)
        left = [invoice.id for invoice in invoices if invoice.id not in blocks]
        if self.recheck and message.rule_key and left:
            matching = self.recheck(message.rule_key, left, now)
            words = "The rule that wanted it does not match any more."
            blocks.update({one: Block(one, "no_longer_matches", words) for one in left if one not in matching})
        return blocks


def _ended(invoice: Any) -> Block | None:
    if invoice.voided_on is not None:
        return Block(invoice.id, "voided", f"Invoice {invoice.number} was cancelled.")
    if invoice.open_minor <= 0:
        return Block(invoice.id, "settled", f"Invoice {invoice.number} is paid.")
    return None


def _held(invoice_id: UUID, hold: Any) -> Block | None:
    if hold is None:
        return None
    until = f" until {hold['ends_on']:%Y-%m-%d}" if hold["ends_on"] else ""
    return Block(
        invoice_id, HOLD_WORDS[hold["kind"]], f"A {hold['kind']} is in force{until}: {hold['reason']}".rstrip(": ")
    )


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
        f"Invoice {invoice.number} had {invoice.reminder_count} reminders: a person decides now.",
    )


def _hand_over(message: Message, blocks: Sequence[Block], *, now: datetime) -> None:
    """Where the reminders end, a person's work begins."""
    worn_out = [
        NewTask(
            dedupe_key=f"cap:{block.invoice_id}",
            kind="decide",
            title="Reminders have ended: decide what comes next",
            reason=block.detail,
            rule_key=message.rule_key,
            debtor_id=message.debtor_id,
            invoice_id=block.invoice_id,
        )
        for block in blocks
        if block.reason == "cap_reached"
    ]
    tasks.raise_many(worn_out, now=now, today=message.client_day(now))


def _about_customer(message: Message, *, now: datetime) -> Verdict | None:
    """Customers that no automatic reminder goes to, whatever they owe: a person looks at them instead."""
    if message.kind != "reminder":
        return None
    groups = set(store.run(GROUPS, debtor=message.debtor_id).scalars())
    if drawn := groups & set(message.policy.pays_by_itself):
        words = f"This customer pays by itself (group {min(drawn)}): what it owes is drawn, not asked for."
        return Verdict(allowed=False, reason="pays_by_itself", detail=words)
    if message.consumer and message.policy.consumers == "person":
        return _to_person(message, "consumer", "This customer is a consumer: people write to consumers.", now=now)
    if message.policy.above(message.template, groups=groups):
        words = f"“{message.template}” is sterner than the machine may be with this customer."
        return _to_person(message, "above_ceiling", words, now=now)
    return None


def _to_person(message: Message, reason: str, detail: str, *, now: datetime) -> Verdict:
    title = "Write to this customer yourself, or leave it"
    task = NewTask(
        dedupe_key=f"{reason}:{message.debtor_id}:{message.template}",
        kind="decide",
        title=title,
        reason=detail,
        rule_key=message.rule_key,
        debtor_id=message.debtor_id,
    )
    tasks.raise_many([task], now=now, today=message.client_day(now))
    return Verdict(allowed=False, reason=reason, detail=detail)


def _about_blocks(message: Message, blocks: Sequence[Block], *, none_left: bool, now: datetime) -> Verdict:
    """Nothing left to write about: wait when waiting can help, else never."""
    if not none_left:
        return PASSED
    for block in blocks:
        if block.wait:
            return Verdict(
                allowed=False, reason=block.reason, detail=block.detail, again_at=message.hours.next_opening(now)
            )
    if blocks:
        return Verdict(allowed=False, reason=blocks[0].reason, detail=blocks[0].detail)
    return Verdict(allowed=False, reason="empty", detail="The message is about no invoice.")


def _about_client(message: Message, *, now: datetime) -> Verdict:
    if message.sending == "paused":
        return Verdict(
            allowed=False,
            reason="sending_paused",
            detail="Sending is paused for this client.",
            again_at=now + PAUSED_AGAIN,
        )
    if message.kind != "reminder" or message.bank_feed_at is None:
        return PASSED
    if now - message.bank_feed_at > timedelta(hours=message.bank_feed_hours):
        words = f"The bank feed is older than {message.bank_feed_hours} hours: somebody may have paid."
        return Verdict(allowed=False, reason="bank_feed_stale", detail=words, again_at=now + FEED_AGAIN)
    return PASSED


def _about_contact(message: Message, invoices: Sequence[Any], *, now: datetime) -> Verdict:
    """Contact budget, the gap since the last contact about the same invoices, and office hours."""
    own = message.hours
    gap = message.business_days_between_messages
    sent = list(
        store.run(REMINDED, debtor=message.debtor_id, id=message.id, now=now, since=now - timedelta(days=30)).scalars()
    )
    if sent and (free_at := own.opening_after_days(sent[-1], business_days=gap)) > now:
        words = f"This customer had a message within {gap} business days."
        return Verdict(allowed=False, reason="contact_budget", detail=words, again_at=free_at)
    week = [at for at in sent if at > now - WEEK]
    most = message.auto_messages_per_week
    if len(week) >= most:
        opens_at = own.next_moment(week[-most] + WEEK) if most else own.next_opening(now)
        words = f"This customer had {len(week)} messages within a week."
        return Verdict(allowed=False, reason="contact_budget", detail=words, again_at=opens_at)
    contacts = [invoice.last_contact_at for invoice in invoices if invoice.last_contact_at is not None]
    if contacts and (free_at := own.opening_after_days(max(contacts), business_days=gap)) > now:
        words = f"The customer was written to about these invoices within {gap} business days."
        return Verdict(allowed=False, reason="contacted_lately", detail=words, again_at=free_at)
    talked = store.run(TALKED, debtor=message.debtor_id, since=now - timedelta(days=30)).scalar_one()
    silence = message.policy.silence_after_talk
    if talked and silence and (free_at := own.opening_after_days(talked, business_days=silence)) > now:
        words = f"The customer wrote to us within {silence} business days."
        return Verdict(allowed=False, reason="talked_lately", detail=words, again_at=free_at)
    if (opens_at := own.next_moment(now)) > now:
        return Verdict(
            allowed=False, reason="quiet_hours", detail="It is outside the customer's office hours.", again_at=opens_at
        )
    return PASSED


def _drop(message: Message, blocks: Sequence[Block], *, now: datetime) -> None:
    """Take the blocked invoices out of the bundle and remember each: the rest goes without them."""
    if not blocks:
        return
    store.run(DROP, id=message.id, invoices=[block.invoice_id for block in blocks])
    refusals.keep(
        [_refused(message, block.invoice_id, block.reason, block.detail, part=True) for block in blocks], now=now
    )


def _refused(message: Message, invoice_id: UUID | None, reason: str, detail: str, *, part: bool = False) -> Refused:
    step = f"{message.step_key}#{invoice_id}" if part else message.step_key
    return Refused(step, message.debtor_id, invoice_id, message.rule_key, reason, detail)
