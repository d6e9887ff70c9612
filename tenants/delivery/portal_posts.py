"""Decides what it means to give an invoice to a customer by the portal: it lies there, marked as new, until one of its
people has seen it there. That is no arrival yet: only who looks has received it.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.delivery import evidence, holding, rerouting, standing
from tenants.delivery.ports import Gate
from tenants.events import inbox

SOURCE = "portal_post"
WAITS = """
SELECT id FROM message WHERE tenant_id = :tenant AND id = :message_id AND channel = 'portal' AND state = 'queued'
FOR UPDATE
"""
UNSEEN = """
SELECT i.id, i.number, i.currency, i.open_minor, i.due_on, m.id AS message_id, m.sent_at
FROM message m JOIN message_item x ON x.tenant_id = :tenant AND x.message_id = m.id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = x.invoice_id
WHERE m.tenant_id = :tenant AND m.debtor_id = :debtor_id AND m.channel = 'portal' AND m.state = 'sent'
  AND i.debtor_id = :debtor_id AND i.open_minor > 0
  AND (CASE m.kind WHEN 'reminder' THEN m.evidence_level ELSE i.evidence_level END) < 6
ORDER BY m.sent_at, i.number LIMIT 50
"""


def post(message_id: UUID, *, gate: Gate, now: datetime, real: datetime) -> datetime | None:
    """Lay an invoice into the portal, if the gate lets it; returns when to ask again, None when there is no more to
    do."""
    if store.run(WAITS, message_id=message_id).one_or_none() is None:
        return None
    verdict = gate(message_id, now=now)
    if verdict.way:
        rerouting.move(message_id, verdict, real=real)
        return None
    if not verdict.allowed and verdict.again_at is not None:
        holding.wait(message_id, reason=verdict.reason)
        return verdict.again_at
    if not verdict.allowed:
        holding.cancel(message_id, reason=verdict.reason)
        return None
    told = {"external_id": f"{message_id}:accepted", "kind": "accepted", "message_id": message_id, "payload": {}}
    inbox.keep(SOURCE, occurred_at=now, received_at=real, **told)  # type: ignore[arg-type]
    evidence.of_transport(
        message_id, level=1, kind="posted_in_portal", at=now, source_key=str(message_id), source=SOURCE
    )
    standing.conclude([message_id], contacted={message_id: now})
    return None


def taken(message_id: UUID, *, now: datetime, real: datetime) -> None:
    """Somebody of the customer pressed the button and has the document: level 6. Pressed again, it counts once."""
    evidence.of_person(
        message_id, kind="download", at=now, now=now, real=real, source_key=f"post:{message_id}", level=6
    )


def unseen(debtor_id: UUID) -> Sequence[RowMapping]:
    """The invoices that lie in the portal for this customer and that nobody there has looked at."""
    return store.run(UNSEEN, debtor_id=debtor_id).mappings().all()
