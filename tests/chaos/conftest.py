"""Each kill test has a database, a Redis and processes of its own."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from console.servers import start_redis
from tenants.values import ids
from tests.chaos.plant import Plant, tenant_of
from tests.keeper import copies


@pytest.fixture
def plant(fresh_database: dict[str, str]) -> Iterator[Plant]:
    """An empty plant."""
    home = Path(tempfile.mkdtemp(prefix="goodterms-chaos-"))
    home.chmod(0o755)
    running = Plant(home, fresh_database, start_redis(home, durable=False, keep=copies()))
    yield running
    running.end()
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def clients(plant: Plant) -> list:
    """Three clients whose work is done here."""
    return [tenant_of(plant.urls, name, ids.new()) for name in ("alder", "birch", "cedar")]
