"""The door to the database: the scope goes in first, every statement is narrowed, and one commit ends it."""

from uuid import UUID

import psycopg
import pytest
from sqlalchemy import delete, func, select, text, update

from tenants import store, work
from tenants.events import recording
from tenants.isolation import scope
from tenants.ledger import debtors
from tenants.ledger.debtors import Debtor
from tenants.store import db
from tenants.values import ids
from tenants.work import unit_of_work
from tests.cast import NOW, Door
from tests.factories import a_debtor


def names() -> set[str]:
    return set(store.run("SELECT name FROM debtor WHERE tenant_id = :tenant").scalars())


def test_a_unit_that_ends_well_is_kept(alder, in_alder: Door):
    with in_alder:
        debtors.open("1", name="Dune", now=NOW)
    with in_alder:
        assert names() == {"Dune"}


def test_a_unit_that_fails_leaves_nothing_and_the_next_one_is_clean(in_alder: Door):
    with pytest.raises(ZeroDivisionError), in_alder:
        debtors.open("1", name="Dune", now=NOW)
        _ = 1 / 0
    assert not scope.is_open()
    with in_alder:
        assert names() == set()


def test_the_bell_rings_once_after_a_commit_that_recorded_work(in_alder: Door, alder, monkeypatch):
    rung: list[set[UUID]] = []
    monkeypatch.setattr(work, "_bell", rung.append)
    with in_alder:
        recording.record("work.tried", key="1", now=NOW)
        recording.record("work.tried", key="2", now=NOW)
        assert rung == []
    with in_alder:
        names()
    with pytest.raises(ZeroDivisionError), in_alder:
        recording.record("work.tried", key="3", now=NOW)
        _ = 1 / 0
    assert rung == [{alder}]


def test_a_bell_can_be_taken_down(in_alder: Door, monkeypatch):
    monkeypatch.setattr(work, "_bell", None)
    work.hang_bell(None)
    with in_alder:
        recording.record("work.tried", key="1", now=NOW)


def test_the_orm_sees_changes_and_deletes_one_client_only(alder, birch, in_alder: Door, in_birch: Door):
    a_debtor(alder, name="Dune")
    a_debtor(birch, name="Harbour")
    with in_alder:
        assert db.session.execute(select(func.count()).select_from(Debtor)).scalar_one() == 1
        assert db.session.execute(update(Debtor).values(language="de")).rowcount == 1
        assert db.session.execute(delete(Debtor)).rowcount == 1
    with in_birch:
        (left,) = db.session.execute(select(Debtor)).scalars()
        assert (left.name, left.language) == ("Harbour", "en")


def test_a_foreign_object_is_as_good_as_missing(in_alder: Door, birch):
    harbour = a_debtor(birch, name="Harbour")
    with in_alder:
        assert db.session.get(Debtor, (birch, harbour)) is None


def test_the_caller_cannot_say_which_client(in_alder: Door, birch):
    for name in ("tenant", "tenants"):
        with in_alder, pytest.raises(store.UnscopedStatement):
            store.run("SELECT 1 FROM debtor WHERE tenant_id = :tenant", **{name: birch})


def test_a_bare_text_must_name_its_client(in_alder: Door):
    with in_alder, pytest.raises(store.UnscopedStatement):
        db.session.execute(text("SELECT 1 FROM debtor"))


def test_a_table_is_asked_for_in_the_scope_and_the_transaction_of_the_unit(alder, birch, in_alder: Door):
    a_debtor(birch, name="Harbour")
    with in_alder:
        store.run("INSERT INTO open_balance VALUES (:tenant, 'EUR', :on, 1, 1)", on=NOW.date())
        db.session.get(Debtor, (alder, debtors.open("1", name="Dunes", now=NOW))).name = "Dune"
        found = store.table("SELECT name, tenant_id FROM debtor WHERE tenant_id = ANY (:tenants)")
        assert list(found) == [{"name": "Dune", "tenant_id": alder}]
        assert len(store.table("SELECT due_on FROM open_balance WHERE tenant_id = :tenant")) == 1
        assert not store.table("SELECT name FROM debtor WHERE tenant_id = :tenant AND number = :number", number="2")


def test_a_table_is_of_the_client_of_the_scope_and_of_rows(in_alder: Door, birch):
    for sql, values in (
        ("SELECT 1 FROM debtor", {}),
        ("SELECT 1 FROM debtor WHERE tenant_id = :tenant", {"tenant": birch}),
    ):
        with in_alder, pytest.raises(store.UnscopedStatement):
            store.table(sql, **values)
    with in_alder, pytest.raises(TypeError):
        store.table("UPDATE debtor SET name = 'Dune' WHERE tenant_id = :tenant")


def test_many_rows_in_one_round_trip_get_the_client_of_the_scope(alder, in_alder: Door):
    with in_alder:
        store.run_many(
            "INSERT INTO open_balance VALUES (:tenant, :currency, :due_on, 1, 1)",
            [{"currency": each, "due_on": NOW.date()} for each in ("EUR", "USD")],
        )
        store.run_many("this is not even SQL", [])
        rows = store.run("SELECT currency FROM open_balance WHERE tenant_id = :tenant").scalars().all()
    assert set(rows) == {"EUR", "USD"}


def test_rows_land_in_a_table_that_goes_with_the_transaction(in_alder: Door):
    with in_alder:
        store.land("landed", "number text, name text")
        store.copy_rows("landed", ("number", "name"), [("1", "Dune"), ("2", 'Quote " and tab\t')])
        found = store.run("SELECT name FROM landed WHERE :tenant IS NOT NULL ORDER BY number").scalars().all()
        assert found == ["Dune", 'Quote " and tab\t']
    with in_alder:
        assert store.run("SELECT to_regclass('landed') IS NULL WHERE :tenant IS NOT NULL").scalar_one()


def test_sign_in_reaches_people_from_any_scope(in_alder: Door, specialist):
    with in_alder:
        found = store.run_identity("SELECT name FROM identity.person WHERE id = :id", id=specialist.id)
        assert found.scalar_one() == "Sofia Lindqvist"


def test_a_unit_sees_nothing_of_what_another_has_not_ended(alder, in_alder: Door, database_urls):
    with in_alder, psycopg.connect(database_urls["gt_app"]) as other:
        debtors.open("1", name="Dune", now=NOW)
        other.execute("SELECT gt.enter(%s::uuid[])", ([alder],))
        assert other.execute("SELECT count(*) FROM app.debtor").fetchone() == (0,)


def test_a_debtors_scope_is_told_to_the_database(alder):
    dune, marigold = a_debtor(alder, name="Dune"), a_debtor(alder, name="Marigold")
    with unit_of_work(scope.debtor(alder, dune, actor="link")):
        assert names() == {"Dune"}
        with pytest.raises(debtors.UnknownDebtor):
            debtors.card(marigold)
        with pytest.raises(debtors.UnknownDebtor):
            debtors.card(ids.new())


KEPT = """
SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%AS often%' AND CAST(:tenant AS uuid) IS NOT NULL
"""
OFTEN = "SELECT count(*) AS often FROM debtor WHERE tenant_id = :tenant"


def plans_kept() -> int:
    return int(store.run(KEPT).scalar_one())


def test_what_is_planned_anew_leaves_no_plan_behind_and_the_rest_does(in_alder: Door):
    with in_alder:
        before = plans_kept()
        with store.planned_anew():
            for _ in range(12):
                store.run(OFTEN)
        assert plans_kept() == before
        for _ in range(12):
            store.run(OFTEN)
        assert plans_kept() > before
