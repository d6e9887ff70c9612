"""Marks of the API's limits in Redis, one script for all limits of a request; this process's own when Redis is away.

A holder who asks all the time has a few requests counted at once, as long as half of every limit is left: to ask Redis
takes longer than most of what else a request does.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, ClassVar

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.directory.rates import Limit, LocalCounter, Standing, ahead, step

PREFIX = "gt:rate:"
AWAY_S = 5.0
"""How long Redis is left alone after it did not answer: a request must not wait for it again and again."""
AHEAD_S = 1.0
"""How long requests that were counted beforehand are good."""
SCRIPT = """
local now, many, marks = tonumber(ARGV[1]), tonumber(ARGV[2]), {}
for i = 1, #KEYS do
  marks[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now)
end
local function fits(count, part)
  for i = 1, #KEYS do
    local share, window = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
    if marks[i] + count * share - now > part * window + 1e-9 then return false end
  end
  return true
end
if many > 1 and not fits(many, 0.5) then many = 1 end
if fits(many, 1) then
  for i = 1, #KEYS do
    local share, window = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
    redis.call('SET', KEYS[i], string.format('%.6f', marks[i] + many * share), 'PX', math.ceil(window * 2000))
  end
end
marks[#KEYS + 1] = many
for i = 1, #marks do marks[i] = string.format('%.6f', marks[i]) end
return table.concat(marks, ' ')
"""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Purse:
    """Requests that were counted at once: from which marks on, when, how many of them, and how many have come."""

    marks: Sequence[float]
    at: float
    held: int
    come: int = 1


class RedisCounter:
    """Counts over all processes; a Redis that is away makes every process count for itself."""

    HOLDERS: ClassVar[int] = 10_000

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=0.25, socket_connect_timeout=0.25
        )
        self._script = self._redis.register_script(SCRIPT)
        self._lines: deque[Any] = deque()
        self._local = LocalCounter()
        self._away_until = 0.0
        self._purses: OrderedDict[tuple[str, ...], Purse] = OrderedDict()
        self._lock = Lock()

    def take(self, limits: Sequence[Limit], *, now: float) -> Sequence[Standing]:
        """Count one request."""
        holder = tuple(limit.key for limit in limits)
        with self._lock:
            purse = self._purses.get(holder)
            is_busy = purse is not None and 0 <= now - purse.at < AHEAD_S
            if purse is not None and is_busy and purse.come < purse.held:
                purse.come += 1
                return _standings(limits, purse, now)
        if now < self._away_until:
            return self._local.take(limits, now=now)
        try:
            purse = self._count(limits, ahead(limits) if is_busy else 1, now=now)
        except redis.RedisError as fault:
            log.warning("rates.local", reason=str(fault))
            self._away_until = now + AWAY_S
            return self._local.take(limits, now=now)
        with self._lock:  # of two at the same moment one purse is lost, and counts for nobody
            self._purses[holder] = purse
            self._purses.move_to_end(holder)
            while len(self._purses) > self.HOLDERS:
                self._purses.popitem(last=False)
            return _standings(limits, purse, now)

    def _count(self, limits: Sequence[Limit], many: int, *, now: float) -> Purse:
        """So many requests, or only this one. Raises RedisError."""
        words: list[Any] = [f"{now:.6f}", many]
        for limit in limits:
            words += [f"{limit.window_s / limit.most:.6f}", limit.window_s]
        *marks, held = map(float, self._ask([PREFIX + limit.key for limit in limits], words).split())
        return Purse(marks, now, int(held))

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


def _standings(limits: Sequence[Limit], purse: Purse, now: float) -> list[Standing]:
    """How the holder stands with the last request that has come."""
    behind = purse.come - 1
    return [
        step(limit, mark + behind * limit.window_s / limit.most, now=now)[1]
        for limit, mark in zip(limits, purse.marks, strict=True)
    ]


def _packed(words: Sequence[Any]) -> list[bytes]:
    """A command as Redis reads it."""
    told = [word if isinstance(word, bytes) else str(word).encode() for word in words]
    return [b"*%d\r\n%b" % (len(told), b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in told))]
