"""Marks of the API's limits in Redis, one script for all limits of a request; this process's own when Redis is away."""

from collections import deque
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
        self._lines: deque[Any] = deque()
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
            marks = self._ask([PREFIX + limit.key for limit in limits], words)
        except redis.RedisError as fault:
            log.warning("rates.local", reason=str(fault))
            self._away_until = now + AWAY_S
            return self._local.take(limits, now=now)
        return [step(limit, float(mark), now=now)[1] for limit, mark in zip(limits, marks, strict=True)]

    def _ask(self, keys: list[str], words: list[Any]) -> Any:
        """Run the script. Each request of the API does, so it is written to the line as it is: the client's own way
        takes as long as the rest of what a request asks of Redis. A server that forgot the script is told it anew."""
        told = _packed([b"EVALSHA", self._script.sha, str(len(keys)), *keys, *words])
        try:
            try:
                return self._say(told)
            except redis.ConnectionError:  # a line that was closed while nobody used it
                return self._say(told)
        except redis.exceptions.NoScriptError:
            return self._script(keys=keys, args=words)

    def _say(self, told: list[bytes]) -> Any:
        """On a line that nobody uses; after a fault it is closed, and opened again by whoever takes it next."""
        try:
            line = self._lines.pop()
        except IndexError:
            line = self._redis.connection_pool.make_connection()
        try:
            line.send_packed_command(told)
            return line.read_response()
        finally:
            self._lines.append(line)


def _packed(words: Sequence[Any]) -> list[bytes]:
    """A command as Redis reads it."""
    told = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return [b"*%d\r\n%b" % (len(told), b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in told))]
