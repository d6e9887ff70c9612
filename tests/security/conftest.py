"""The stage of the probes, once for all tests of a worker that leave it standing."""

import pytest

from tests.security.probe.run import standing


@pytest.fixture(scope="session")
def stage(servers, worker_id, redis_url):
    """Three clients with one of each thing, and everybody who could ask for one of them."""
    name = f"goodterms_{worker_id}_stage"
    with standing(servers.clone(name), redis_url) as on:
        yield on
    servers.drop(name)
