"""Decides, at the moment of sending, whether a message may leave: the one gate that everything automatic passes.

It re-reads the world, because minutes or days lie between deciding and sending: somebody may have paid, objected,
promised or complained. What would be wrong for ever is refused for ever; what is only too early waits and is asked
again. A bundle loses the invoices that must not be chased, and the rest goes. The customer's row is locked first,
so that two workers cannot both find the contact budget unspent.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.cash import queue
from tenants.collections import holds, outgoing, refusals, stop_signs, tasks, test_mode, ways
from tenants.collections.outgoing import Message
from tenants.collections.refusals import Refused
from tenants.collections.stop_signs import Block
from tenants.collections.tasks import NewTask
from tenants.delivery import carrying_on
from tenants.delivery.ports import Verdict
from tenants.values.counts import counted

Recheck = Callable[[str, Sequence[UUID], datetime], set[UUID]]
"""Of the rule with this key, which of these invoices still match: wired by the jobs; rules stand above this room."""

PAUSED_AGAIN = timedelta(hours=1)
FEED_AGAIN = timedelta(hours=2)
WEEK, MONTH = timedelta(days=7), timedelta(days=30)

# A message on its way counts as sent: the other worker may be between its claim and its answer.
REMINDED = """
SELECT COALESCE(sent_at, CAST(:now AS timestamptz)) FROM message
WHERE tenant_id = :tenant AND debtor_id = :debtor AND kind <> 'invoice' AND id <> :id
  AND state IN ('sending', 'sent', 'delayed', 'unconfirmed', 'delivered', 'bounced')
  AND COALESCE(sent_at, CAST(:now AS timestamptz)) > :since AND NOT starts_with(:step, step_key || :then)
ORDER BY 1
"""
# A reminder that goes on by another way has counted on its invoices already; whether its rule still stands is asked.
STANDS = "SELECT id FROM rule WHERE tenant_id = :tenant AND key = :key AND state = 'live'"
GROUPS = "SELECT key FROM debtor_group WHERE tenant_id = :tenant AND debtor_id = :debtor"
TALKED = """
SELECT max(last_reply_at) FROM invoice WHERE tenant_id = :tenant AND debtor_id = :debtor AND last_reply_at > :since
"""
DROP = "DELETE FROM message_item WHERE tenant_id = :tenant AND message_id = :id AND invoice_id = ANY(:invoices)"

LONG_AGO = datetime.min.replace(tzinfo=UTC)
PASSED = Verdict(allowed=True)


@dataclass(frozen=True, slots=True)
class Gate:
    """The conduct gate, asked inside the unit of work that claims the message; all its times are the client's."""

    recheck: Recheck | None = None

    def __call__(self, message_id: UUID, *, now: datetime) -> Verdict:
        """Decide on one message, drop from it what must not be chased, and remember every refusal with its reason."""
        found = outgoing.read(message_id)
        if found is None:
            return Verdict(allowed=False, reason="unknown", detail="The message is not there.")
        message, invoices = found
        verdict = self._decide(message, invoices, now=now)
        if not verdict.allowed:
            only = invoices[0].id if len(invoices) == 1 else None
            refusals.keep([_refused(message, only, verdict.reason, verdict.detail)], now=now)
        return verdict

    def _decide(self, message: Message, invoices: Sequence[Any], *, now: datetime) -> Verdict:
        if message.test_since_at is not None:
            words = "This client is in test mode: nothing leaves before it goes live."
            return Verdict(allowed=False, reason=test_mode.REASON, detail=words, again_at=now + test_mode.AGAIN)
        way = ways.best(message, now=now)
        if not way:
            return _nowhere(message, now=now)
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
        return _by(message, way) if verdict.allowed and way != message.channel else verdict

    def _blocks(self, message: Message, invoices: Sequence[Any], *, now: datetime) -> dict[UUID, Block]:
        """Each invoice that must not be in the message, with the first reason that says so."""
        blocks = {block.invoice_id: block for invoice in invoices if (block := stop_signs.of_any(invoice))}
        if message.kind != "reminder":
            return blocks
        asked = [invoice.id for invoice in invoices]
        held, awaited = holds.on_invoices(asked, today=message.client_day(now)), queue.awaited(asked)
        for invoice in invoices:
            if block := stop_signs.of_reminder(message, invoice, hold=held.get(invoice.id), awaited=awaited, now=now):
                blocks.setdefault(invoice.id, block)
        left = [invoice.id for invoice in invoices if invoice.id not in blocks]
        if self.recheck and message.rule_key and left:
            matching = self._matching(message, left, now=now)
            words = "The rule that wanted it does not match any more."
            blocks.update({one: Block(one, "no_longer_matches", words) for one in left if one not in matching})
        return blocks

    def _matching(self, message: Message, left: Sequence[UUID], *, now: datetime) -> set[UUID]:
        assert self.recheck is not None
        if message.came_back_at is None:
            return self.recheck(message.rule_key, left, now)
        return set(left) if store.run(STANDS, key=message.rule_key).first() else set()


def _nowhere(message: Message, *, now: datetime) -> Verdict:
    """None of the customer's ways can be used: a person finds one."""
    if message.suppressed:
        words = "What goes to this address comes back, or its owner asked for silence."
        return Verdict(allowed=False, reason="suppressed", detail=words)
    words = "None of the ways by which this customer wants to be reached can be used for this."
    reason = "no_way"
    if ways.is_unwanted(message):
        reason, words = "unwanted", "Its reader wants no reminders by mail, and there is no other way."
    if message.kind != "reminder":
        return Verdict(allowed=False, reason=reason, detail=words)
    return _to_person(message, reason, words, now=now)


def _by(message: Message, way: str) -> Verdict:
    """It may leave, but by another way; what sends there asks again."""
    to = ways.recipient(message, way)
    return Verdict(allowed=False, reason="other_way", detail=ways.said(message, way), way=way, recipient=to)


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
    own = message.country_rule
    if own is not None and not own.machine:
        words = f"By the contact policy people write to customers in {message.country}, not the machine."
        return _to_person(message, "country", words, now=now)
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
    about = {"debtor": message.debtor_id, "id": message.id, "step": message.step_key, "then": carrying_on.THEN}
    sent = list(store.run(REMINDED, **about, now=now, since=now - MONTH).scalars())
    if sent and (free_at := own.opening_after_days(sent[-1], business_days=gap)) > now:
        words = f"This customer had a message within {gap} business days."
        return Verdict(allowed=False, reason="contact_budget", detail=words, again_at=free_at)
    week = [at for at in sent if at > now - WEEK]
    most = message.most_per_week
    if len(week) >= most:
        opens_at = own.next_moment(week[-most] + WEEK) if most else own.next_opening(now)
        words = f"This customer had {counted(len(week), 'message')} within a week."
        return Verdict(allowed=False, reason="contact_budget", detail=words, again_at=opens_at)
    often = message.policy.per_month
    if len(sent) >= often:
        opens_at = own.next_moment(sent[-often] + MONTH) if often else own.next_opening(now)
        words = f"This customer had {counted(len(sent), 'message')} within thirty days."
        return Verdict(allowed=False, reason="contact_budget", detail=words, again_at=opens_at)
    counts_from = message.came_back_at or LONG_AGO
    contacts = [at for invoice in invoices if (at := invoice.last_contact_at) is not None and at > counts_from]
    if contacts and (free_at := own.opening_after_days(max(contacts), business_days=gap)) > now:
        words = f"The customer was written to about these invoices within {gap} business days."
        return Verdict(allowed=False, reason="contacted_lately", detail=words, again_at=free_at)
    talked = store.run(TALKED, debtor=message.debtor_id, since=now - MONTH).scalar_one()
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
