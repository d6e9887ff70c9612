"""Decides how the way of an invoice to its reader is told: rung by rung, what is proved, what is only likely, what is
not known.

Proved: a mail server said so, or a person did something that only a person does. Likely: a fetch with no sign of a
machine. Weak: a fetch that was, or may have been, a machine. Absence of a sign proves nothing, so what is missing is
said as unknown and not as "no".
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store

INVOICE = """
SELECT i.issued_on, i.known_at, i.settled_on, i.delivery FROM invoice i WHERE i.tenant_id = :tenant
  AND i.id = :invoice_id
"""
MESSAGES = """
SELECT m.id, m.kind, m.recipient, m.subject, m.state, m.held_reason, m.queued_at, m.template FROM message_item x
JOIN message m ON m.tenant_id = x.tenant_id AND m.id = x.message_id
WHERE x.tenant_id = :tenant AND m.tenant_id = :tenant AND x.invoice_id = :invoice_id ORDER BY m.queued_at, m.id
"""
MESSAGE = "SELECT id, recipient, template, state, queued_at FROM message WHERE tenant_id = :tenant AND id = :message_id"
# A sign of transport is an event of the inbox: the same by its key, or the very same by its id. There stands what was
# said, word for word.
WORDS = """
LEFT JOIN inbox_event k ON k.tenant_id = :tenant AND e.source <> 'portal' AND k.source = e.source
  AND k.external_id = e.source_key
LEFT JOIN inbox_event n ON n.tenant_id = :tenant AND e.source <> 'portal' AND n.id = e.id"""
SAID = """
  coalesce(k.payload->>'status', n.payload->>'status', '') AS status,
  coalesce(k.payload->>'said', n.payload->>'said', '') AS said"""
OF_MESSAGE = f"""
SELECT e.message_id, e.level, e.kind, e.verdict, e.reasons, e.occurred_at, e.source, e.agent, c.name, c.email,{SAID}
FROM evidence e LEFT JOIN contact c ON c.tenant_id = :tenant AND c.id = e.contact_id{WORDS}
WHERE e.tenant_id = :tenant AND e.message_id = :message_id ORDER BY e.occurred_at, e.id
"""
# A sign about a whole message counts for each of its invoices; a sign about one invoice counts for that one.
EVIDENCE = f"""
SELECT e.message_id, e.level, e.kind, e.verdict, e.reasons, e.occurred_at, e.source, e.agent, e.document_sha256,
  c.name, c.email,{SAID}
FROM evidence e
LEFT JOIN contact c ON c.tenant_id = e.tenant_id AND c.id = e.contact_id AND c.tenant_id = :tenant{WORDS}
WHERE e.tenant_id = :tenant AND (e.invoice_id = :invoice_id OR e.invoice_id IS NULL AND e.message_id IN (
  SELECT x.message_id FROM message_item x WHERE x.tenant_id = :tenant AND x.invoice_id = :invoice_id))
ORDER BY e.occurred_at, e.id
"""


@dataclass(frozen=True, slots=True)
class Rung:
    """One thing that happened on the way."""

    what: str
    at: datetime
    source: str
    strength: str
    """proved, likely or weak"""
    level: int = 0
    who: str = ""
    detail: str = ""
    message_id: UUID | None = None
    said: str = ""
    """What a mail server or a provider said, in its own words."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The whole way of one invoice, or of one message, and what is not known about it."""

    invoice_id: UUID
    rungs: tuple[Rung, ...]
    unknown: tuple[str, ...]
    level: int


def of_invoice(invoice_id: UUID) -> Ladder | None:
    """The ladder of an invoice, or None when there is no such invoice."""
    invoice = store.run(INVOICE, invoice_id=invoice_id).one_or_none()
    if invoice is None:
        return None
    rungs = [Rung("known", invoice.known_at, "ledger", "proved")]
    messages = store.run(MESSAGES, invoice_id=invoice_id).all()
    for row in messages:
        rungs.append(
            Rung(
                "queued",
                row.queued_at,
                "goodterms",
                "proved",
                who=row.recipient,
                detail=row.template,
                message_id=row.id,
            )
        )
    rungs += [_rung(row) for row in store.run(EVIDENCE, invoice_id=invoice_id)]
    rungs.sort(key=lambda rung: rung.at)
    level = max((rung.level for rung in rungs), default=0)
    return Ladder(invoice_id, tuple(rungs), tuple(_unknown(level, invoice.delivery, bool(messages))), level)


def of_message(message_id: UUID) -> Ladder:
    """The ladder of one message to one recipient; of none that is there it knows nothing."""
    row = store.run(MESSAGE, message_id=message_id).one_or_none()
    if row is None:
        return Ladder(message_id, (), ("not_sent",), 0)
    queued = Rung("queued", row.queued_at, "goodterms", "proved", 0, row.recipient, row.template, row.id)
    rungs = sorted(
        [queued, *[_rung(each) for each in store.run(OF_MESSAGE, message_id=message_id)]], key=lambda rung: rung.at
    )
    level = max(rung.level for rung in rungs)
    return Ladder(message_id, tuple(rungs), tuple(_unknown(level, row.state, True)), level)


def _rung(row: Any) -> Rung:
    detail = ", ".join(part for part in (row.reasons.replace("_", " ").replace(",", ", "), row.agent) if part)
    return Rung(
        row.kind,
        row.occurred_at,
        row.source,
        _strength(row.level, row.verdict),
        row.level,
        row.name or row.email or "",
        detail,
        row.message_id,
        _said(row),
    )


def _said(row: Any) -> str:
    """The words of the event, with its code where the words do not hold it; one word alone is but the event's name."""
    words = " ".join(row.said.split())
    words = words if " " in words else ""
    return words if not row.status or row.status in words else f"{row.status} {words}".strip()


def _strength(level: int, verdict: str) -> str:
    if verdict in ("machine", "unknown"):
        return "weak"
    return "likely" if level == 4 else "proved"


def _unknown(level: int, delivery: str, written: bool) -> list[str]:
    if not written:
        return ["not_sent"]
    if delivery == "bounced":
        return ["whether_anybody_got_it"]
    missing = ["why_nothing_was_heard"] if delivery == "unconfirmed" else []
    if level < 2:
        missing.append("whether_the_mail_server_of_the_customer_took_it")
    if level < 4:
        missing.append("whether_anybody_opened_it")
    if level < 6:
        missing.append("who_read_the_invoice")
    return missing
