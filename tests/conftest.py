"""What every test may ask for. The servers are in tests/servers.py, people and clients in tests/cast.py."""

import sys
from pathlib import Path

import pytest

pytest_plugins = ["tests.servers"]
if (Path(__file__).parent / "cast.py").exists():
    pytest_plugins.append("tests.cast")

LONGEST_FIRST = ("tests/browser", "tests/journeys", "tests/chaos", "tests/security", "tests/chart", "tests/console")
"""Files of few long tests: begun last, one of them would keep one core waiting for the other."""

HUNG = {"tenants.directory.data_keys": "_ring", "tenants.events.history_chain": "_seal"}


def pytest_collection_modifyitems(items):
    """Whatever takes long is begun first."""
    last = len(LONGEST_FIRST)
    places = {name: place for place, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: places.get("/".join(item.nodeid.split("/")[:2]), last))


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
