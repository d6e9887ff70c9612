"""Decides how the messages of a client are leafed through: the newest first, of all, of one state or of one invoice."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.values.faults import Kind, Refusal

PREFIX = "msg"
COLUMNS = """
SELECT m.id, m.debtor_id, d.name AS debtor_name, m.contact_id, m.kind, m.channel, m.recipient, m.language, m.template,
  m.rule_key, m.signed_by, m.subject, m.state, m.held_reason, m.evidence_level, m.queued_at, m.sent_at,
  m.delivered_at, m.bounced_at,
  ARRAY(SELECT x.invoice_id FROM message_item x WHERE x.tenant_id = :tenant AND x.message_id = m.id
        ORDER BY x.invoice_id) AS invoice_ids
FROM message m JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
"""
PAGE = COLUMNS + "WHERE m.tenant_id = :tenant{narrow} ORDER BY m.queued_at DESC, m.id DESC LIMIT :limit"
ONE = COLUMNS + "WHERE m.tenant_id = :tenant AND m.id = :message_id"
OF_INVOICE = """ AND m.id IN (
  SELECT x.message_id FROM message_item x WHERE x.tenant_id = :tenant AND x.invoice_id = :invoice_id)"""

INVOICES = """
SELECT i.id, i.number, i.currency, i.amount_minor, i.open_minor, i.due_on FROM message_item x
JOIN invoice i ON i.tenant_id = :tenant AND i.id = x.invoice_id
WHERE x.tenant_id = :tenant AND x.message_id = :message_id ORDER BY i.due_on, i.number LIMIT 200
"""
ATTEMPTS = """
SELECT id, attempt_no, state, provider, provider_ref, detail, intent_at, settled_at FROM delivery_attempt
WHERE tenant_id = :tenant AND message_id = :message_id ORDER BY attempt_no
"""


class UnknownMessage(Refusal, LookupError):
    """No such message, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_message"
    remedy = "Look at the list of messages again."


def listed(
    *,
    invoice_id: UUID | None = None,
    state: str | None = None,
    after: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> Sequence[RowMapping]:
    """A page of messages; `after` is the last one of the page before."""
    values: dict[str, Any] = {"limit": limit}
    narrow = ""
    if invoice_id is not None:
        narrow, values["invoice_id"] = OF_INVOICE, invoice_id
    if state is not None:
        narrow, values["state"] = f"{narrow} AND m.state = :state", state
    if after is not None:
        narrow += " AND (m.queued_at, m.id) < (:after_at, :after_id)"
        values |= {"after_at": after[0], "after_id": after[1]}
    return store.run(PAGE.format(narrow=narrow), **values).mappings().all()


def one(message_id: UUID) -> RowMapping:
    """One message. Raises UnknownMessage."""
    found = store.run(ONE, message_id=message_id).mappings().one_or_none()
    if found is None:
        raise UnknownMessage("There is no such message.")
    return found


def invoices(message_id: UUID) -> Sequence[RowMapping]:
    """The invoices that a message is about."""
    return store.run(INVOICES, message_id=message_id).mappings().all()


def attempts(message_id: UUID) -> Sequence[RowMapping]:
    """Every hand-over of a message, the first one first."""
    return store.run(ATTEMPTS, message_id=message_id).mappings().all()
