"""Decides what follows from an answer of the e-invoice network: evidence at its level, and a person's work where the
customer asks something or says no, or where the answer is of no use without its reason.
"""

import hashlib
from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.collections import tasks
from tenants.collections.tasks import NewTask
from tenants.delivery import evidence, standing
from tenants.delivery.einvoices import responses
from tenants.delivery.einvoices.responses import NotAResponse, Response
from tenants.events import recording

ASKING = frozenset({"UQ", "CA", "RE"})
SOURCE = "einvoice"
SEEN = 4
DEBTOR = "SELECT debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :id"


def take(body: bytes, *, invoice_id: UUID, number: str, now: datetime, today: date, real: datetime) -> Response:
    """Keep one answer about an invoice; the same answer again changes nothing. Raises NotAResponse."""
    answer = responses.read(body)
    if answer.source == responses.CUSTOMER and answer.about != number:
        raise NotAResponse(f"It is about invoice {answer.about[:60]}, not about {number}.", pointer="/ID")
    debtor_id = store.run(DEBTOR, id=invoice_id).scalar_one()
    key = hashlib.sha256(body).hexdigest()
    fresh = evidence.add(
        f"einvoice_{answer.code.lower()}",
        level=answer.level,
        verdict="human" if answer.source == responses.CUSTOMER else "",
        reasons="; ".join(answer.reasons)[:400],
        source=SOURCE,
        source_key=key,
        debtor_id=debtor_id,
        invoice_id=invoice_id,
        occurred_at=now,
        recorded_at=now,
    )
    if not fresh:
        return answer
    news = standing.raise_level(answer.level, at=now, message_id=None, invoice_ids=[invoice_id])
    if news and answer.level >= SEEN:
        recording.record("delivery.seen", key=key, now=real, invoice_ids=[str(each) for each in news])
    if answer.code in ASKING:
        tasks.raise_many([_work(answer, invoice_id, debtor_id, number)], now=now, today=today)
    return answer


def _work(answer: Response, invoice_id: UUID, debtor_id: UUID, number: str) -> NewTask:
    why = "; ".join(answer.reasons) or "It gave no reason, which the network demands: ask for it."
    return NewTask(
        dedupe_key=f"einvoice:{invoice_id}:{answer.code}",
        kind="dispute",
        title=f"The customer {answer.said} by e-invoice: settle it",
        reason=f"Invoice {number}: {why}",
        debtor_id=debtor_id,
        invoice_id=invoice_id,
    )
