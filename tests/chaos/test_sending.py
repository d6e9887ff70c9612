"""Mails by a failing provider while everybody is killed: the whole command at a short size, and how it judges."""

import os
import random

import pytest

from console.chaos import provider, sending
from console.chaos.provider import Provider
from console.chaos.sending import Plan

FULL = bool(os.environ.get("GOODTERMS_FULL"))
KILLS = FULL or bool(os.environ.get("GOODTERMS_CHAOS"))
TRUTH = {"calls": 3, "faults": {}, "events": {}, "taken": {"a": 1, "b": 2}}


@pytest.mark.chaos
@pytest.mark.skipif(not KILLS, reason="minutes of kills run with GOODTERMS_CHAOS=1")
@pytest.mark.timeout(1800)
def test_nothing_is_lost_or_doubled_whoever_dies():
    found = sending.run(Plan(2000, 200, 0.3, 1) if FULL else Plan(45, 5, 0.3, 1))
    assert sending.sound(found), found
    assert found["kills"] >= 5 and found["taken"] > 30 and sum(found["faults"].values()) > 40


def test_a_mail_that_was_said_to_be_sent_and_was_not_is_lost():
    found = sending.judge({"a": "sent", "b": "delivered", "c": "sent", "d": "queued"}, TRUTH, wanted=4, kills=0)
    assert (found["lost"], found["doubled"], found["denied"]) == (2, 1, 0)
    assert not sending.sound(found | {"unsettled": 0, "dead_letters": 0})


def test_a_mail_that_was_taken_and_is_said_to_have_failed_is_denied():
    found = sending.judge({"a": "failed", "b": "held"}, TRUTH, wanted=2, kills=0)
    assert (found["lost"], found["denied"], found["held"]) == (0, 1, 1)


def test_too_few_mails_are_no_proof():
    whole = sending.judge({"a": "sent"}, {**TRUTH, "taken": {"a": 1}}, wanted=2, kills=0)
    assert not sending.sound(whole | {"unsettled": 0, "dead_letters": 0})
    assert sending.sound(whole | {"unsettled": 0, "dead_letters": 0, "wanted": 1})


def test_the_provider_fails_as_often_as_it_was_told_and_tells_late_twice_or_never():
    one = Provider(0.3, random.Random(3))
    faults = [one.fault() for _ in range(1000)]
    assert 200 < sum(map(bool, faults)) < 400 and set(faults) == {"", *provider.FAULTS}
    asked = {"Content": {"Raw": {"Data": ""}}, "Destination": {"ToAddresses": ["dana@dune.test"]}}
    for _ in range(300):
        one.take(asked)
    said = one.truth()
    assert said["taken"] == {"?": 300}
    assert said["events"]["made"] == 600 and min(said["events"][name] for name in ("lost", "doubled", "late")) > 0
