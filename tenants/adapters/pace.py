"""Marks of the sending rate: in Redis for all workers together, in this process alone where Redis is away; and what the
account of Amazon SES, or a setting, allows."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import boto3
import redis
import structlog
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from redis.backoff import NoBackoff
from redis.retry import Retry

from tenants.delivery.pacing import Limit, Pace, Quota, step
from tenants.settings import Settings

PREFIX, AGAIN = "gt:pace:", "gt:pace:again:"
AWAY_S = 5.0
"""How long Redis is left alone after it did not answer."""
KNOWN_S = 300.0
"""How long the account's answer counts: SES takes one such question a second from everybody together."""
UNKNOWN = Quota(per_second=0.0)
"""An account that cannot be asked is not slowed by a guess: SES refuses what is too fast, and that is waited out."""
SCRIPT = """
local now, wait = tonumber(ARGV[1]), 0
local after = {}
for i = 1, #KEYS / 2 do
  local share, ahead = tonumber(ARGV[2 * i]), tonumber(ARGV[2 * i + 1])
  after[i] = math.max(tonumber(redis.call('GET', KEYS[i]) or '0'), now) + share
  if after[i] - now > ahead + 1e-9 then
    local again = math.max(tonumber(redis.call('GET', KEYS[#KEYS / 2 + i]) or '0'), now) + share
    redis.call('SET', KEYS[#KEYS / 2 + i], string.format('%.6f', again), 'PX', math.ceil((again - now + 60) * 1000))
    wait = math.max(wait, again - now)
  end
end
if wait == 0 then
  for i = 1, #KEYS / 2 do
    redis.call('SET', KEYS[i], string.format('%.6f', after[i]), 'PX', math.ceil((after[i] - now + 60) * 1000))
  end
end
return string.format('%.6f', wait)
"""
log = structlog.get_logger(__name__)


class LocalMarks:
    """Marks in this process alone."""

    HOLDERS = 10_000

    def __init__(self) -> None:
        self._marks: OrderedDict[str, float] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, limits: Sequence[Limit], *, now: float) -> float:
        """Count one mail."""
        with self._lock:
            steps = [(limit, *step(limit, self._marks.get(limit.key, 0.0), now=now)) for limit in limits]
            waits = [self._again(limit, now) for limit, _, full in steps if full]
            if not waits:
                self._marks.update({limit.key: after for limit, after, _ in steps})
            while len(self._marks) > self.HOLDERS:
                self._marks.popitem(last=False)
        return max(waits, default=0.0)

    def _again(self, limit: Limit, now: float) -> float:
        key = AGAIN + limit.key
        self._marks[key] = max(self._marks.get(key, 0.0), now) + limit.share_s
        return self._marks[key] - now


class RedisMarks:
    """Marks for all workers; a Redis that is away makes each of them count for itself."""

    def __init__(self, url: str) -> None:
        self._redis = redis.Redis.from_url(
            url, retry=Retry(NoBackoff(), 0), socket_timeout=0.25, socket_connect_timeout=0.25
        )
        self._script = self._redis.register_script(SCRIPT)
        self._local, self._away_until = LocalMarks(), 0.0

    def take(self, limits: Sequence[Limit], *, now: float) -> float:
        """Count one mail."""
        if not limits or now < self._away_until:
            return self._local.take(limits, now=now)
        words: list[Any] = [f"{now:.6f}"]
        for limit in limits:
            words += [f"{limit.share_s:.6f}", f"{limit.ahead_s:.6f}"]
        names = [PREFIX + limit.key for limit in limits] + [AGAIN + limit.key for limit in limits]
        try:
            return float(self._script(keys=names, args=words))
        except redis.RedisError as fault:
            log.warning("pace.local", reason=str(fault))
            self._away_until = now + AWAY_S
            return self._local.take(limits, now=now)


class FixedAccount:
    """What a setting allows; 0 is any number."""

    def __init__(self, per_second: float) -> None:
        self._quota = Quota(per_second)

    def quota(self) -> Quota:
        """Always the same."""
        return self._quota


class SesAccount:
    """What SES says that the account may send, asked seldom."""

    def __init__(self, *, region: str, endpoint: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._region, self._endpoint, self._clock = region, endpoint, clock
        self._known, self._asked_at = UNKNOWN, float("-inf")

    def quota(self) -> Quota:
        """What it allows now, as far as it is known."""
        if self._clock() - self._asked_at > KNOWN_S:
            self._asked_at = self._clock()
            try:
                self._known = _read(self._client.get_account())
            except (ClientError, BotoCoreError) as fault:
                log.warning("ses.quota_unknown", reason=str(fault)[:200])
        return self._known

    @cached_property
    def _client(self) -> Any:
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=3, read_timeout=5)
        session = boto3.session.Session()
        return session.client("sesv2", region_name=self._region, endpoint_url=self._endpoint or None, config=config)


def _read(said: dict[str, Any]) -> Quota:
    quota = said.get("SendQuota") or {}
    per_day = float(quota.get("Max24HourSend") or 0)
    closed = said.get("SendingEnabled") is False or said.get("EnforcementStatus") == "SHUTDOWN"
    return Quota(float(quota.get("MaxSendRate") or 1), max(per_day, 0.0), open=not closed)


def pace_of(settings: Settings) -> Pace:
    """The pace of the mailer that the settings name."""
    if settings.mailer == "ses" and not settings.mail_per_second:
        account: FixedAccount | SesAccount = SesAccount(region=settings.aws_region, endpoint=settings.aws_endpoint)
    else:
        account = FixedAccount(settings.mail_per_second)
    return Pace(account, RedisMarks(settings.redis_url))
