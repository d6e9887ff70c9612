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


def test_the_oldest_holders_are_forgotten_before_memory_is():
    counter = LocalCounter()
    first = of(1)
    counter.take([first], now=AT)
    for _ in range(LocalCounter.HOLDERS):
        counter.take([of(1)], now=AT)
    assert counter.take([first], now=AT)[0].allowed
