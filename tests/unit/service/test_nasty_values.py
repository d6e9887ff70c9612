"""Whatever stands in one place of a request, the answer is a yes or a calm no, never a fault of ours.

Each place is tried with a part of the values, another part at the next place; GOODTERMS_FULL=1 tries all at each.
"""

import copy
import itertools
import os

import pytest

from service.endpoint import SAFE
from tests.cast import engage
from tests.unit.service import asking
from tests.unit.service.asking import ASKS, address

NASTY = [
    "",
    "x" * 5000,
    "Zoë\u202e’; DROP TABLE invoice;--%s%(x)s:tenant {0} $1",
    "\x01\x7f\ufffe",
    -1,
    2**62,
    True,
    [[]],
    {"": None},
    "0001-01-01",
    "9999-12-31",
    {"amount": "92233720368547758.07", "currency": "EUR"},
    {"amount": "-1.00", "currency": "EUR"},
]
PARTS = 1 if os.environ.get("GOODTERMS_FULL") else 4
ASKED = ["", "x" * 3000, "%", "-1", "9" * 30, "0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "true"]


@pytest.fixture
def browser(alder_world, as_):
    """Somebody who may do everything in Alder."""
    tenant = alder_world.tenant
    return as_(engage("Omar Quist", *((tenant, role) for role in ("specialist_manager", "tenant_admin"))))


def places(node, at=()):
    """The way to each value of a document."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        yield (*at, key)
        yield from places(value, (*at, key))


def put(document, way, value):
    changed = copy.deepcopy(document)
    node = changed
    for step in way[:-1]:
        node = node[step]
    node[way[-1]] = value
    return changed


def test_no_value_in_a_body_makes_us_fail(alder_world, browser):
    failed, sent, turn = [], 0, itertools.count()
    for name, route in asking.ROUTES.items():
        if route.accepts is None or name in ("draft_rule", "try_document"):
            continue
        ask = ASKS[name](alder_world)
        optional = {key: None for key in route.accepts().fields if key not in (ask.body or {})}
        for way in places({**ask.body, **optional}):
            for value in NASTY[next(turn) % PARTS :: PARTS]:
                body = put({**ask.body, **optional}, way, value)
                body = {key: part for key, part in body.items() if key == way[0] or key not in optional}
                answer = browser.send(route.method, address(route, alder_world, ask), json=body)
                sent += 1
                if answer.status_code >= 500:
                    failed.append(f"{name} {way}: {value!r:.60} → {answer.status_code}")
    assert failed == [] and sent > 500


def test_no_value_in_a_question_makes_us_fail(alder_world, browser):
    failed, turn = [], itertools.count()
    for name, route in asking.ROUTES.items():
        if route.query is None or route.method not in SAFE:
            continue
        ask = ASKS[name](alder_world)
        for key in route.query().fields:
            for value in ASKED[next(turn) % PARTS :: PARTS]:
                asked = asking.Ask(ask.path, {**ask.query, key: value})
                answer = browser.get(address(route, alder_world, asked))
                if answer.status_code >= 500:
                    failed.append(f"{name} {key}: {value!r:.60} → {answer.status_code}")
    assert failed == []
