"""The delivery tests' own fixtures: a post office in Alder's books, with a gate that can be told what to say."""

import pytest

from tests.unit.delivery.post import Post


@pytest.fixture
def post(alder, shell, settings, tmp_path):
    return Post(alder, settings, tmp_path)
