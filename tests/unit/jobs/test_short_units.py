"""Short units: the scope and the first statement in one round trip, behind the same wall."""

import threading

import psycopg
import pytest
from sqlalchemy.exc import OperationalError

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.isolation.opening import First
from tenants.work import WorkAlreadyOpen, unit_beginning_with, unit_of_work

NAME = First("show_name", "SELECT legal_name FROM tenant WHERE id = $1")
OTHERS = "SELECT legal_name FROM tenant WHERE id <> $1 LIMIT 1"
RENAME = "UPDATE tenant SET legal_name = 'Renamed' WHERE id = $2 AND $1::uuid IS NOT NULL RETURNING id"


@pytest.fixture
def line(shell):
    with store.held_line():
        yield


def unit(tenant, first=NAME):
    return unit_beginning_with(first, scope.tenant(tenant, actor="test"))


def test_the_first_statement_answers_its_row(line, alder):
    with unit(alder) as answer:
        assert answer == ["Alder Tools GmbH"]
        assert scope.current().one == alder


def test_without_a_held_line_it_is_refused(alder):
    with pytest.raises(LookupError, match="line is held"), unit(alder):
        pass


def test_it_cannot_be_opened_inside_another_unit(line, alder, birch):
    with pytest.raises(WorkAlreadyOpen), unit_of_work(scope.tenant(alder, actor="test")), unit(birch):
        pass


def test_what_the_session_does_is_committed_with_it(line, alder, in_alder, now):
    with unit(alder):
        history.note("tried", about=("x", None), at=now)
    with in_alder:
        assert [row.act for row in history.latest(since=now)] == ["tried"]


def test_what_fails_is_undone_and_the_line_goes_on(line, alder, in_alder, now):
    with pytest.raises(ZeroDivisionError), unit(alder):
        history.note("tried", about=("x", None), at=now)
        raise ZeroDivisionError
    with pytest.raises(ZeroDivisionError), unit(alder):
        raise ZeroDivisionError
    with unit(alder) as answer:
        assert answer
    with in_alder:
        assert history.latest(since=now) == []


def test_birch_is_neither_seen_nor_changed_from_alder(line, alder, birch):
    with unit(alder, First("look_at_others", OTHERS)) as answer:
        assert answer is None
    with unit(alder, First("rename_another", RENAME, (str(birch),))) as answer:
        assert answer is None
    with unit(birch) as answer:
        assert answer == ["Birch Foods Ltd"]


def test_one_line_serves_one_client_after_the_other(line, alder, birch):
    names = []
    for tenant in (alder, birch, alder):
        with unit(tenant) as answer:
            names += answer
    assert names == ["Alder Tools GmbH", "Birch Foods Ltd", "Alder Tools GmbH"]


def test_a_first_statement_that_fails_says_so_and_the_line_goes_on(line, alder):
    with pytest.raises(psycopg.errors.DivisionByZero), unit(alder, First("zero", "SELECT 1 / ($1::uuid IS NULL)::int")):
        pass
    with pytest.raises(psycopg.errors.SyntaxError), unit(alder, First("nonsense", "SELEKT $1")):
        pass
    with unit(alder) as answer:
        assert answer


OWN = "SELECT legal_name, created_at, 7 AS seven FROM tenant WHERE id = ANY (:tenants) AND :day > '2000-01-01'"


def test_a_table_is_asked_for_past_the_session_and_says_the_same(line, alder, birch, in_alder, today):
    with in_alder:
        usual = list(store.table(OWN, day=today))
    for tenant, name in ((alder, "Alder Tools GmbH"), (birch, "Birch Foods Ltd"), (alder, "Alder Tools GmbH")):
        with unit(tenant):
            (found,) = store.table(OWN, day=today)
            assert not store.db.session.registry.has() and found["legal_name"] == name
    assert [found] == usual
    with pytest.raises(TypeError, match="no rows"), unit(alder):
        store.table("UPDATE tenant SET legal_name = 'Renamed' WHERE id = :tenant")
    with unit(alder):
        assert list(store.table(OWN, day=today)) == usual, "nothing of it was kept"


def test_a_line_whose_statements_were_forgotten_learns_them_anew(line, alder, today):
    with unit(alder):
        store.table(OWN, day=today)
        store.db.session.connection().exec_driver_sql("DEALLOCATE ALL")
        assert len(store.table(OWN, day=today)) == 1, "the session speaks on this line now, and asks by its own way"
    for _ in range(2):
        with unit(alder):
            assert len(store.table(OWN, day=today)) == 1


def test_a_cut_line_is_reported_and_then_replaced(line, alder, database_urls):
    with unit(alder):
        pid = store.db.session.connection().connection.driver_connection.info.backend_pid
    with psycopg.connect(database_urls["admin"]) as admin:
        admin.execute("SELECT pg_terminate_backend(%s)", (pid,))
    with pytest.raises(OperationalError) as cut, unit(alder):
        pass
    assert cut.value.connection_invalidated
    with unit(alder) as answer:
        assert answer


def test_whoever_waits_for_a_row_lets_the_thread_go_on_that_holds_it(line, alder, database_urls):
    """Otherwise neither ever goes on: one waits for the row, the other for the interpreter."""
    own = (str(alder),)
    with psycopg.connect(database_urls["admin"]) as other:
        other.execute("SELECT 1 FROM app.tenant WHERE id = %s FOR UPDATE", own)
        release = threading.Timer(0.3, other.commit)
        release.start()
        with unit(alder):
            store.db.session.connection().exec_driver_sql("SET lock_timeout = '10s'")
        with unit(alder, First("rename_own", RENAME, own)) as answer:
            assert answer == list(own)
        with unit(alder):
            store.db.session.connection().exec_driver_sql("RESET lock_timeout")
        release.join()
