"""Marks of the API's limits: in Redis and in one process they give the same answers."""

import socket

import pytest

from tenants.adapters.rates import RedisCounter
from tenants.directory.rates import Limit, LocalCounter
from tenants.values import ids

AT = 1_800_000_000.0


@pytest.fixture(params=["redis", "local"])
def counter(request, redis_url):
    return RedisCounter(redis_url) if request.param == "redis" else LocalCounter()


def of(most, name="caller", window=60):
    return Limit(name, f"{name}:{ids.new()}", most, window)


def test_a_burst_is_allowed_and_then_one_share_after_another(counter):
    limit = of(3)
    found = [counter.take([limit], now=AT)[0] for _ in range(4)]
    assert [(each.allowed, each.left, each.reset_s, each.wait_s) for each in found] == [
        (True, 2, 20, 0),
        (True, 1, 40, 0),
        (True, 0, 60, 0),
        (False, 0, 60, 20),
    ]
    assert not counter.take([limit], now=AT + 19)[0].allowed
    assert counter.take([limit], now=AT + 20)[0].allowed


def test_a_request_that_one_limit_refuses_costs_the_other_nothing(counter):
    wide, narrow = of(10), of(1, "client")
    counter.take([wide, narrow], now=AT)
    refused = counter.take([wide, narrow], now=AT)
    assert [each.allowed for each in refused] == [True, False]
    assert counter.take([wide], now=AT)[0].left == 8


def test_holders_do_not_share_their_limits(counter):
    one, other = of(1), of(1)
    counter.take([one], now=AT)
    assert not counter.take([one], now=AT)[0].allowed
    assert counter.take([other], now=AT)[0].allowed


def test_a_line_that_was_closed_meanwhile_is_opened_again(redis_url):
    counter, limit = RedisCounter(redis_url), of(3)
    assert counter.take([limit], now=AT)[0].left == 2
    (line,) = counter._lines
    line._sock.shutdown(socket.SHUT_RDWR)
    assert RedisCounter(redis_url).take([limit], now=AT)[0].left == 1
    assert counter.take([limit], now=AT)[0].left == 0, "counted in Redis, where the others count"


def test_when_redis_is_away_a_process_counts_for_itself():
    counter, limit = RedisCounter("redis://127.0.0.1:1/0"), of(2)
    found = [counter.take([limit], now=AT)[0].allowed for _ in range(3)]
    assert found == [True, True, False]


def test_who_asks_all_the_time_has_some_requests_counted_at_once(redis_url):
    limit = of(800)
    here, there = RedisCounter(redis_url), RedisCounter(redis_url)
    assert [here.take([limit], now=AT + at / 10)[0].left for at in range(3)] == [799, 799, 799], "13 a second drain"
    assert there.take([limit], now=AT + 0.2)[0].left == 800 - 1 - 8 - 1 + 2, "it sees all that was counted here"
    assert [here.take([limit], now=AT + 0.2)[0].left for _ in range(6)] == [798, 797, 796, 795, 794, 793]
    assert here.take([limit], now=AT + 0.2)[0].left == 800 - 10 - 8 + 7 + 2, "eight more, with those of the other"
    later = here.take([limit], now=AT + 60)[0]
    assert (later.allowed, later.left) == (True, 799), "what was not used in time is not kept"


def test_nobody_is_allowed_more_because_some_are_counted_at_once(redis_url):
    limits = [of(400), of(1000, "client")]
    counters = [RedisCounter(redis_url), RedisCounter(redis_url)]
    allowed = sum(counter.take(limits, now=AT)[0].allowed for _ in range(210) for counter in counters)
    assert allowed == 400


def test_the_oldest_purses_are_forgotten_before_memory_is(redis_url, monkeypatch):
    monkeypatch.setattr(RedisCounter, "HOLDERS", 2)
    counter = RedisCounter(redis_url)
    for _ in range(4):
        counter.take([of(1)], now=AT)
    assert len(counter._purses) == 2


def test_the_oldest_holders_are_forgotten_before_memory_is():
    counter = LocalCounter()
    first = of(1)
    counter.take([first], now=AT)
    for _ in range(LocalCounter.HOLDERS):
        counter.take([of(1)], now=AT)
    assert counter.take([first], now=AT)[0].allowed
