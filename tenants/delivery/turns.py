"""Decides whether it is a message's turn: its client must have proved from where it sends, and the account have room.

This is asked last, because what is counted against the account's rate must then leave. Who waits keeps its place in the
queue and counts no attempt.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from tenants.delivery import domains, holding
from tenants.delivery.pacing import Pace, Pause
from tenants.isolation import scope

UNPROVED = "domain_unproved"
PROVED_AGAIN = timedelta(hours=1)


def wait(
    message_id: UUID,
    sends_from: Sequence[str] | None,
    *,
    own_wanted: bool,
    pace: Pace | None,
    now: datetime,
    real: datetime,
) -> Pause | None:
    """Why the message must wait, written down; None when it is its turn, and then it is counted."""
    fault = domains.fault(sends_from, own_wanted=own_wanted)
    if fault:
        holding.note(message_id, reason=UNPROVED, detail=fault, now=now)
        holding.wait(message_id, reason=UNPROVED)
        return Pause(PROVED_AGAIN, UNPROVED)
    pause = pace.ask(scope.current().one, now=real.timestamp()) if pace else None
    if pause is not None:
        holding.wait(message_id, reason=pause.reason)
    return pause
