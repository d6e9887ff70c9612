"""Decides what becomes of an attempt of which nobody knows whether it was sent.

Anything that comes back about the message (a delivery report, a bounce, a hit on its link) proves that it left.
Without such a sign it is held for a person after a quarter of an hour: a second bill for one step costs more trust
than a late one.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from tenants import store
from tenants.delivery import holding, standing
from tenants.events import history, inbox, recording
from tenants.values.faults import Kind, Refusal

PATIENCE = timedelta(minutes=15)

DOUBT = """
UPDATE delivery_attempt SET state = 'ambiguous',
  detail = CASE WHEN :detail = '' THEN 'interrupted during the call' ELSE :detail END
WHERE tenant_id = :tenant AND message_id = :message_id AND state = 'intent' RETURNING id
"""
OPEN = """
SELECT id FROM delivery_attempt WHERE tenant_id = :tenant AND message_id = :message_id AND state IN ('intent',
  'ambiguous') FOR UPDATE
"""
CLOSE = """
UPDATE delivery_attempt SET state = :state, settled_at = :now
WHERE tenant_id = :tenant AND message_id = :message_id AND state = ANY(:open) RETURNING message_id, intent_at
"""
PROVE = """
UPDATE delivery_attempt a SET state = 'accepted', settled_at = :now, provider_ref = r.reference
FROM jsonb_each_text(CAST(:told AS jsonb)) AS r(id, reference)
WHERE a.tenant_id = :tenant AND a.id = ANY(CAST(:attempts AS uuid[])) AND a.id = r.id::uuid AND a.state = 'ambiguous'
RETURNING a.message_id, a.intent_at
"""
# There seldom is one, and this is one look into an index of them; one that comes to be in doubt later looks for news by
# itself.
ANY_IN_DOUBT = "SELECT EXISTS (SELECT FROM delivery_attempt WHERE tenant_id = :tenant AND state = 'ambiguous')"
LEFT_OPEN = ["intent", "ambiguous"]
AGAIN = """
UPDATE message SET state = 'queued', held_reason = '' WHERE tenant_id = :tenant AND id = :message_id AND state = 'held'
RETURNING (SELECT count(*) FROM delivery_attempt a WHERE a.tenant_id = :tenant AND a.message_id = :message_id) AS tries
"""


class NotHeld(Refusal):
    """The message does not wait for a person."""

    kind = Kind.CONFLICT
    code = "message_not_held"
    remedy = "Reload the page: somebody may have decided already, or a sign of delivery came back."


def doubt(message_id: UUID, *, now: datetime, real: datetime, detail: str = "") -> None:
    """Mark the open attempt as ambiguous and look again later; asked twice, once is enough."""
    for attempt_id in store.run(DOUBT, message_id=message_id, detail=detail[:500]).scalars():
        recording.record(
            "message.unsettled", key=str(attempt_id), now=real, run_at=real + PATIENCE, message_id=str(message_id)
        )


def prove(message_id: UUID, *, now: datetime) -> dict[UUID, datetime]:
    """Something came back about the message, so its open attempt did leave. Returns what that is news of: the message,
    if its customer was written to by that attempt, and when."""
    return _left(store.run(CLOSE, message_id=message_id, state="accepted", now=now, open=LEFT_OPEN).all())


def prove_many(told: Mapping[str, str], *, now: datetime) -> dict[UUID, datetime]:
    """The provider told of these attempts, each with its own number for the mail. Returns what that is news of.

    Its news may come while the hand-over is being settled, so one that is still under way is left to its own worker,
    who knows what the mail said.
    """
    if not store.run(ANY_IN_DOUBT).scalar_one():
        return {}
    attempts = f"{{{','.join(told)}}}"
    return _left(store.run(PROVE, attempts=attempts, told=json.dumps(told), now=now).all())


def _left(rows: Sequence[Row[Any]]) -> dict[UUID, datetime]:
    return {row.message_id: row.intent_at for row in rows}


def resolve(message_id: UUID, *, now: datetime) -> None:
    """Look at the open attempt after the patience: proved by now, or held for a person."""
    if not store.run(OPEN, message_id=message_id).all():
        return
    if inbox.about(message_id):
        standing.conclude([message_id], contacted=prove(message_id, now=now))
        return
    holding.hold(
        message_id, reason="unconfirmed", detail="the mail server never said whether it took the mail", now=now
    )


def send_again(message_id: UUID, *, now: datetime, real: datetime, why: str) -> None:
    """A person decides that the held message did not leave and is to be sent; the gate looks at it once more.

    Raises NotHeld.
    """
    row = store.run(AGAIN, message_id=message_id).one_or_none()
    if row is None:
        raise NotHeld("This message is not waiting for a decision.")
    store.run(CLOSE, message_id=message_id, state="not_sent", now=now, open=LEFT_OPEN)
    history.note("message.sent_again", about=("message", message_id), at=now, reason=why)
    recording.record("message.queued", key=f"{message_id}:{row.tries}", now=real, message_id=str(message_id))
