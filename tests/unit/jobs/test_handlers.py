"""Every kind of work that the catalogue names has somebody who does it, in the lane that it is sent to."""

import inspect

import pytest

from jobs.handlers import BY_LANE, HANDLERS
from jobs.lanes import Lane
from jobs.turns import Outside
from tenants.events.catalogue import CONSUMERS

WORK = sorted({(consumer.kind, consumer.lane) for consumers in CONSUMERS.values() for consumer in consumers})


@pytest.mark.parametrize(("kind", "lane"), WORK)
def test_each_kind_is_done_in_its_lane(kind, lane):
    assert kind in BY_LANE[Lane(lane)]


def test_nobody_waits_for_work_that_never_comes():
    assert HANDLERS.keys() == {kind for kind, _ in WORK}


def test_every_handler_says_what_it_is_for():
    for handler in HANDLERS.values():
        steps = (handler.claim, handler.act, handler.settle) if isinstance(handler, Outside) else (handler,)
        assert all(inspect.getdoc(step) for step in steps)
