"""Decides what the mail server's answer means for message, invoices, address and evidence."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.delivery import evidence, returned, standing, unsettled
from tenants.delivery.facts import Outgoing
from tenants.delivery.letters import Enclosure
from tenants.delivery.ports import Answer
from tenants.events import inbox

PAUSES = (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600)
"""Seconds between tries while the server says not now; after the last, the message has failed."""

SETTLE = """
UPDATE delivery_attempt SET state = :state, provider_ref = :reference, detail = :detail, content_sha256 = :sha256,
  settled_at = :now
WHERE tenant_id = :tenant AND id = :id AND state IN ('intent', 'ambiguous')
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
    if not _settle(mail, result, state="accepted", now=now):
        return
    kind = "delivered" if final else "accepted"
    _keep(mail, result, kind=kind, now=now, real=real)
    level = 2 if final else 1
    standing.conclude([mail.message_id], levels={mail.message_id: level}, contacted={mail.message_id: now})
    evidence.add(
        kind,
        level=level,
        source=mail.carrier,
        source_key=f"{mail.attempt_id}:{kind}",
        debtor_id=mail.reader.debtor_id,
        contact_id=mail.reader.contact_id,
        message_id=mail.message_id,
        occurred_at=now,
        recorded_at=now,
    )


def refused(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> None:
    """A definite no: never repeated. When it names the address, that is a bounce like any other."""
    if not _settle(mail, result, state="refused", now=now):
        return
    kind = "bounced" if result.answer.bounce else "refused"
    _keep(mail, result, kind=kind, now=now, real=real)
    standing.refresh(mail.message_id)
    if result.answer.bounce:
        returned.bounced(mail.message_id, detail=result.answer.detail, at=now, real=real)


def postponed(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> datetime | None:
    """Not now: the message goes back to the queue; returns when to try again, None when it has been tried often
    enough."""
    if mail.attempt_no > len(PAUSES):
        refused(mail, result, now=now, real=real)
        return None
    _settle(mail, result, state="retry", now=now)
    store.run(BACK, message_id=mail.message_id)
    return real + timedelta(seconds=PAUSES[mail.attempt_no - 1])


def doubted(mail: Outgoing, result: Result, *, now: datetime, real: datetime) -> None:
    """Nobody knows: what the mail said is noted all the same, because it may be in somebody's hands."""
    if result.subject:
        store.run(SAID, message_id=mail.message_id, subject=result.subject, content_key=result.content_key)
    unsettled.doubt(mail.message_id, now=now, real=real, detail=result.answer.detail)


def _settle(mail: Outgoing, result: Result, *, state: str, now: datetime) -> bool:
    """Close the attempt; False when somebody else did, and then nothing more may follow from this answer."""
    settled = store.run(
        SETTLE,
        id=mail.attempt_id,
        state=state,
        reference=result.answer.reference,
        detail=result.answer.detail[:500],
        sha256=result.enclosures[0].sha256 if result.enclosures else "",
        now=now,
    )
    if settled.rowcount != 1:
        return False
    if result.subject:
        store.run(SAID, message_id=mail.message_id, subject=result.subject, content_key=result.content_key)
    return True


def _keep(mail: Outgoing, result: Result, *, kind: str, now: datetime, real: datetime) -> UUID | None:
    return inbox.keep(
        mail.carrier,
        external_id=f"{mail.attempt_id}:{kind}",
        kind=kind,
        message_id=mail.message_id,
        occurred_at=now,
        received_at=real,
        payload={"attempt_id": str(mail.attempt_id), "said": result.answer.detail},
    )
