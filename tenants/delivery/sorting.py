"""Decides what it means when a person says which invoice a mail is about that nothing in it led to: from then on it is
that customer's own word about that invoice.

It is the strongest evidence there is, so who said it, and of which mail, stays in the history. Said again of another
invoice, it counts for that one too; what was proved is not taken back.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import evidence, inbound, standing
from tenants.delivery.mailbag import UnknownMail
from tenants.events import history, recording
from tenants.ledger import invoices
from tenants.ledger.invoices import Card

LEVEL = 7
SORT = """
UPDATE inbox_event SET payload = payload || jsonb_build_object('debtor_id', CAST(:debtor_id AS text), 'invoice_id',
  CAST(:invoice_id AS text), 'how', 'person')
WHERE tenant_id = :tenant AND id = :inbox_id AND source = 'mail' AND kind = 'unsorted' RETURNING occurred_at
"""


def sort(inbox_id: UUID, *, number: str, now: datetime, real: datetime) -> Card:
    """The mail is about the invoice with this number. Raises UnknownMail, UnknownInvoice."""
    about = invoices.numbered(number.strip())
    at = store.run(SORT, inbox_id=inbox_id, debtor_id=about.debtor_id, invoice_id=about.id).scalar_one_or_none()
    if at is None:
        raise UnknownMail("There is no mail that waits to be sorted.")
    key = f"{inbox_id}:{about.id}"
    fresh = evidence.add(
        "reply",
        level=LEVEL,
        verdict="human",
        source=inbound.SOURCE,
        source_key=key,
        debtor_id=about.debtor_id,
        invoice_id=about.id,
        occurred_at=at,
        recorded_at=now,
    )
    if fresh:
        store.run(inbound.REPLIED, invoice_id=about.id, at=at)
        seen = standing.raise_level(LEVEL, at=at, message_id=None, invoice_ids=[about.id])
        recording.record("reply.received", key=key, now=real, invoice_ids=[str(about.id)])
        if seen:
            recording.record("delivery.seen", key=key, now=real, invoice_ids=[str(each) for each in seen])
        history.note("mail.sorted", about=("mail", inbox_id), at=now, became={"invoice": about.number})
    return about
