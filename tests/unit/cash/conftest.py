"""Alder's till."""

import pytest

from tests.unit.cash.books import Till


@pytest.fixture
def till(alder, in_alder, now, today):
    """Where Alder's money comes in."""
    return Till(alder, in_alder, now, today)
