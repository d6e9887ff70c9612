"""Decides how a message that still waits is put on another way: it stays the same message for the same step, and the
work that sends it is that of its new way.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.delivery.channels import WAY_EVENTS
from tenants.delivery.ports import Verdict
from tenants.events import recording
from tenants.events.catalogue import CONSUMERS

MOVE = """
UPDATE message SET channel = :way, recipient = :recipient, held_reason = ''
WHERE tenant_id = :tenant AND id = :message_id AND state = 'queued' RETURNING id
"""
BEFORE = """
SELECT count(*) FROM work_item WHERE tenant_id = :tenant AND kind = ANY(:kinds) AND dedupe_key LIKE :key
"""


def move(message_id: UUID, verdict: Verdict, *, real: datetime) -> None:
    """Put it on the way that the gate names; a letter waits for a person who prints."""
    values = {"way": verdict.way, "recipient": verdict.recipient, "message_id": message_id}
    event = WAY_EVENTS.get(verdict.way)
    if store.run(MOVE, **values).one_or_none() is None or event is None:
        return
    kinds = [each.kind for each in CONSUMERS[event]]
    before = int(store.run(BEFORE, kinds=kinds, key=f"{message_id}%").scalar_one())
    key = f"{message_id}:{before}" if before else str(message_id)
    recording.record(event, key=key, now=real, message_id=str(message_id))
