"""What a scope allows, and that having none is an error."""

import threading

import pytest

from tenants.isolation import scope
from tenants.values import ids
from tenants.work import WorkAlreadyOpen, unit_of_work

ALDER, BIRCH, DUNE = ids.new(), ids.new(), ids.new()


@pytest.mark.parametrize(
    ("opening", "read", "write", "debtor"),
    [
        (scope.tenant(ALDER, actor="a"), (ALDER,), ALDER, None),
        (scope.viewing(ALDER, actor="a"), (ALDER,), None, None),
        (scope.portfolio((ALDER, BIRCH), actor="a"), (ALDER, BIRCH), None, None),
        (scope.debtor(ALDER, DUNE, actor="a"), (ALDER,), ALDER, DUNE),
        (scope.platform(actor="a", reason="test of scopes"), (), None, None),
    ],
)
def test_each_scope_reads_and_writes_what_its_name_says(opening, read, write, debtor):
    assert (opening.read, opening.write, opening.debtor) == (read, write, debtor)


def test_no_scope_is_an_error_and_never_everything():
    assert not scope.is_open()
    with pytest.raises(scope.ScopeMissing):
        scope.current()


@pytest.mark.parametrize("opening", [scope.portfolio((ALDER, BIRCH), actor="a"), scope.portfolio((), actor="a")])
def test_what_needs_one_client_is_refused_with_several_or_none(opening):
    with pytest.raises(scope.ScopeMissing):
        _ = opening.one


def test_a_scope_ends_with_its_block_even_when_it_fails():
    with pytest.raises(ZeroDivisionError), scope.entered(scope.viewing(ALDER, actor="a")):
        assert scope.current().one == ALDER
        _ = 1 / 0
    assert not scope.is_open()


def test_another_thread_does_not_inherit_the_scope():
    seen = []
    with scope.entered(scope.viewing(ALDER, actor="a")):
        thread = threading.Thread(target=lambda: seen.append(scope.is_open()))
        thread.start()
        thread.join()
    assert seen == [False]


def test_leaving_to_the_platform_is_counted_by_reason():
    before = scope.platform_entries["count me"]
    scope.platform(actor="a", reason="count me")
    assert scope.platform_entries["count me"] == before + 1


def test_a_unit_within_a_unit_is_refused(shell, alder, birch):
    with unit_of_work(scope.viewing(alder, actor="a")):
        for inner in (scope.viewing(birch, actor="a"), scope.viewing(alder, actor="a")):
            with pytest.raises(WorkAlreadyOpen), unit_of_work(inner):
                pass
        assert scope.current().one == alder
