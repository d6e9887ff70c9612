"""Processes die, Redis forgets: nothing is lost, nothing is done twice, and the work goes on within thirty seconds."""

import os
import random
import signal
import time
from collections import Counter

import pytest

from tests.chaos.plant import RECOVERY_S

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(180)]
KILLS = int(os.environ.get("GOODTERMS_CHAOS", "0"))

AFTER = """
SELECT count(*) FROM app.work_item WHERE finished_at > (
  SELECT max(finished_at) FROM app.work_item WHERE tenant_id = ANY(%s)) AND tenant_id = %s
"""
DISPATCHER_POINTS = ("before_claim", "after_claim", "after_push")
WORKER_POINTS = ("batch_started", "before_take:3", "before_commit:3", "after_commit:3")
OUTSIDE_POINTS = ("after_intent:2", "after_act:2", "before_settled:2", "after_settled:2")


def died(plant, processes):
    """Wait until all of these have killed themselves."""
    plant.until(lambda: all(process.poll() is not None for process in processes), "they die")
    assert [process.returncode for process in processes] == [-signal.SIGKILL] * len(processes)


def test_whoever_dies_wherever_no_work_is_lost_or_done_twice(plant, clients):
    for client in clients:
        plant.record(client, "w", items=250)
    workers = [plant.start("jobs.worker", "insight", crash_at=point) for point in WORKER_POINTS]
    plant.until(lambda: plant.listeners() == len(workers), "the workers listen")
    dispatchers = [plant.start("jobs.dispatcher", crash_at=point) for point in DISPATCHER_POINTS]
    died(plant, dispatchers)
    plant.start("jobs.dispatcher")
    writer = plant.start("tests.chaos.writer", str(clients[0]), "killed", "100000")
    died(plant, workers)
    writer.send_signal(signal.SIGKILL)
    plant.start("jobs.worker", "insight")
    took = plant.until_done()
    assert plant.effects().keys() == {1}
    acknowledged = next(log for log in plant.home.glob("tests.chaos.writer-*") if "killed" in log.read_text())
    said = {line for line in acknowledged.read_text().splitlines() if line.startswith("killed")}
    kept = {key for (key,) in plant.ask("SELECT dedupe_key FROM app.work_item WHERE dedupe_key LIKE 'killed%%'")}
    assert said <= kept and len(kept) <= len(said) + 1
    assert took <= RECOVERY_S


def test_a_letter_is_posted_at_most_once_wherever_its_sender_dies(plant, clients):
    box = plant.home / "box.txt"
    senders = [plant.start("tests.chaos.sender", str(box), crash_at=point) for point in OUTSIDE_POINTS]
    plant.until(lambda: plant.listeners() == len(senders), "the senders listen")
    plant.start("jobs.dispatcher")
    for number in range(len(senders)):
        plant.record(clients[0], f"{number}-", items=5)
        plant.until(lambda dead=number: sum(one.poll() is not None for one in senders) > dead, "one sender dies")
    died(plant, senders)
    plant.start("tests.chaos.sender", str(box))
    assert plant.until_done() <= RECOVERY_S
    assert plant.effects().keys() == {1}
    assert set(Counter(box.read_text().split()).values()) == {1}
    posted = len(box.read_text().split())
    held = plant.ask("SELECT count(*) FROM app.history WHERE reason = 'held for a person'")[0][0]
    assert 18 <= posted <= 20
    assert held <= 3, "only those whose sender died between intent and result"


def test_an_emptied_or_restarted_redis_only_delays(plant, clients):
    plant.works(workers=2)
    plant.start("jobs.dispatcher")
    writers = [plant.start("tests.chaos.writer", str(tenant), "w", "600") for tenant in clients]
    time.sleep(1.5)
    plant.flush()
    time.sleep(1)
    plant.restart_redis()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0], "recording needs no Redis"
    assert plant.until_done() <= RECOVERY_S
    assert plant.effects() == {1: 1800}


def test_a_worker_asked_to_stop_ends_soon_and_hands_back_what_it_has_not_begun(plant, clients):
    for client in clients:
        plant.record(client, "w", items=200)
    plant.works()
    dispatcher = plant.start("jobs.dispatcher")
    plant.until(lambda: plant.states()["done"] > 0, "work is under way")
    first = plant.processes[-2]
    first.send_signal(signal.SIGTERM)
    assert first.wait(60) == 0
    plant.works()
    took = plant.until_done()
    dispatcher.send_signal(signal.SIGTERM)
    assert dispatcher.wait(60) == 0
    assert plant.effects() == {1: 600}
    assert plant.ask("SELECT max(attempts) FROM app.work_item") == [(1,)]
    assert took < 25


def test_a_flood_at_alder_does_not_make_the_others_wait(plant, clients):
    alder, birch, cedar = clients
    plant.record(alder, "w", items=1500)
    plant.works()
    worker = plant.processes[-1]
    worker.send_signal(signal.SIGSTOP)  # or a quick one would be through the flood before the others are there
    plant.start("jobs.dispatcher")
    plant.until(lambda: plant.states()["leased"] > 100, "the flood is handed out")
    plant.record(birch, "w", items=5)
    plant.record(cedar, "w", items=5)
    worker.send_signal(signal.SIGCONT)
    plant.until_done()
    after = plant.ask(AFTER, [birch, cedar], alder)[0][0]
    assert after > 300, "in the order of arrival it would be none"


@pytest.mark.skipif(not KILLS, reason="random kills run with GOODTERMS_CHAOS=100, or however many are wanted")
@pytest.mark.timeout(3600)
def test_random_kills_under_load(plant, clients):
    writers = [plant.start("tests.chaos.writer", str(tenant), "w", "20000") for tenant in clients]
    kinds = [("jobs.dispatcher",), ("jobs.dispatcher",), ("jobs.worker", "insight"), ("jobs.worker", "insight")]
    running = [(kind, plant.start(*kind)) for kind in kinds]
    for _ in range(KILLS):
        time.sleep(random.uniform(0.5, 3))
        place = random.randrange(len(running))
        kind, process = running[place]
        process.send_signal(signal.SIGKILL)
        process.wait(10)
        running[place] = (kind, plant.start(*kind))
    for writer in writers:
        writer.send_signal(signal.SIGKILL)
    plant.until_done(patience=300)
    assert plant.effects().keys() == {1}
