"""A short run of what `./goodterms fuzz api` does at length."""

import pytest

from tests.security.fuzz import ROLES, Fuzz
from tests.security.probe.run import standing


@pytest.fixture(scope="module")
def stage(servers, worker_id, redis_url):
    name = f"goodterms_{worker_id}_fuzz"
    with standing(servers.clone(name), redis_url) as on:
        yield on
    servers.drop(name)


def test_no_answer_is_a_fault_of_ours_or_untold(stage):
    told = Fuzz(stage, number=7).run(cases=1, every=15).as_data()
    assert told["found"] == []
    assert told["cases"] > 2 * len(ROLES) and told["pass"]
    assert {"200", "401", "404", "422"} <= told["statuses"].keys()
