"""Main: hand ready work items to RQ, fairly over the tenants, and free the leases of those that died with theirs.

Any number of these may run. PostgreSQL remembers the work, Redis only carries it: when Redis is away nothing is
claimed, and when it has forgotten what it carried, the leases lapse.
"""

import contextlib
import signal
import sys
import time
from dataclasses import dataclass, field
from uuid import UUID

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry
from sqlalchemy import Engine, create_engine
from sqlalchemy.exc import OperationalError

from jobs import claims, crash, heartbeat
from jobs.lanes import Lane
from jobs.lists import ITEMS_PER_JOB, Lists
from tenants import logs, settings
from tenants.settings import Settings
from tenants.values.clock import Clock, SystemClock

log = structlog.get_logger(__name__)

CHANNEL = "gt:doorbell"
POLL_S = 1.0
"""How long a lost ring of the doorbell can delay work."""
FULL_S = 0.01
"""Wait this long for room in a full list."""
REAP_S = 1.0
TROUBLE_S = 1.0


class Doorstep:
    """Where the doorbell is heard."""

    def __init__(self, connection: redis.Redis) -> None:
        self._connection = connection
        self._ear: redis.client.PubSub | None = None

    def listen(self, patience: float) -> set[UUID]:
        """Wait for a ring, and answer who rang; several rings are heard as one."""
        if self._ear is None:
            self._ear = self._connection.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
            self._ear.subscribe(CHANNEL)
        rang: set[UUID] = set()
        message = self._ear.get_message(timeout=patience)
        while message is not None:
            with contextlib.suppress(ValueError):
                rang |= {UUID(name) for name in message["data"].decode().split(",")}
            message = self._ear.get_message(timeout=0)
        return rang

    def leave(self) -> None:
        """Stop listening, for instance because the line is broken."""
        if self._ear is not None:
            with contextlib.suppress(redis.RedisError):
                self._ear.close()
        self._ear = None


@dataclass
class Dispatcher:
    """One dispatcher: `round` does one step, `serve` goes on until told to stop."""

    engine: Engine
    connection: redis.Redis
    clock: Clock = field(default_factory=SystemClock)

    def __post_init__(self) -> None:
        self._lists = Lists(self.connection)
        self._doorstep = Doorstep(self.connection)
        self._surveyed = self._reaped = -POLL_S
        self._rang: set[UUID] = set()
        self._hungry: set[Lane] = set()
        self._stopping = False

    def stop(self, *_: object) -> None:
        """End after the present step."""
        self._stopping = True

    def serve(self) -> None:
        """Dispatch until stopped, whatever happens to PostgreSQL or Redis meanwhile."""
        while not self._stopping:
            heartbeat.beat()
            try:
                full = self.round()
                self._rang |= self._doorstep.listen(FULL_S if full else POLL_S)
            except (redis.RedisError, OperationalError) as fault:
                log.warning("dispatcher.trouble", reason=str(fault)[:200])
                self._recover()
            except Exception:
                log.exception("dispatcher.fault")
                self._recover()

    def round(self) -> bool:
        """Reap, survey, and fill the lists of all lanes; True when work is left that found no room."""
        now = time.monotonic()
        if now - self._reaped >= REAP_S:
            self._reaped = now
            with self.engine.begin() as connection:
                if freed := claims.reap(connection, now=self.clock.now()):
                    log.info("dispatcher.reaped", items=freed)
        self._survey(now)
        return self._fill()

    def _survey(self, now: float) -> None:
        whole = now - self._surveyed >= POLL_S
        if whole or self._rang:
            only, self._rang = (None if whole else self._rang), set()
            with self.engine.begin() as connection:
                claims.survey(connection, now=self.clock.now(), only=only)
        if whole:
            self._surveyed = now

    def _fill(self) -> bool:
        rooms = self._lists.room()
        self._hungry &= rooms.keys()
        for lane, room in rooms.items():
            for _ in range(room):
                self._hungry.add(lane)
                if not self._claim_one(lane):
                    self._hungry.discard(lane)
                    break
        return bool(self._hungry)

    def _claim_one(self, lane: Lane) -> bool:
        crash.at("before_claim")
        with self.engine.begin() as connection:
            batch = claims.claim(connection, lane, now=self.clock.now(), most=ITEMS_PER_JOB[lane])
        if batch is None:
            return False
        crash.at("after_claim")
        try:
            self._lists.push(batch)
        except redis.RedisError:
            with self.engine.begin() as connection:
                claims.release(connection, batch)
            raise
        crash.at("after_push")
        return True

    def _recover(self) -> None:
        self._doorstep.leave()
        self._surveyed = -POLL_S
        time.sleep(TROUBLE_S)


def connect(url: str) -> redis.Redis:
    """A line to Redis that gives up at once: waiting is this loop's own business."""
    return redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), socket_timeout=5, socket_connect_timeout=2)


def make_engine(chosen: Settings) -> Engine:
    """The dispatcher's own way to PostgreSQL, as the role that sees every client's queue and nothing else."""
    address = chosen.dispatch_database_url or chosen.database_url
    return create_engine(address, pool_size=2, pool_pre_ping=True, hide_parameters=True)


def main() -> int:
    """Read the settings and dispatch until SIGTERM."""
    chosen = settings.read()
    logs.configure(chosen)
    dispatcher = Dispatcher(make_engine(chosen), connect(chosen.redis_url))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, dispatcher.stop)
    log.info("dispatcher.started")
    dispatcher.serve()
    log.info("dispatcher.stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
