"""What every test may ask for. The servers are in tests/servers.py, people and clients in tests/cast.py."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as tries

pytest_plugins = ["tests.servers"]
if (Path(__file__).parent / "cast.py").exists():
    pytest_plugins.append("tests.cast")

LONGEST_FIRST = (
    *("tests/browser", "tests/journeys", "tests/chaos", "tests/security", "tests/chart", "tests/console"),
    *("tests/unit/service/test_permission_walk.py", "tests/unit/service"),
)
"""Files of few long tests: begun last, one of them would keep one core waiting for the other."""

WHOLE_WAYS = ("tests/browser", "tests/chart", "tests/chaos", "tests/console", "tests/journeys")
"""Coverage is what the tests of units, adapters and walls reach: a ledger's whole way says little about lines, and to
count them takes as long as to walk it."""

tries.register_profile(
    "house",
    derandomize=not os.environ.get("GOODTERMS_FULL"),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
tries.load_profile("house")
"""What holds today holds tomorrow and on a slow machine too: the same examples each time, and no clock beside them.
GOODTERMS_FULL=1 looks for others."""

HUNG = {"tenants.directory.data_keys": "_ring", "tenants.events.history_chain": "_seal"}


def pytest_collection_modifyitems(items):
    """Whatever takes long is begun first."""
    places = list(enumerate(LONGEST_FIRST))
    items.sort(key=lambda item: next((at for at, name in places if item.nodeid.startswith(name)), len(places)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    """Stop counting lines while a whole way is walked, and whatever it asks for is made."""
    counting = getattr(item.config.pluginmanager.getplugin("_cov"), "cov_controller", None)
    if counting is None or not item.nodeid.startswith(WHOLE_WAYS):
        return (yield)
    counting.pause()
    try:
        return (yield)
    finally:
        counting.resume()


def hung():
    """The keys that the process holds, by the room that holds them."""
    held = {room: getattr(sys.modules[room], name) for room, name in HUNG.items() if room in sys.modules}
    return {room: getattr(each, "public", each) for room, each in held.items()}


@pytest.fixture(autouse=True)
def same_keys():
    """A test that leaves other keys behind fails itself, not whoever comes after it."""
    before = hung()
    yield
    after = hung()
    assert [room for room, held in before.items() if held not in (None, after[room])] == []
