"""Main: one RQ worker of one lane, which runs batches in its own process. Usage: python -m jobs.worker LANE"""

import sys
import time
from typing import Any

import redis
import structlog
from redis.backoff import ExponentialBackoff
from redis.retry import Retry
from rq import SimpleWorker, worker_registration
from rq.serializers import JSONSerializer

from jobs import heartbeat, lists, runtime
from jobs.lanes import Lane
from jobs.runtime import Runtime
from tenants import assembly, logs, settings
from tenants.settings import Settings

log = structlog.get_logger(__name__)

WORKER_TTL_S = 30
MAINTENANCE_S = 15
TROUBLE_S = 1.0


class LaneWorker(SimpleWorker):
    """RQ's in-process worker of one queue, which comes back by itself after Redis was away or was emptied."""

    max_connection_wait_time = 4.0
    log_result_lifespan = False

    def heartbeat(self, *arguments: Any, **words: Any) -> None:
        """Show that this worker lives; an emptied Redis has forgotten that it was ever born."""
        super().heartbeat(*arguments, **words)
        worker_registration.register(self)
        heartbeat.beat()

    def handle_warm_shutdown_request(self) -> None:
        """Remember that somebody asked us to stop: RQ itself remembers it only when it came during a batch."""
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self._stop_requested = True

    def is_stopping(self) -> bool:
        """Whether the batch should end after its present item, because somebody asked this process to stop."""
        return bool(self._stop_requested)


def serve(lane: Lane, chosen: Settings) -> int:
    """Work one lane until SIGTERM; begin anew when Redis failed under the worker."""
    shell = assembly.make_shell(chosen, repeats=True)
    current: list[LaneWorker] = []
    shell.app_context().push()

    def stopping() -> bool:
        return bool(current) and current[-1].is_stopping()

    runtime.settle_in(Runtime(shell, assembly.make_tools(chosen), stopping=stopping))
    while True:
        try:
            current[:] = [make_worker(lane, chosen)]
            current[-1].work(logging_level="WARNING")
            if current[-1].shutdown_requested_date or current[-1].is_stopping():
                return 0
        except redis.RedisError as fault:
            log.warning("worker.trouble", lane=lane.value, reason=str(fault)[:200])
        heartbeat.beat()
        time.sleep(TROUBLE_S)


def make_worker(lane: Lane, chosen: Settings) -> LaneWorker:
    """A fresh RQ worker with a line of its own."""
    line = redis.Redis.from_url(chosen.redis_url, retry=Retry(ExponentialBackoff(cap=1, base=0.05), 3))
    return LaneWorker(
        [lists.name(lane)],
        connection=line,
        serializer=JSONSerializer,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        log_job_description=False,
    )


def main(arguments: list[str]) -> int:
    """Start the worker of the lane that the one argument names."""
    if len(arguments) != 1 or arguments[0] not in set(Lane):
        sys.stderr.write(f"usage: python -m jobs.worker {{{'|'.join(Lane)}}}\n")
        return 2
    chosen = settings.read()
    logs.configure(chosen)
    log.info("worker.started", lane=arguments[0])
    return serve(Lane(arguments[0]), chosen)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
