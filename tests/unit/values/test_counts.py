"""Counts in words."""

import pytest

from tenants.values.counts import counted, noun


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("customer",), "0 customers"),
        (1, ("customer",), "1 customer"),
        (1204, ("customer",), "1,204 customers"),
        (1, ("letter waits", "letters wait"), "1 letter waits"),
        (2, ("letter waits", "letters wait"), "2 letters wait"),
        (-1, ("day",), "-1 day"),
    ],
)
def test_a_count_agrees_with_its_word(number, words, said):
    assert counted(number, *words) == said
    assert said.endswith(noun(number, *words))
