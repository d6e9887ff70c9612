"""Decides how a message that may not leave is kept: waiting, held for a person, or cancelled, each with its reason.

The gate writes its own refusals down; `note` does it for what this room itself refuses.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery import standing
from tenants.delivery.channels import WAY_EVENTS
from tenants.events.catalogue import CONSUMERS
from tenants.values import ids

WAIT = "UPDATE message SET held_reason = :reason WHERE tenant_id = :tenant AND id = :message_id AND state = 'queued'"
END = """
UPDATE message SET state = :state, held_reason = :reason
WHERE tenant_id = :tenant AND id = :message_id AND state IN ('queued', 'sending', 'held') RETURNING id
"""
NOTE = """
INSERT INTO held_action (tenant_id, id, step_key, debtor_id, invoice_id, rule_key, reason, detail, first_at, last_at,
  times)
SELECT :tenant, :id, m.step_key, m.debtor_id,
  (SELECT min(x.invoice_id::text)::uuid FROM message_item x WHERE x.tenant_id = :tenant AND x.message_id = m.id),
  m.rule_key, :reason, :detail, :now, :now, 1 FROM message m WHERE m.tenant_id = :tenant AND m.id = :message_id
ON CONFLICT (tenant_id, step_key, reason) DO UPDATE
  SET last_at = excluded.last_at, times = held_action.times + 1, detail = excluded.detail
"""
# Work that was put on another way counts up behind its message's id.
HASTEN = """
UPDATE work_item SET run_at = :real
WHERE tenant_id = :tenant AND lane = 'delivery' AND state = 'ready' AND run_at > :real AND kind = ANY(:kinds)
  AND split_part(dedupe_key, ':', 1) = ANY(:messages)
"""


def hasten(message_ids: Sequence[UUID], *, real: datetime) -> None:
    """Let messages be tried now that wait, by whichever way each is to go."""
    kinds = [consumer.kind for event in WAY_EVENTS.values() for consumer in CONSUMERS[event]]
    store.run(HASTEN, messages=[str(each) for each in message_ids], kinds=kinds, real=real)


def wait(message_id: UUID, *, reason: str) -> None:
    """It stays queued; pages show why."""
    store.run(WAIT, message_id=message_id, reason=reason)


def cancel(message_id: UUID, *, reason: str, detail: str = "", now: datetime | None = None) -> None:
    """It will never leave. With `now` the refusal is this room's own and is written down here."""
    _end(message_id, state="cancelled", reason=reason)
    if now is not None:
        note(message_id, reason=reason, detail=detail, now=now)


def hold(message_id: UUID, *, reason: str, detail: str, now: datetime) -> None:
    """It waits for a person, who decides whether to send it again."""
    _end(message_id, state="held", reason=reason)
    note(message_id, reason=reason, detail=detail, now=now)


def note(message_id: UUID, *, reason: str, detail: str, now: datetime) -> None:
    """Remember one refusal; the same refusal of the same step counts up."""
    store.run(NOTE, id=ids.new(), message_id=message_id, reason=reason, detail=detail[:500], now=now)


def _end(message_id: UUID, *, state: str, reason: str) -> None:
    if store.run(END, message_id=message_id, state=state, reason=reason).one_or_none() is not None:
        standing.refresh_invoices(standing.invoices_of(message_id))
