"""Decides how a piece of work is taken, ended, put back or given up, and that only the holder of its lease may do so.

Every change of a leased item names the token of its lease. Who lost the lease changes nothing: `take` answers None,
the others False,
and the caller leaves its unit of work without a commit. `take` marks the item done first and does the work after, in
one transaction:
while it is open the row is locked, so neither the reaper nor a second worker can touch the item, however long the
work lasts; if the worker dies, the mark is undone with everything else.
"""

import json
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.isolation.opening import Answer, First

LEASE_S = 20
BACKOFF_S = (5, 30, 120, 600, 3600, 21600)

HELD_BY = "tenant_id = :tenant AND id = :id AND state = 'leased' AND lease_token = :token"
TAKE = f"""
UPDATE work_item SET state = 'done', finished_at = :at, attempts = attempts + 1, lease_token = NULL, lease_until = NULL
WHERE {HELD_BY} RETURNING kind, payload
"""
TAKE_FIRST = """
UPDATE work_item SET state = 'done', finished_at = $4, attempts = attempts + 1, lease_token = NULL, lease_until = NULL
WHERE tenant_id = $1 AND id = $2 AND state = 'leased' AND lease_token = $3 RETURNING kind, payload
"""
LOOK_FIRST = """
SELECT w.kind, w.payload, t.time_zone, p.clock_shift_s, t.state FROM work_item w
JOIN client_profile p ON p.tenant_id = $1 JOIN tenant t ON t.id = $1
WHERE w.tenant_id = $1 AND w.id = $2 AND w.state = 'leased' AND w.lease_token = $3 FOR UPDATE OF w
"""
BEGIN = """
UPDATE work_item SET begun_at = $4 WHERE tenant_id = $1 AND id = $2 AND state = 'leased' AND lease_token = $3
RETURNING id
"""
HOLD_UNTIL = f"""
UPDATE work_item SET state = 'ready', run_at = :run_at, lease_token = NULL, lease_until = NULL, last_error = :reason
WHERE {HELD_BY}
"""
POSTPONE = """
UPDATE work_item SET state = 'ready', run_at = :run_at, attempts = attempts - 1, finished_at = NULL, last_error =
:reason
WHERE tenant_id = :tenant AND id = :id AND state = 'done'
"""
GO_BACK = """
UPDATE work_item SET state = 'ready', lease_token = NULL, lease_until = NULL
WHERE tenant_id = :tenant AND id = ANY(:ids) AND state = 'leased' AND lease_token = :token
"""
CHANCES = f"SELECT attempts, max_attempts FROM work_item WHERE {HELD_BY} FOR UPDATE"
FAILED = f"""
UPDATE work_item SET state = :state, run_at = :run_at, attempts = attempts + 1, lease_token = NULL, lease_until = NULL,
  last_error = :error, error_class = :error_class, finished_at = :finished_at
WHERE {HELD_BY}
"""
# The item that is being worked on is locked by its own transaction: skip it, the lock protects it better than the
# lease.
BEAT = """
UPDATE work_item SET lease_until = :until WHERE tenant_id = :tenant AND id = ANY(ARRAY(
  SELECT id FROM work_item WHERE tenant_id = :tenant AND id = ANY(:ids) AND state = 'leased' AND lease_token = :token
  FOR UPDATE SKIP LOCKED))
"""


UNFINISHED = """
SELECT count(*) FILTER (WHERE state = 'ready' AND run_at <= :now), count(*) FILTER (WHERE state = 'leased'),
  count(*) FILTER (WHERE state = 'ready' AND run_at > :now), min(run_at) FILTER (WHERE state = 'ready' AND run_at >
  :now)
FROM work_item WHERE tenant_id = :tenant AND state IN ('ready', 'leased')
"""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """What is left to do for a client: due now, in somebody's hands, and later."""

    due: int
    leased: int
    later: int
    next_at: datetime | None

    @property
    def quiet(self) -> bool:
        """Whether nothing happens until `next_at`."""
        return self.due == 0 and self.leased == 0


@dataclass(frozen=True, slots=True)
class Taken:
    """A piece of work as its worker needs it."""

    kind: str
    payload: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Looked:
    """The same, not finished yet, and what the clock of its client is made of."""

    kind: str
    payload: dict[str, Any]
    time_zone: str
    clock_shift_s: int
    of_closed_client: bool
    """Whether nothing leaves any more."""


def beginning(item_id: UUID, *, token: UUID, at: datetime) -> First:
    """Note, in a unit that begins with this, that a worker begins with the item: if its lease lapses now, an attempt is
    counted. It answers a row if the lease still holds."""
    return First("begin_work_item", BEGIN, (str(item_id), str(token), at.isoformat()))


def taking(item_id: UUID, *, token: UUID, at: datetime) -> First:
    """The statement of `take` for a unit that begins with it; `taken` reads its answer."""
    return First("take_work_item", TAKE_FIRST, (str(item_id), str(token), at.isoformat()))


def taken(answer: Answer | None) -> Taken | None:
    """What a unit that began with `taking` has taken; None when the lease is lost."""
    return Taken(str(answer[0]), json.loads(str(answer[1]))) if answer else None


def looking(item_id: UUID, *, token: UUID) -> First:
    """Read the item under its lease and lock it, without finishing it, in a unit that begins with this and waits for
    the disk; `looked` reads the answer."""
    return First("look_at_work_item", LOOK_FIRST, (str(item_id), str(token)), on_disk=True)


def looked(answer: Answer | None) -> Looked | None:
    """What a unit that began with `looking` has seen; None when the lease is lost."""
    if answer is None:
        return None
    return Looked(
        str(answer[0]), json.loads(str(answer[1])), str(answer[2]), int(str(answer[3])), answer[4] == "closed"
    )


def finishing(item_id: UUID, *, token: UUID, at: datetime) -> First:
    """Mark the item done in a unit that begins with this and waits for the disk; no answer when the lease is lost, and
    then nothing of the unit may be committed."""
    return First("take_work_item", TAKE_FIRST, (str(item_id), str(token), at.isoformat()), on_disk=True)


def take(item_id: UUID, *, token: UUID, at: datetime) -> Taken | None:
    """Mark the item done in the open unit, whose effects it will commit with; None when the lease is lost."""
    row = store.run(TAKE, id=item_id, token=token, at=at).one_or_none()
    return Taken(*row) if row else None


def finish(item_id: UUID, *, token: UUID, at: datetime) -> bool:
    """Mark the item done; False when the lease is lost, and then nothing of this unit may be committed."""
    return take(item_id, token=token, at=at) is not None


def hold_until(item_id: UUID, *, token: UUID, run_at: datetime, reason: str) -> bool:
    """Let the item wait until an instant, with no attempt counted; False when the lease is lost."""
    return store.run(HOLD_UNTIL, id=item_id, token=token, run_at=run_at, reason=reason).rowcount == 1


def postpone(item_id: UUID, *, run_at: datetime, reason: str) -> None:
    """In the unit that took the item: let it wait after all, with no attempt counted. The unit's effects are kept."""
    store.run(POSTPONE, id=item_id, run_at=run_at, reason=reason)


def go_back(item_ids: Sequence[UUID], *, token: UUID) -> int:
    """Hand back items that nobody began, at once and with no attempt counted; return how many were still ours."""
    return store.run(GO_BACK, ids=list(item_ids), token=token).rowcount


def put_back(item_id: UUID, *, token: UUID, error: str, error_class: str, now: datetime) -> str | None:
    """Count a failed attempt: the item becomes ready later, or dead when this was the last; None when the lease is
    lost."""
    row = store.run(CHANCES, id=item_id, token=token).one_or_none()
    if row is None:
        return None
    failures = row.attempts + 1
    if failures >= row.max_attempts:
        return "dead" if bury(item_id, token=token, error=error, error_class=error_class, now=now) else None
    again = now + backoff(failures)
    _fail(item_id, token=token, state="ready", run_at=again, error=error, error_class=error_class, finished_at=None)
    return "ready"


def bury(item_id: UUID, *, token: UUID, error: str, error_class: str, now: datetime) -> bool:
    """Give the item up: it waits among the dead letters for a person; False when the lease is lost."""
    return _fail(item_id, token=token, state="dead", run_at=now, error=error, error_class=error_class, finished_at=now)


def unfinished(*, now: datetime) -> Unfinished:
    """What the client of the open unit still has to wait for; `now` is the real time."""
    return Unfinished(*store.run(UNFINISHED, now=now).one())


def heartbeat(item_ids: Sequence[UUID], *, token: UUID, until: datetime) -> int:
    """Lengthen the leases of items that still wait in a running batch; return how many were still ours."""
    return store.run(BEAT, ids=list(item_ids), token=token, until=until).rowcount


def backoff(failures: int) -> timedelta:
    """How long an item waits after so many failures: a growing span with full jitter, so that failures do not march
    in step."""
    return timedelta(seconds=random.uniform(0.1, BACKOFF_S[min(failures, len(BACKOFF_S)) - 1]))


def _fail(item_id: UUID, **values: Any) -> bool:
    values["error"] = values["error"][:2000]
    return store.run(FAILED, id=item_id, **values).rowcount == 1
