"""Decides what a kept mail does: it becomes an event about its message, and the state is computed again from all
events.

A report may come twice, late, or before the answer of the mail server was written down; none of that changes where
things end.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import bounces, evidence, news, papers, returned, scoring, standing, unsettled
from tenants.delivery.bounces import Notice
from tenants.delivery.ports import DocumentStore
from tenants.events import inbox, recording

KEPT = """
SELECT id, message_id, occurred_at, payload FROM inbox_event WHERE tenant_id = :tenant AND id = :id
  AND source = 'mail'
"""
REPLIED = """
UPDATE invoice SET last_reply_at = greatest(last_reply_at, CAST(:at AS timestamptz)) WHERE tenant_id = :tenant
  AND id = ANY(:ids)
"""
TRANSPORT_LEVEL = news.LEVELS | {"auto_reply": 2}


def read(inbox_id: UUID, *, documents_in: DocumentStore, now: datetime, real: datetime) -> Notice | None:
    """Read one kept mail and draw the consequences; read twice, it counts once. None when there is no such mail."""
    kept = store.run(KEPT, id=inbox_id).one_or_none()
    if kept is None:
        return None
    raw = documents_in.get(kept.payload["content_key"])
    notice = bounces.read(raw)
    if notice.kind == "unclear" and kept.payload.get("answered") and not bounces.is_robots(raw):
        notice = replace(notice, kind="reply")
    files, left = (0, 0)
    if notice.kind == "reply":
        sha256 = hashlib.sha256(raw).hexdigest()
        files, left = papers.keep(raw, inbox_id=kept.id, mail_sha256=sha256, documents_in=documents_in, now=now)
    fresh = inbox.keep(
        "report",
        external_id=str(kept.id),
        kind=notice.kind,
        message_id=kept.message_id,
        occurred_at=kept.occurred_at,
        received_at=real,
        payload={
            "status": notice.status,
            "said": notice.detail,
            "attempt_id": kept.payload["attempt_id"],
            "files": files,
            "files_left": left,
        },
    )
    if fresh is not None:
        standing.conclude([kept.message_id], contacted=unsettled.prove(kept.message_id, now=now))
        _consequences(
            notice,
            message_id=kept.message_id,
            at=kept.occurred_at,
            now=now,
            real=real,
            source="report",
            source_key=str(kept.id),
            report_id=fresh,
        )
    return notice


def _consequences(
    notice: Notice,
    *,
    message_id: UUID,
    at: datetime,
    now: datetime,
    real: datetime,
    source: str,
    source_key: str,
    report_id: UUID,
) -> None:
    if notice.kind in TRANSPORT_LEVEL:
        level = TRANSPORT_LEVEL[notice.kind]
        evidence.of_transport(message_id, level=level, kind=notice.kind, at=at, source_key=source_key, source=source)
    detail = f"{notice.status} {notice.detail}".strip()
    match notice.kind:
        case "bounced":
            returned.bounced(message_id, detail=detail, at=at, real=real)
        case "complained":
            returned.complained(message_id, detail=detail, at=at, real=real)
        case "reply":
            answered = standing.invoices_of(message_id)
            store.run(REPLIED, ids=answered, at=at)
            recording.record("reply.received", key=source_key, now=real, invoice_ids=[str(each) for each in answered])
            evidence.of_person(message_id, kind="reply", at=at, now=now, real=real, source_key=source_key)
        case "displayed":
            evidence.of_person(
                message_id, kind="displayed", at=at, now=now, real=real, source_key=source_key, level=scoring.OPENED
            )
    if notice.kind in ("reply", "auto_reply"):
        recording.record(
            "customer.wrote", key=source_key, now=real, message_id=str(message_id), report_id=str(report_id)
        )
