"""The rows of a long list are read one by one or column by column."""

import pytest

from tenants.values.tables import Table

OPEN = Table(["number", "open_minor"], [("A-1", 100_00), ("A-2", 250_00), ("A-3", 0)])


def test_a_row_is_a_dictionary_wherever_it_is_looked_at():
    assert OPEN[1] == {"number": "A-2", "open_minor": 250_00} == list(OPEN)[1]
    assert OPEN[-1]["number"] == "A-3" and len(OPEN) == 3


def test_a_part_of_it_is_such_a_table_again():
    assert isinstance(OPEN[:2], Table) and [row["number"] for row in OPEN[:2]] == ["A-1", "A-2"]
    assert not OPEN[3:]


def test_columns_come_in_the_order_in_which_they_are_asked_for():
    assert OPEN.columns(["open_minor", "number"]) == [(100_00, 250_00, 0), ("A-1", "A-2", "A-3")]


def test_a_column_that_is_not_there_is_named():
    with pytest.raises(KeyError, match="due_on"):
        OPEN.columns(["due_on"])
