"""The dispatcher and its lists: short, for those who listen, and patient with Redis and PostgreSQL."""

import json
from uuid import uuid4

import psycopg
import pytest
import redis
from rq import Worker
from sqlalchemy import create_engine

from jobs import dispatcher as dispatching
from jobs import lists, runtime
from jobs.dispatcher import Dispatcher, Doorstep
from jobs.insight import noop
from jobs.lanes import Lane
from jobs.runtime import Runtime
from jobs.worker import LaneWorker, main, make_worker

NOWHERE = "redis://127.0.0.1:1/0"


@pytest.fixture(autouse=True)
def nothing_else_waits(database_urls):
    """Work that other tests left ready would be handed out first, and the lists are short."""
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("DELETE FROM app.work_item WHERE state IN ('ready', 'leased')")


@pytest.fixture
def line(redis_url):
    """An empty Redis."""
    with redis.Redis.from_url(redis_url) as connection:
        connection.flushdb()
        yield connection
        connection.flushdb()


@pytest.fixture
def worker(line, settings):
    """A worker of the insight lane, born but not working."""
    born = make_worker(Lane.INSIGHT, settings)
    born.register_birth()
    yield born
    born.register_death()
    born.connection.close()


@pytest.fixture
def dispatcher(floor, line):
    """A dispatcher whose steps the test makes."""
    made = Dispatcher(floor.engine, line, clock=floor.clock)
    yield made
    made._doorstep.leave()


def ours(line, tenant):
    """The items of one client that lie in the list of the insight lane, job by job."""
    jobs = [line.hget(f"rq:job:{job.decode()}", "data") for job in line.lrange("rq:queue:gt-insight", 0, -1)]
    from zlib import decompress

    batches = [json.loads(decompress(job))[2][1] for job in jobs]
    return [[item for who, item, *_ in batch if who == str(tenant)] for batch in batches]


def test_where_nobody_listens_nothing_is_claimed(dispatcher, floor, alder, line):
    floor.record(alder, "a")
    assert dispatcher.round() is False
    assert floor.states(alder) == {"a": ("ready", 0, None)}


def test_work_lies_in_short_lists(dispatcher, floor, alder, line, worker, monkeypatch):
    monkeypatch.setitem(lists.ITEMS_PER_JOB, Lane.INSIGHT, 3)
    floor.record(alder, *map(str, range(20)))
    assert dispatcher.round() is True
    assert line.llen("rq:queue:gt-insight") == lists.JOBS_PER_WORKER
    dispatcher.round()
    assert line.llen("rq:queue:gt-insight") == lists.JOBS_PER_WORKER


def test_what_lies_in_redis_are_ids_in_json(dispatcher, floor, alder, line, worker):
    floor.record(alder, "a", secret="an amount")
    dispatcher.round()
    ((item,),) = [batch for batch in ours(line, alder) if batch]
    assert len(item) == 36
    assert b"an amount" not in b"".join(line.hget(key, "data") for key in line.scan_iter("rq:job:*"))


def test_a_listener_is_remembered_when_redis_forgets(dispatcher, floor, alder, line, worker):
    floor.record(alder, "a")
    dispatcher.round()
    line.flushdb()
    floor.record(alder, "b")
    dispatcher._rang = {alder}
    dispatcher.round()
    assert floor.states(alder)["b"][0] == "leased"


def test_a_worker_that_was_forgotten_says_that_it_lives(line, worker):
    line.flushdb()
    worker.heartbeat()
    assert Worker.count(connection=line, queue=worker.queues[0]) == 1


def test_a_batch_that_redis_refuses_goes_back(dispatcher, floor, alder, worker, monkeypatch):
    def refuse(batch):
        raise redis.ConnectionError("gone")

    floor.record(alder, "a")
    monkeypatch.setattr(dispatcher._lists, "push", refuse)
    with pytest.raises(redis.ConnectionError):
        dispatcher.round()
    assert floor.states(alder) == {"a": ("ready", 0, None)}


def test_a_batch_goes_through_rq_to_its_end(dispatcher, floor, alder, line, worker, monkeypatch):
    floor.record(alder, "a", "b", mark="through rq")
    dispatcher.round()
    runtime.settle_in(Runtime(floor.shell, floor.tools, handlers={"noop": noop}))
    monkeypatch.setattr(worker, "_install_signal_handlers", lambda: None)
    worker.register_death()
    worker.work(burst=True, logging_level="ERROR")
    assert floor.done(alder) == ["through rq"] * 2
    assert not list(line.scan_iter("rq:job:*")), "no result is kept"


def test_rq_without_our_process_around_it_is_refused(monkeypatch):
    monkeypatch.setattr(runtime, "_here", None)
    with pytest.raises(RuntimeError, match=r"jobs\.worker"):
        runtime.run_batch(str(uuid4()), [])


def test_a_ring_names_the_clients_and_noise_is_ignored(line, alder, birch, monkeypatch):
    # A late ring of an earlier test may still be under way on the common channel: this test has one of its own.
    monkeypatch.setattr(dispatching, "CHANNEL", f"ring:{alder}")
    doorstep = Doorstep(line)
    doorstep.listen(0.1)
    for words in (str(alder), "nonsense", f"{alder},{birch}"):
        line.publish(dispatching.CHANNEL, words)
    heard = set()
    for _ in range(20):  # what is still on its way when the first is read is heard by the next listening
        heard |= doorstep.listen(0.5)
        if birch in heard:
            break
    assert heard == {alder, birch}
    doorstep.leave()
    assert doorstep.listen(0.01) == set()
    doorstep.leave()


@pytest.mark.parametrize("broken", ["redis", "postgres", "code"])
def test_trouble_does_not_end_the_dispatcher(broken, floor, line, monkeypatch):
    monkeypatch.setattr(dispatching, "TROUBLE_S", 0.01)
    connection = dispatching.connect(NOWHERE) if broken == "redis" else line
    engine = create_engine("postgresql://nobody@127.0.0.1:1/none") if broken == "postgres" else floor.engine
    one = Dispatcher(engine, connection, clock=floor.clock)
    rounds = []

    def counted():
        rounds.append(1)
        if len(rounds) == 3:
            one.stop()
        if broken == "code":
            raise ValueError("a fault of ours")
        return Dispatcher.round(one)

    monkeypatch.setattr(one, "round", counted)
    one.serve()
    assert len(rounds) == 3


def test_an_idle_dispatcher_waits_for_the_bell(dispatcher, line, monkeypatch):
    waits = []

    def listen(patience):
        waits.append(patience)
        dispatcher.stop()
        return set()

    monkeypatch.setattr(dispatcher._doorstep, "listen", listen)
    dispatcher.serve()
    assert waits == [dispatching.POLL_S]


def test_a_worker_of_no_lane_is_told_the_lanes(capsys):
    assert main(["kitchen"]) == 2
    assert "intake|delivery|rules" in capsys.readouterr().err


def test_a_worker_that_was_not_asked_to_stop_is_not_stopping(worker):
    assert isinstance(worker, LaneWorker)
    assert not worker.is_stopping()
