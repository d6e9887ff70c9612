"""The dispatcher's side of PostgreSQL: who is due, whose turn it is, the leases that it hands out and those that
lapsed.

Tenants are scheduled, not items: each lane of a tenant has a virtual time that grows with what it was given, and the
smallest is served next. A flood of one tenant therefore delays nobody else; who comes back after a pause starts where
the others are, so that silence earns no credit.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from jobs.turns import Place
from tenants.events import queue
from tenants.values import ids

WAITING = text("""
SELECT tenant_id, lane, count(*) AS items FROM work_item
WHERE state = 'ready' AND run_at <= :now AND (CAST(:only AS uuid[]) IS NULL OR tenant_id = ANY(CAST(:only AS uuid[])))
GROUP BY tenant_id, lane
""")
IN_FLIGHT = text("""
SELECT tenant_id, lane, count(*) AS items FROM work_item
WHERE state = 'leased' AND (CAST(:only AS uuid[]) IS NULL OR tenant_id = ANY(CAST(:only AS uuid[])))
GROUP BY tenant_id, lane
""")
CLOSED = text("SELECT id FROM tenant WHERE state = 'closed'")
KNOWN = text("""
SELECT tenant_id, lane, vtime, waiting, in_flight FROM tenant_lane
WHERE CAST(:only AS uuid[]) IS NULL OR tenant_id = ANY(CAST(:only AS uuid[]))
""")
FRONT = text(
    "SELECT lane, min(vtime) FILTER (WHERE waiting > 0 OR in_flight > 0), max(vtime) FROM tenant_lane GROUP BY lane"
)
# A lane that was idle joins at the front of those that are busy; rows are written in one order, so that two
# dispatchers never deadlock.
MERGE = text("""
INSERT INTO tenant_lane (tenant_id, lane, vtime, waiting, in_flight)
SELECT r.tenant_id, r.lane, r.front, r.waiting, r.in_flight
FROM unnest(CAST(:tenants AS uuid[]), CAST(:lanes AS text[]), CAST(:fronts AS double precision[]),
  CAST(:waiting AS integer[]), CAST(:in_flight AS integer[])) AS r(tenant_id, lane, front, waiting, in_flight)
ORDER BY r.tenant_id, r.lane
ON CONFLICT (tenant_id, lane) DO UPDATE SET waiting = excluded.waiting, in_flight = excluded.in_flight,
  vtime = CASE WHEN tenant_lane.waiting > 0 OR tenant_lane.in_flight > 0 THEN tenant_lane.vtime
               ELSE greatest(tenant_lane.vtime, excluded.vtime) END
""")
PICK = text("""
SELECT tenant_id, cap - in_flight AS room FROM tenant_lane
WHERE lane = :lane AND waiting > 0 AND in_flight < cap
  AND (CAST(:only AS uuid[]) IS NULL OR tenant_id = ANY(CAST(:only AS uuid[])))
ORDER BY vtime, tenant_id LIMIT :most FOR UPDATE SKIP LOCKED
""")
CLAIM = text("""
UPDATE work_item SET state = 'leased', lease_until = :until, lease_token = :token, begun_at = NULL
WHERE tenant_id = :tenant AND id = ANY(ARRAY(
  SELECT id FROM work_item WHERE tenant_id = :tenant AND lane = :lane AND state = 'ready' AND run_at <= :now
  ORDER BY run_at, id LIMIT :most FOR UPDATE SKIP LOCKED))
RETURNING id, kind, run_at, attempts
""")
# A claim that found less than it asked for has emptied the lane, as far as this dispatcher can see.
COUNT = text("""
UPDATE tenant_lane SET vtime = vtime + :items / weight, in_flight = in_flight + :items,
  waiting = CASE WHEN :emptied THEN 0 ELSE greatest(1, waiting - :items) END
WHERE tenant_id = :tenant AND lane = :lane
""")
LAPSED = text("""
SELECT tenant_id, id, lease_token, lease_until, attempts, max_attempts, run_at, begun_at FROM work_item
WHERE state = 'leased' AND lease_until < :now ORDER BY lease_until LIMIT 2000
""")
# An item whose work is under way is locked by the worker's transaction: it is skipped here, row by row, because a
# cluster locks rows of one tenant at a time only.
FREE = text("""
UPDATE work_item SET state = :state, run_at = :run_at, attempts = :attempts, lease_token = NULL, lease_until = NULL,
  last_error = :error, error_class = :error_class, finished_at = :finished_at
WHERE tenant_id = :tenant AND id = ANY(ARRAY(
  SELECT id FROM work_item WHERE tenant_id = :tenant AND id = :id AND state = 'leased' AND lease_token = :token
    AND lease_until = :lapsed_at FOR UPDATE SKIP LOCKED))
""")
RELEASE = text("""
UPDATE work_item SET state = 'ready', lease_token = NULL, lease_until = NULL
WHERE tenant_id = ANY(:tenants) AND id = ANY(:ids) AND state = 'leased' AND lease_token = :token
""")

ASKED_AT_ONCE = 25
"""Tenants asked in one round of a lane."""


@dataclass(frozen=True, slots=True, order=True)
class Leased:
    """One leased item. The order is the order of work: what failed before comes last, so that it hurts nobody in its
    batch."""

    attempts: int
    run_at: datetime
    id: UUID
    kind: str
    tenant_id: UUID

    @property
    def place(self) -> Place:
        """Where a worker finds it."""
        return Place(self.tenant_id, self.id, self.kind, self.attempts > 0)


@dataclass(frozen=True, slots=True)
class Batch:
    """Items of one lane under one token, in the order in which a worker takes them."""

    lane: str
    token: UUID
    items: tuple[Leased, ...]

    @property
    def places(self) -> list[Place]:
        """Where a worker finds them, in its order."""
        return [item.place for item in self.items]


def survey(connection: Connection, *, now: datetime, only: Iterable[UUID] | None = None) -> int:
    """Find out who is due and write down what changed; return how many items wait. `only` narrows to tenants that
    rang. Nothing of a closed client is due."""
    closed = set(connection.execute(CLOSED).scalars())
    words = {"now": now, "only": None if only is None else list(only)}
    due = (row for row in connection.execute(WAITING, words) if row.tenant_id not in closed)
    waiting = {(row.tenant_id, row.lane): row.items for row in due}
    flying = {(row.tenant_id, row.lane): row.items for row in connection.execute(IN_FLIGHT, words)}
    known = {(row.tenant_id, row.lane): (row.waiting, row.in_flight) for row in connection.execute(KNOWN, words)}
    found = {place: (waiting.get(place, 0), flying.get(place, 0)) for place in {*known, *waiting, *flying}}
    changed = sorted(place for place, counts in found.items() if known.get(place) != counts)
    if changed:
        fronts = {lane: (last or 0.0) if first is None else first for lane, first, last in connection.execute(FRONT)}
        connection.execute(
            MERGE,
            {
                "tenants": [tenant for tenant, _ in changed],
                "lanes": [lane for _, lane in changed],
                "fronts": [fronts.get(lane, 0.0) for _, lane in changed],
                "waiting": [found[place][0] for place in changed],
                "in_flight": [found[place][1] for place in changed],
            },
        )
    return sum(waiting.values())


def claim(
    connection: Connection, lane: str, *, now: datetime, most: int, only: Iterable[UUID] | None = None
) -> Batch | None:
    """Lease up to `most` items of a lane, shared out over the tenants whose turn it is."""
    words = {"lane": lane, "most": min(most, ASKED_AT_ONCE), "only": None if only is None else list(only)}
    picked = connection.execute(PICK, words).all()
    token, found = ids.new(), list[Leased]()
    for place, (tenant_id, room) in enumerate(picked):
        share = -(-(most - len(found)) // (len(picked) - place))
        wanted = min(share, room)
        if wanted <= 0:
            break
        words = {"tenant": tenant_id, "lane": lane, "now": now, "most": wanted, "token": token}
        rows = connection.execute(CLAIM, words | {"until": now + timedelta(seconds=queue.LEASE_S)}).all()
        found += [Leased(row.attempts, row.run_at, row.id, row.kind, tenant_id) for row in rows]
        counts = {"items": len(rows), "emptied": len(rows) < wanted, "tenant": tenant_id, "lane": lane}
        connection.execute(COUNT, counts)
    return Batch(lane, token, tuple(sorted(found))) if found else None


def release(connection: Connection, batch: Batch) -> None:
    """Take back a batch that could not be handed over; nobody began it, so no attempt is counted."""
    words = {"tenants": list({item.tenant_id for item in batch.items}), "ids": [item.id for item in batch.items]}
    connection.execute(RELEASE, words | {"token": batch.token})


def reap(connection: Connection, *, now: datetime) -> int:
    """Free lapsed leases; return how many.

    An attempt is counted for an item that was begun, as far as is written down: the head of a batch and what was tried
    before. Its mates are not charged, nor is a batch that nobody began. What kills its worker in the middle of a batch
    comes to the head of a later one, because it is the oldest, and is given up in the end; its mates are not.
    """
    lapsed = connection.execute(LAPSED, {"now": now}).all()
    return sum(connection.execute(FREE, _freed(row, now=now)).rowcount for row in lapsed)


def _freed(row: Any, *, now: datetime) -> dict[str, Any]:
    begun = row.begun_at is not None
    failures = row.attempts + begun
    dead = begun and failures >= row.max_attempts
    return {
        "tenant": row.tenant_id,
        "id": row.id,
        "token": row.lease_token,
        "lapsed_at": row.lease_until,
        "state": "dead" if dead else "ready",
        "run_at": now + queue.backoff(failures) if begun and not dead else row.run_at,
        "attempts": failures,
        "error": "the worker ended in the middle of this" if begun else None,
        "error_class": "LeaseLapsed" if begun else None,
        "finished_at": now if dead else None,
    }
