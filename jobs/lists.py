"""The dispatcher's side of Redis: how full the lists of the lanes are, who listens, and the push of a batch as one
RQ job."""

import time
from dataclasses import dataclass, field

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from jobs.claims import Batch
from jobs.lanes import WORKED, Lane
from tenants.events import queue

JOB = "jobs.runtime.run_batch"
LONGEST_JOB_S = 3600
REMEMBERED_S = 60.0
"""How long a listener is believed in after it was last seen: an emptied Redis has forgotten it, the process still
lives."""
ITEMS_PER_JOB = {
    Lane.INTAKE: 2,
    Lane.DELIVERY: 20,
    Lane.RULES: 5,
    Lane.COLLECTIONS: 50,
    Lane.INSIGHT: 200,
    Lane.LEDGER: 20,
}
"""A job carries this many items: many of what is quick, few of what is slow, so that several workers share it."""
JOBS_PER_WORKER = 2


def name(lane: str) -> str:
    """The RQ queue of a lane."""
    return f"gt-{lane}"


@dataclass
class Lists:
    """The RQ lists of all lanes."""

    connection: redis.Redis
    _seen: dict[Lane, tuple[float, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._queues = {
            lane: Queue(name(lane), connection=self.connection, serializer=JSONSerializer, is_async=True)
            for lane in WORKED
        }

    def room(self) -> dict[Lane, int]:
        """How many more jobs each lane's list should take; lanes to which nobody listens are left out."""
        with self.connection.pipeline(transaction=False) as line:
            for queue_ in self._queues.values():
                line.llen(queue_.key)
                line.scard(f"rq:workers:{queue_.name}")
            answers = line.execute()
        found = dict[Lane, int]()
        for lane, length, seen in zip(WORKED, answers[::2], answers[1::2], strict=True):
            if listeners := self._listeners(lane, seen):
                found[lane] = max(0, JOBS_PER_WORKER * listeners - length)
        return found

    def push(self, batch: Batch) -> None:
        """Hand a batch over. The job dies with the lease: nobody should begin work that was given to somebody else."""
        self._queues[Lane(batch.lane)].enqueue_call(
            JOB,
            args=(
                str(batch.token),
                [(str(tenant), str(item), kind, retried) for tenant, item, kind, retried in batch.places],
            ),
            timeout=LONGEST_JOB_S,
            result_ttl=0,
            failure_ttl=60,
            ttl=queue.LEASE_S,
            job_id=f"wi-{batch.token}",
            description=f"{len(batch.items)} items of {batch.lane}",
        )

    def _listeners(self, lane: Lane, seen: int) -> int:
        now = time.monotonic()
        if seen:
            self._seen[lane] = (now, seen)
        at, count = self._seen.get(lane, (now, 0))
        return count if now - at < REMEMBERED_S else 0
