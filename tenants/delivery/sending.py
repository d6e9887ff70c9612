"""Decides when a message leaves, and makes sure that it leaves at most once.

Three steps. *Claim* asks the gate and writes down the intent, in one transaction. *Act* renders and hands over, with
no transaction open. *Settle* writes down what the mail server said. Who finds an intent that was never settled sends
nothing: it settles the answer that was heard, if one was, and otherwise the attempt is ambiguous. That is never
repeated by itself, but settled by what comes back about it, or held for a person after a while.
"""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import typst
from sqlalchemy import Row

from tenants import store
from tenants.delivery import (
    answers,
    documents,
    domains,
    facts,
    holding,
    letters,
    links,
    outcome,
    rerouting,
    tracking,
    turns,
    wordings,
    words,
)
from tenants.delivery.einvoices import wishes
from tenants.delivery.facts import Outgoing, Reader
from tenants.delivery.outcome import Result
from tenants.delivery.pacing import Pace
from tenants.delivery.ports import Answer, BillRules, DocumentStore, Gate, Handover, Mailer
from tenants.delivery.rendering import BadTemplate
from tenants.directory import clients
from tenants.isolation import scope
from tenants.settings import Settings
from tenants.values import ids

# One row of one table a statement: row security hides from the planner how many rows a client has, and a join planned
# for one row has been seen to visit every pair of a customer and a contact.
LOCK = """
SELECT m.id, m.state, m.kind, m.template, m.recipient, m.debtor_id, m.contact_id, m.signed_by,
  (SELECT s.reason FROM suppression s WHERE s.tenant_id = :tenant AND s.address = lower(trim(m.recipient))
     AND s.lifted_at IS NULL) AS suppressed,
  (SELECT count(*) FROM delivery_attempt a WHERE a.tenant_id = :tenant AND a.message_id = m.id) AS tries,
  (SELECT count(*) FROM delivery_attempt a WHERE a.tenant_id = :tenant AND a.message_id = m.id AND a.state = 'retry'
     AND a.detail NOT LIKE 'throttled:%') AS busy,
  (SELECT ARRAY[d.box || '@' || d.domain, d.state, d.domain] FROM sending_domain d
     WHERE d.tenant_id = :tenant AND m.channel = 'email' ORDER BY d.state <> 'proved', d.proved_at DESC NULLS LAST, d.id
     LIMIT 1) AS sends_from
FROM message m WHERE m.tenant_id = :tenant AND m.id = :message_id FOR UPDATE OF m
"""
READER = """
SELECT c.name, c.language, c.pixel_consent, d.number, d.name AS company, d.country,
  (SELECT x.pixel FROM tracking_rule x WHERE x.tenant_id = :tenant AND x.country = d.country) AS mode
FROM contact c JOIN LATERAL (
  SELECT k.number, k.name, k.country FROM debtor k
  WHERE k.tenant_id = :tenant AND k.id = c.debtor_id OFFSET 0) d ON true
WHERE c.tenant_id = :tenant AND c.debtor_id = :debtor_id AND c.id = :id
"""
LEFT_OPEN = """
SELECT id, attempt_no FROM delivery_attempt WHERE tenant_id = :tenant AND message_id = :message_id AND state = 'intent'
"""
INTEND = """
WITH taken AS (
  UPDATE message SET state = 'sending', held_reason = '' WHERE tenant_id = :tenant AND id = :message_id)
INSERT INTO delivery_attempt (tenant_id, id, message_id, attempt_no, state, provider, intent_at, sender)
VALUES (:tenant, :id, :message_id, :attempt_no, 'intent', :provider, :now, :sender)
ON CONFLICT (tenant_id, id) DO NOTHING
"""

BESIDE_MAIL = ("sms", "print")
"""Ways that need no proved domain and no room of a mail account."""
CARRIERS = ("ses", *BESIDE_MAIL)
"""Who tells by another name of what was handed over; every other carrier of mail tells as a mail server does."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The gate said not now: ask again at that instant of the client's clock."""

    again_at: datetime
    reason: str


def claim(
    message_id: UUID,
    *,
    gate: Gate,
    provider: str,
    now: datetime,
    real: datetime,
    today: date,
    pace: Pace | None = None,
    own_domain: bool = False,
) -> Outgoing | Waiting | None:
    """Decide whether the message may leave now and, if so, write down that we are about to send it.

    None: there is nothing to send, now or later (done already, cancelled, held for a person). `pace` says how fast mail
    may leave; `own_domain`: no client sends in the provider's name. Raises facts.WrongRecipient.
    """
    row = store.run(LOCK, message_id=message_id).one_or_none()
    if row is None:
        return None
    if row.state != "queued":
        # Whatever has been heard meanwhile, an intent that its worker left behind is settled by who finds it.
        left = store.run(LEFT_OPEN, message_id=message_id).one_or_none()
        if left is None:
            return None
        return _outgoing(row, left.id, left.attempt_no, now=now, today=today, provider=provider, resumed=True)
    verdict = gate(message_id, now=now)
    if verdict.way:
        rerouting.move(message_id, verdict, real=real)
        return None
    if not verdict.allowed and verdict.again_at is not None:
        holding.wait(message_id, reason=verdict.reason)
        return Waiting(verdict.again_at, verdict.reason)
    if not verdict.allowed:
        holding.cancel(message_id, reason=verdict.reason)
        return None
    if row.suppressed:
        holding.cancel(message_id, reason="suppressed", detail=f"{row.recipient}: {row.suppressed}", now=now)
        return None
    mail = _outgoing(row, ids.new(), row.tries + 1, now=now, today=today, provider=provider)
    if not mail.items and mail.kind != "note":
        holding.cancel(row.id, reason="nothing_left", detail="every invoice was taken out of this message", now=now)
        return None
    by_mail = provider not in BESIDE_MAIL
    if by_mail and (
        waiting := turns.wait(row.id, row.sends_from, own_wanted=own_domain, pace=pace, now=now, real=real)
    ):
        return Waiting(now + waiting.wait, waiting.reason)
    tried = {"id": mail.attempt_id, "message_id": row.id, "attempt_no": mail.attempt_no, "provider": provider}
    store.run(INTEND, **tried, sender=mail.sender.rpartition("@")[2], now=now)
    return mail


def _outgoing(
    row: Row[tuple[object, ...]],
    attempt_id: UUID,
    attempt_no: int,
    *,
    now: datetime,
    today: date,
    provider: str,
    resumed: bool = False,
) -> Outgoing:
    reader = store.run(READER, id=row.contact_id, debtor_id=row.debtor_id).one_or_none()
    if reader is None:
        raise facts.WrongRecipient("a message is addressed to a contact of another customer; it was not sent")
    items = facts.items_of(row.id, debtor_id=row.debtor_id, with_lines=row.kind == "invoice")
    invoice_id = items[0].invoice_id if len(items) == 1 else None
    link_id, expires_at = links.make(
        row.debtor_id, contact_id=row.contact_id, invoice_id=invoice_id, message_id=row.id, now=now
    )
    creditor = clients.profile()
    return Outgoing(
        tenant_id=scope.current().one,
        message_id=row.id,
        attempt_id=attempt_id,
        attempt_no=attempt_no,
        kind=row.kind,
        template=row.template,
        recipient=row.recipient,
        creditor=facts.signed(creditor, name=row.signed_by),
        reader=Reader(
            row.debtor_id, reader.number, reader.company, reader.country, row.contact_id, reader.name, reader.language
        ),
        items=items,
        today=today,
        now=now,
        link_id=link_id,
        link_expires_at=expires_at,
        wish=wishes.of(row.debtor_id) if row.kind == "invoice" else None,
        wording=wordings.spoken(row.template, language=words.language(reader.language), debtor_id=row.debtor_id),
        pixel=tracking.may_track(reader.mode or creditor.pixel, consent=reader.pixel_consent),
        tally=(reader.mode or creditor.pixel) == tracking.AGGREGATE,
        sender=domains.address(row.sends_from),
        busy=row.busy,
        carrier=provider if provider in CARRIERS else "smtp",
        resumed=resumed,
    )


def act(
    mail: Outgoing,
    *,
    documents_in: DocumentStore,
    mailer: Mailer,
    settings: Settings,
    rules: BillRules | None = None,
) -> Result:
    """Print, render and hand over; every fault becomes an answer, because only an answer can be settled.

    An attempt that somebody else began is never handed over again: its answer is recalled.
    """
    if mail.resumed:
        answer, said = answers.recall(mail, documents_in=documents_in)
        return Result(answer, subject=said.get("subject", ""), content_key=said.get("content_key", ""))
    try:
        enclosures = documents.enclose(mail, documents_in=documents_in, settings=settings, rules=rules)
        letter = letters.write(mail, enclosures=enclosures, settings=settings)
        content_key = documents.keep_content(mail, letter, documents_in=documents_in)
    except (BadTemplate, typst.TypstError, ValueError) as fault:
        return Result(Answer(Handover.REFUSED, detail=f"the mail cannot be written: {fault}"[:500]))
    except OSError as fault:
        return Result(Answer(Handover.RETRY, detail=f"the document store is away: {fault.strerror}"))
    said = {"subject": letter.subject, "content_key": content_key}
    answer = mailer.send(letter)
    answers.keep(mail, answer, said=said, documents_in=documents_in)
    return Result(answer, subject=letter.subject, content_key=content_key, enclosures=enclosures)


def settle(mail: Outgoing, result: Result, *, now: datetime, real: datetime, final: bool) -> datetime | None:
    """Write down how the hand-over ended. Returns the real instant at which to try again, None when there is no more
    to do.

    `final`: the mail server is the recipients' own, so that its yes means delivered and not only accepted.
    """
    documents.record(mail, result.enclosures, now=now)
    match result.answer.end:
        case Handover.ACCEPTED:
            outcome.accepted(mail, result, now=now, real=real, final=final)
        case Handover.REFUSED:
            outcome.refused(mail, result, now=now, real=real)
        case Handover.RETRY:
            return outcome.postponed(mail, result, now=now, real=real)
        case Handover.AMBIGUOUS:
            outcome.doubted(mail, result, now=now, real=real)
    return None
