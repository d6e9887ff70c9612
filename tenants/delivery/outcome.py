"""Decides what the mail server's answer means for message, invoices, address and evidence."""

import json
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tenants import store
from tenants.delivery import returned, scoring, standing, unsettled
from tenants.delivery.facts import Outgoing
from tenants.delivery.letters import Enclosure
from tenants.delivery.ports import Answer
from tenants.values import ids

PAUSES = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Seconds between tries while the server says not now; after the last, the message has failed."""
SHORTEST_S, LONGEST_S = 5.0, 300.0
"""Between tries while we are too fast for the account; that ends by itself and fails nothing."""

# All that one answer says, in one statement: it counts only for an attempt that is still open.
SETTLE = """
WITH settled AS (
  UPDATE delivery_attempt SET state = :state, provider_ref = :reference, detail = :detail, content_sha256 = :sha256,
    settled_at = :now
  WHERE tenant_id = :tenant AND id = :id AND state IN ('intent', 'ambiguous') RETURNING id),
said AS (
  UPDATE message SET subject = :subject, content_key = :content_key
  WHERE tenant_id = :tenant AND id = :message_id AND :subject <> '' AND EXISTS (SELECT FROM settled s)),
kept AS (
  INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
  SELECT :tenant, :event_id, :source, :key, :kind, :message_id, :now, :real, CAST(:payload AS jsonb)
  FROM settled s WHERE :kind <> '' ON CONFLICT (tenant_id, source, external_id) DO NOTHING),
noted AS (
  INSERT INTO evidence (tenant_id, id, debtor_id, message_id, contact_id, level, kind, ruleset, occurred_at,
    recorded_at, source, source_key)
  SELECT :tenant, :sign_id, :debtor_id, :message_id, :contact_id, :level, :kind, :ruleset, :now, :now, :source, :key
  FROM settled s WHERE :level > 0 ON CONFLICT (tenant_id, source, source_key) DO NOTHING)
SELECT count(*) FROM settled
"""
SAID = (
    "UPDATE message SET subject = :subject, content_key = :content_key WHERE tenant_id = :tenant AND id = :message_id"
)
BACK = """
UPDATE message SET state = 'queued', held_reason = 'server_busy' WHERE tenant_id = :tenant AND id = :message_id
  AND state = 'sending'
"""


@dataclass(frozen=True, slots=True)
class Result:
    """What acting on one message led to."""

    answer: Answer
    subject: str = ""
    content_key: str = ""
    enclosures: tuple[Enclosure, ...] = field(default=())


def accepted(mail: Outgoing, result: Result, *, now: datetime, real: datetime, final: bool) -> None:
    """The server took it: level 1; level 2 when that server is the recipients' own."""
    level = 2 if final else 1
    if not _settle(
        mail, result, state="accepted", kind="delivered" if final else "accepted", level=level, now=now, real=real
    ):
        return
    standing.conclude(
        [mail.message_id],
        levels={mail.message_id: level},
        contacted={mail.message_id: now},
        about={item.invoice_id: [mail.message_id] for item in mail.items},
    )


def refused(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> None:
    """A definite no: never repeated. When it names the address, that is a bounce like any other."""
    kind = "bounced" if result.answer.bounce else "refused"
    if not _settle(mail, result, state="refused", kind=kind, now=now, real=real):
        return
    standing.refresh(mail.message_id)
    if result.answer.bounce:
        returned.bounced(mail.message_id, detail=result.answer.detail, at=now, real=real)


def postponed(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> datetime | None:
    """Not now: the message goes back to the queue; returns when to try again, None when it has been tried often
    enough."""
    if not result.answer.throttled and mail.busy >= len(PAUSES):
        refused(mail, result, now=now, real=real)
        return None
    _settle(mail, result, state="retry", now=now, real=real)
    store.run(BACK, message_id=mail.message_id)
    pause = _backoff(mail) if result.answer.throttled else PAUSES[mail.busy]
    return real + timedelta(seconds=pause)


def _backoff(mail: Outgoing) -> float:
    """Longer each time and at any instant of it, so that what was sent away together does not come back together."""
    return random.uniform(SHORTEST_S, min(LONGEST_S, SHORTEST_S * 2.0**mail.attempt_no))


def doubted(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> None:
    """Nobody knows: what the mail said is noted all the same, because it may be in somebody's hands."""
    if result.subject:
        store.run(SAID, message_id=mail.message_id, subject=result.subject, content_key=result.content_key)
    unsettled.doubt(mail.message_id, now=now, real=real, detail=result.answer.detail)


def _settle(
    mail: Outgoing, result: Result, *, state: str, now: datetime, real: datetime, kind: str = "", level: int = 0
) -> bool:
    """Close the attempt, and keep what the answer says as an event (`kind`) and as a sign (`level`); False when
    somebody else closed it, and then nothing more may follow from this answer."""
    said = {"attempt_id": str(mail.attempt_id), "said": result.answer.detail}
    settled = store.run(
        SETTLE,
        id=mail.attempt_id,
        message_id=mail.message_id,
        debtor_id=mail.reader.debtor_id,
        contact_id=mail.reader.contact_id,
        state=state,
        reference=result.answer.reference,
        detail=result.answer.detail[:500],
        sha256=result.enclosures[0].sha256 if result.enclosures else "",
        subject=result.subject,
        content_key=result.content_key,
        source=mail.carrier,
        key=f"{mail.attempt_id}:{kind}",
        kind=kind,
        level=level,
        payload=json.dumps(said),
        event_id=ids.new(),
        sign_id=ids.new(),
        ruleset=scoring.RULESET,
        now=now,
        real=real,
    )
    return bool(settled.scalar_one())
