"""The doorbell: a poke through Redis that work is waiting. Losing one costs a poll of the dispatcher, never the
work."""

from uuid import UUID

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

CHANNEL = "gt:doorbell"
log = structlog.get_logger(__name__)


class RedisDoorbell:
    """Rings by publishing the tenants' ids; the database stays the only record of what waits."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=0.5, socket_connect_timeout=0.5
        )

    def __call__(self, tenants: set[UUID]) -> None:
        try:
            self._redis.publish(CHANNEL, ",".join(sorted(map(str, tenants))))
        except redis.RedisError as fault:
            log.warning("doorbell.silent", reason=str(fault))


class MemoryDoorbell:
    """Remembers who rang."""

    def __init__(self) -> None:
        self.rung: list[set[UUID]] = []

    def __call__(self, tenants: set[UUID]) -> None:
        self.rung.append(set(tenants))
