"""How ids are written and read back."""

import os
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenants.values import ids


def test_an_id_is_a_version_seven_uuid():
    assert ids.new().version == 7


def test_later_ids_are_greater():
    made = [ids.new() for _ in range(2000)]
    assert made == sorted(made)
    assert len(set(made)) == 2000


def test_a_forked_worker_does_not_repeat_its_parents_ids():
    receive, send = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(send, b"".join(ids.new().bytes for _ in range(100)))
        os._exit(0)
    own = {ids.new().bytes for _ in range(100)}
    os.waitpid(child, 0)
    told = os.read(receive, 1600)
    os.close(receive)
    os.close(send)
    assert not own & {told[at : at + 16] for at in range(0, 1600, 16)}


@given(st.uuids())
def test_what_is_shown_can_be_read(value):
    text = ids.show("inv", value)
    assert text.startswith("inv_") and text == text.lower() and len(text) == 30
    assert ids.read("inv", text) == value


@given(st.uuids(), st.uuids())
def test_the_written_form_sorts_like_the_id(one, other):
    assert (ids.show("inv", one) < ids.show("inv", other)) == (one < other)


@pytest.mark.parametrize(
    "text",
    ["", "inv_", "inv", "dbt_" + "0" * 26, "INV_" + "0" * 26, "inv_" + "0" * 25, "inv_" + "0" * 27]
    + ["inv_" + "w" * 26, "inv_" + "0" * 25 + "1", "inv_" + "A" * 26, "inv_" + "0" * 26 + "\n", "inv_" + "٠" * 26],
)
def test_anything_else_is_refused(text):
    with pytest.raises(ids.BadId) as refused:
        ids.read("inv", text)
    assert isinstance(refused.value, ValueError) and refused.value.remedy


def test_every_id_has_one_written_form():
    text = ids.show("inv", UUID(int=2**128 - 1))
    assert text.endswith("s")  # two spare bits: of s, t, u, v only one is canonical
    with pytest.raises(ids.BadId):
        ids.read("inv", text[:-1] + "t")


def test_many_ids_are_one_literal_of_an_array():
    first, second = ids.new(), ids.new()
    assert ids.listed([first, second]) == f"{{{first},{second}}}"
    assert ids.listed(()) == "{}"
