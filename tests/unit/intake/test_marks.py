"""Counting keys in eight bytes each."""

from hypothesis import given
from hypothesis import strategies as st

from tenants.intake.marks import Marks


@given(st.lists(st.text(max_size=3)))
def test_marks_count_as_sets_do(keys):
    marks = Marks()
    for key in keys:
        marks.add(key)
    assert marks.distinct() == len(set(keys))
    assert marks.repeated() == {hash(key) for key in keys if keys.count(key) > 1}
