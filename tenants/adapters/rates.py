"""Marks of the API's limits in Redis, one script for all limits of a request; this process's own when Redis is away."""

from collections.abc import Sequence
from typing import Any

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.directory.rates import Limit, LocalCounter, Standing, step

PREFIX = "gt:rate:"
AWAY_S = 5.0
"""How long Redis is left alone after it did not answer: a request must not wait for it again and again."""
SCRIPT = """
local now, marks, full = tonumber(ARGV[1]), {}, false
for i = 1, #KEYS do
  local share, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  local mark = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
  marks[i] = tostring(mark)
  if mark + share - now > window + 1e-9 then full = true end
end
if not full then
  for i = 1, #KEYS do
    local share, window = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
    redis.call('SET', KEYS[i], string.format('%.6f', tonumber(marks[i]) + share), 'PX', math.ceil(window * 2000))
  end
end
return marks
"""
log = structlog.get_logger(__name__)


class RedisCounter:
    """Counts over all processes; a Redis that is away makes every process count for itself."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=0.25, socket_connect_timeout=0.25
        )
        self._script = self._redis.register_script(SCRIPT)
        self._local = LocalCounter()
        self._away_until = 0.0

    def take(self, limits: Sequence[Limit], *, now: float) -> Sequence[Standing]:
        """Count one request."""
        if now < self._away_until:
            return self._local.take(limits, now=now)
        words: list[Any] = [f"{now:.6f}"]
        for limit in limits:
            words += [f"{limit.window_s / limit.most:.6f}", limit.window_s]
        try:
            marks: Any = self._script(keys=[PREFIX + limit.key for limit in limits], args=words)
        except redis.RedisError as fault:
            log.warning("rates.local", reason=str(fault))
            self._away_until = now + AWAY_S
            return self._local.take(limits, now=now)
        return [step(limit, float(mark), now=now)[1] for limit, mark in zip(limits, marks, strict=True)]
