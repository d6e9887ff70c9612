"""Decides how the program writes to the provider's and the client's own people: a plain mail, kept first, sent once.

Three steps, as for every mail: claim (intent, commit), act, settle. Who finds an intent that was never settled sends
nothing more: a person can read it on the page, and a second mail about the same thing is worse than none.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery.ports import Answer, Handover, Letter, Mailer
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.rules.people import Person
from tenants.settings import Settings
from tenants.values import ids

KEEP = """
INSERT INTO staff_notice (tenant_id, id, notice_key, email, name, subject, words, state, queued_at)
SELECT :tenant, r.id, r.notice_key, r.email, r.name, :subject, :words, 'queued', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, notice_key text, email text, name text)
ON CONFLICT (tenant_id, notice_key) DO NOTHING RETURNING id
"""
CLAIM = """
UPDATE staff_notice SET state = 'sending' WHERE tenant_id = :tenant AND id = :id AND state = 'queued'
RETURNING id, email, name, subject, words
"""
SETTLE = """
UPDATE staff_notice SET state = :state, detail = :detail, ended_at = :now
WHERE tenant_id = :tenant AND id = :id AND state = 'sending'
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """One mail that is about to leave."""

    id: UUID
    email: str
    name: str
    subject: str
    words: str


def queue(
    readers: Sequence[Person], *, key: str, subject: str, words: str, now: datetime, real: datetime
) -> list[UUID]:
    """Queue one mail for each reader; the same key makes no second one."""
    rows = [
        {"id": ids.new(), "notice_key": f"{key}:{person.email}", "email": person.email, "name": person.name}
        for person in readers
        if person.email
    ]
    if not rows:
        return []
    kept = store.run(KEEP, rows=json.dumps(rows, default=str), subject=subject, words=words, now=now).scalars().all()
    recording.record_many("notice.queued", [Occurrence(str(each), {"notice_id": str(each)}) for each in kept], now=real)
    return list(kept)


def claim(notice_id: UUID) -> Notice | None:
    """Write down that it is about to be sent; None when that was done before."""
    row = store.run(CLAIM, id=notice_id).one_or_none()
    return Notice(*row) if row else None


def act(notice: Notice, *, mailer: Mailer, settings: Settings) -> Answer:
    """Hand it over."""
    text = f"Dear {notice.name or 'colleague'},\n\n{notice.words}\n\n{settings.provider_name}\n"
    letter = Letter(
        attempt_id=notice.id,
        sender=settings.sender,
        sender_name=settings.provider_name,
        recipient=notice.email,
        return_path=settings.sender,
        reply_to=settings.sender,
        subject=notice.subject,
        text=text,
        html="",
    )
    return mailer.send(letter)


def settle(notice: Notice, answer: Answer, *, now: datetime) -> None:
    """Write down how it ended. A doubtful end counts as sent: nobody is written to twice."""
    sent = answer.end in (Handover.ACCEPTED, Handover.AMBIGUOUS)
    store.run(SETTLE, id=notice.id, state="sent" if sent else "failed", detail=answer.detail[:300], now=now)
