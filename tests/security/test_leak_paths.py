"""The ways by which rows of one client have leaked to another in systems like ours, each tried here and found shut.

The numbers are those of the list in the security reference. Where a path needs an object that we do not have (a view, a
partition), the test makes one as an administrator would and shows what it does.
"""

from collections.abc import Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg import errors, sql
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError, ProgrammingError

from tenants import assembly, store
from tenants.isolation import scope
from tenants.ledger import debtors, invoices
from tenants.ledger.debtors import Debtor
from tenants.store import db
from tenants.values import ids
from tenants.work import WorkAlreadyOpen, unit_of_work
from tests.cast import NOW, TODAY, Door, settings_for
from tests.factories import a_debtor, a_payment, an_invoice

ENTER = "SELECT gt.enter(%s::uuid[], %s::uuid, %s::uuid)"


@pytest.fixture
def both(alder: UUID, birch: UUID) -> tuple[UUID, UUID]:
    """One invoice in each client's books."""
    return an_invoice(alder, number="A-1", late=9), an_invoice(birch, number="B-1", late=9)


@pytest.fixture
def as_app(database_urls) -> Iterator[psycopg.Connection]:
    """A bare connection as the web face's role: no ORM guard, only the database's own wall."""
    with psycopg.connect(database_urls["gt_app"], options="-c search_path=app,public") as line:
        yield line


@pytest.fixture
def as_owner(database_urls) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_urls["gt_owner"]) as line:
        yield line


def seen(line: psycopg.Connection, table: str = "invoice") -> set[UUID]:
    return {found for (found,) in line.execute(f"SELECT DISTINCT tenant_id FROM app.{table}")}


def enter(line: psycopg.Connection, *read: UUID, write: UUID | None = None, debtor: UUID | None = None) -> None:
    line.execute(ENTER, (list(read), write, debtor))


def test_without_a_scope_there_are_no_rows_and_no_writes(as_app, both, alder):
    assert seen(as_app) == set()
    with pytest.raises(errors.InsufficientPrivilege):
        as_app.execute("INSERT INTO app.open_balance VALUES (%s, 'EUR', %s, 1, 1)", (alder, TODAY))


def test_l1_even_the_owner_sees_nothing(as_owner, both):
    assert seen(as_owner) == set()


@pytest.mark.parametrize("role", ["admin", "gt_owner", "gt_backup"])
def test_l2_a_process_refuses_to_start_as_a_role_that_could_see_everything(database_urls, redis_url, tmp_path, role):
    unsafe = settings_for(database_urls, redis_url, tmp_path, role=role)
    with pytest.raises(assembly.UnsafeRole):
        assembly.make_shell(unsafe)


def test_l3_the_next_user_of_a_connection_inherits_no_scope(as_app, both, alder):
    enter(as_app, alder, write=alder)
    assert seen(as_app) == {alder}
    as_app.commit()
    assert seen(as_app) == set()


def test_l4_after_a_transaction_an_empty_setting_means_nothing_and_breaks_nothing(as_app, both, alder):
    enter(as_app, alder)
    as_app.rollback()
    assert as_app.execute("SELECT gt.read_set(), gt.write_tenant()").fetchone() == ([], None)
    assert seen(as_app) == set()


def test_l5_l7_l8_whoever_makes_a_view_a_function_or_a_partition_is_the_owner_and_sees_nothing(as_owner, both):
    """The owner is bound by FORCE, so that what runs with the owner's rights still shows nothing without a scope."""
    as_owner.execute("CREATE VIEW app.all_invoices AS SELECT tenant_id FROM app.invoice")
    as_owner.execute(
        "CREATE FUNCTION app.count_all() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
        " AS 'SELECT count(*) FROM app.invoice'"
    )
    assert seen(as_owner, "all_invoices") == set()
    assert as_owner.execute("SELECT app.count_all()").fetchone() == (0,)
    as_owner.rollback()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE VIEW app.sneaky AS SELECT * FROM app.invoice",
        "CREATE MATERIALIZED VIEW app.sneaky AS SELECT * FROM app.invoice",
        "ALTER TABLE app.invoice DISABLE ROW LEVEL SECURITY",
        "CREATE POLICY sneaky ON app.invoice USING (true)",
        "TRUNCATE app.open_balance",
        "DROP TABLE app.open_balance",
        "SET ROLE gt_owner",
        "SET SESSION AUTHORIZATION gt_backup",
        "COPY app.invoice TO PROGRAM 'cat'",
        "UPDATE app.allocation SET amount_minor = 1",
        "DELETE FROM app.history",
        "SELECT * FROM identity.credential",
    ],
)
def test_l6_the_program_cannot_make_or_unmake_any_of_it(as_app, statement):
    with pytest.raises(psycopg.Error) as refused:
        as_app.execute(statement)
    assert refused.value.sqlstate == "42501" or "must be" in str(refused.value)


def test_l9_an_invoice_cannot_hang_on_another_clients_debtor(in_alder: Door, birch):
    stranger = a_debtor(birch, name="Harbour Cafe")
    with pytest.raises(DBAPIError) as refused, in_alder:
        an_invoice_for(stranger)
    assert refused.value.orig.sqlstate == "23503"


def an_invoice_for(debtor_id: UUID) -> None:
    invoices.issue("A-9", debtor_id=debtor_id, currency="EUR", amount_minor=100, issued_on=TODAY, due_on=TODAY, now=NOW)


def test_l10_deleting_a_debtor_deletes_nothing_else(as_app, both, alder, birch):
    enter(as_app, alder, birch, write=alder)
    with pytest.raises(errors.ForeignKeyViolation):
        as_app.execute("DELETE FROM app.debtor WHERE tenant_id = %s", (alder,))
    as_app.rollback()
    enter(as_app, alder, birch, write=alder)
    assert as_app.execute("DELETE FROM app.debtor WHERE tenant_id = %s", (birch,)).rowcount == 0


def test_l11_a_number_that_another_client_uses_is_free(alder, birch):
    with unit_of_work(scope.tenant(birch, actor="test")):
        debtors.open("SAME", name="Harbour Cafe", now=NOW)
    with unit_of_work(scope.tenant(alder, actor="test")):
        assert debtors.open("SAME", name="Dune Garden Centres", now=NOW)


def test_l12_the_hot_paths_use_their_indexes_behind_the_wall(as_app, alder):
    enter(as_app, alder)
    as_app.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")  # whatever is known of the table
    plan = as_app.execute(
        "EXPLAIN SELECT id FROM app.invoice WHERE tenant_id = %s AND open_minor > 0 AND voided_on IS NULL"
        " AND due_on < %s AND id > %s ORDER BY due_on, id LIMIT 50",
        (alder, TODAY, ids.new()),
    ).fetchall()
    (condition,) = [line for (line,) in plan if "Index Cond" in line]
    assert "due_on" in condition and "tenant_id" in condition


def test_the_debtors_condition_does_not_make_the_planner_expect_nothing(database_urls, alder):
    """A condition that was believed to pass one row in two hundred made joins of whole ledgers run row by row."""
    dune = a_debtor(alder)
    with psycopg.connect(database_urls["admin"], options="-c search_path=app,public") as admin:
        admin.execute(
            "INSERT INTO contact (tenant_id, id, debtor_id, email, known_at)"
            " SELECT %s, md5(n || %s)::uuid, %s, n || '@dune.test', %s FROM generate_series(1, 4000) n",
            (alder, str(dune), dune, NOW),
        )
        admin.execute("ANALYZE contact")
        question = f"EXPLAIN (FORMAT JSON) SELECT * FROM app.contact WHERE tenant_id = '{alder}'"
        ((bare,),) = admin.execute(question).fetchall()
        ((narrowed,),) = admin.execute(question + " AND gt.shown_debtor(debtor_id)").fetchall()
    expected = bare[0]["Plan"]["Plan Rows"]
    assert expected > 3000
    assert narrowed[0]["Plan"]["Plan Rows"] > expected / 2


def test_l13_several_clients_are_read_only_as_a_portfolio(in_both: Door, both, alder, birch):
    with in_both:
        rows = store.run("SELECT tenant_id FROM invoice WHERE tenant_id = ANY(:tenants)").scalars().all()
        assert set(rows) == {alder, birch}
        with pytest.raises(scope.ScopeMissing):
            store.run("SELECT 1 FROM invoice WHERE tenant_id = :tenant")


def test_a_portfolio_can_change_nothing(in_both: Door, both, alder):
    with in_both:
        changed = store.run("UPDATE invoice SET purchase_order = 'x' WHERE tenant_id = ANY(:tenants)").rowcount
        assert changed == 0


def test_a_look_can_change_nothing(both, alder):
    with unit_of_work(scope.viewing(alder, actor="test")):
        assert store.run("UPDATE invoice SET purchase_order = 'x' WHERE tenant_id = :tenant").rowcount == 0


def test_a_row_cannot_move_to_another_client(as_app, both, alder, birch):
    enter(as_app, alder, birch, write=alder)
    with pytest.raises(errors.InsufficientPrivilege):
        as_app.execute("UPDATE app.open_balance SET tenant_id = %s WHERE tenant_id = %s", (birch, alder))


def test_a_scope_cannot_be_changed_on_the_way(as_app, alder, birch, in_alder: Door):
    enter(as_app, alder)
    with pytest.raises(errors.ActiveSqlTransaction):
        enter(as_app, birch)
    with in_alder, pytest.raises(WorkAlreadyOpen), unit_of_work(scope.tenant(birch, actor="test")):
        pass


def test_copy_out_obeys_and_copy_in_is_refused(as_app, both, alder):
    enter(as_app, alder, write=alder)
    with as_app.cursor().copy("COPY (SELECT tenant_id FROM app.invoice) TO STDOUT") as out:
        assert {bytes(row).strip().decode() for row in out} == {str(alder)}
    with pytest.raises(errors.FeatureNotSupported), as_app.cursor().copy("COPY app.open_balance FROM STDIN") as into:
        into.write(b"")


def test_a_prepared_statement_asks_the_scope_each_time(as_app, both, alder, birch):
    for tenant in (alder, birch):
        enter(as_app, tenant)
        found = as_app.execute("SELECT DISTINCT tenant_id FROM app.invoice", prepare=True).fetchall()
        assert found == [(tenant,)]
        as_app.commit()


def test_statistics_of_walled_tables_are_hidden(as_app):
    assert as_app.execute("SELECT count(*) FROM pg_stats WHERE schemaname = 'app'").fetchone() == (0,)


def test_a_debtor_sees_its_own_rows_and_no_others(as_app, alder, birch):
    dune, marigold = a_debtor(alder, name="Dune Garden Centres"), a_debtor(alder)
    mine, other = an_invoice(alder, dune, late=3), an_invoice(alder, marigold, late=3)
    a_payment(alder, dune, amount=5_00, parts=[(mine, 5_00)])
    a_payment(alder, marigold, amount=5_00, parts=[(other, 5_00)])
    enter(as_app, alder, write=alder, debtor=dune)
    for table in ("invoice", "payment", "allocation"):
        assert {d for (d,) in as_app.execute(f"SELECT debtor_id FROM app.{table}")} == {dune}
    assert {d for (d,) in as_app.execute("SELECT id FROM app.debtor")} == {dune}
    for table in ("open_balance", "history", "membership", "work_item", "task", "alert", "rule", "held_action"):
        assert seen(as_app, table) == set(), table


def every_tenant_table(line: psycopg.Connection) -> list[str]:
    return [
        name
        for (name,) in line.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'"
        )
    ]


def test_in_alders_scope_no_table_shows_a_row_of_birch(as_app, both, alder, birch):
    tables = every_tenant_table(as_app)
    enter(as_app, alder, write=alder)
    for table in tables:
        assert seen(as_app, table) <= {alder}, table
    assert {found for (found,) in as_app.execute("SELECT id FROM app.tenant")} == {alder}


def test_the_databases_lock_holds_when_the_programs_lock_is_off(in_alder: Door, both, alder):
    """Statements that name no tenant, straight to the driver: only row security is left."""
    with in_alder:
        rows = db.session.connection().exec_driver_sql("SELECT DISTINCT tenant_id FROM invoice").scalars().all()
        assert rows == [alder]


@pytest.fixture
def unwalled(database_urls, redis_url, tmp_path, monkeypatch) -> Iterator[None]:
    """The program on a superuser's connection, its own check at start taken out: row security stops nothing there."""
    monkeypatch.setattr(assembly, "refuse_unsafe_role", lambda: None)
    urls = database_urls | {"admin": database_urls["admin"] + "?options=-csearch_path%3Dapp%2Cpublic"}
    with assembly.make_shell(settings_for(urls, redis_url, tmp_path, role="admin")).app_context():
        yield
        for engine in db.engines.values():
            engine.dispose()


def test_the_programs_lock_holds_when_the_databases_lock_is_off(both, alder, birch, unwalled):
    """Only the guard on statements is left, and it narrows every model of every room."""
    models = [mapper.class_ for mapper in db.Model.registry.mappers if issubclass(mapper.class_, store.TenantOwned)]
    assert Debtor in models
    with unit_of_work(scope.tenant(alder, actor="test")):
        everything = db.session.connection().exec_driver_sql("SELECT DISTINCT tenant_id FROM invoice").scalars().all()
        assert {alder, birch} <= set(everything), "the database's lock is off"
        for model in models:
            assert set(db.session.execute(select(model.tenant_id)).scalars()) <= {alder}, model
        assert {each.tenant_id for each in db.session.execute(select(Debtor)).scalars()} == {alder}
        renamed = db.session.execute(update(Debtor).values(name="Renamed")).rowcount
        assert renamed == 1, "an update without a condition reaches one client's rows"
        assert db.session.execute(select(Debtor).where(Debtor.tenant_id == birch)).first() is None


def test_hand_written_sql_that_names_no_tenant_is_refused(in_alder: Door):
    with in_alder:
        with pytest.raises(store.UnscopedStatement):
            store.run("SELECT 1 FROM invoice")
        with pytest.raises(store.UnscopedStatement):
            db.session.execute(text("SELECT 1 FROM invoice"))
        with pytest.raises(store.UnscopedStatement):
            store.run_many("UPDATE invoice SET purchase_order = :x", [{"x": "y"}])
        with pytest.raises(store.UnscopedStatement):
            store.run("SELECT 1 FROM invoice WHERE tenant_id = :tenant", tenant=ids.new())


def test_outside_a_scope_nothing_can_be_asked(shell):
    with pytest.raises(scope.ScopeMissing):
        store.run("SELECT 1 FROM invoice WHERE tenant_id = :tenant")
    with pytest.raises(scope.ScopeMissing):
        db.session.execute(select(Debtor))
    db.session.remove()


def test_the_platform_scope_reads_no_clients_row(on_platform: Door, both):
    with on_platform, pytest.raises(scope.ScopeMissing):
        store.run("SELECT 1 FROM invoice WHERE tenant_id = :tenant")
    with on_platform:
        assert store.run("SELECT count(*) FROM invoice WHERE tenant_id = ANY(:tenants)").scalar_one() == 0


SIGNING_IN = {"membership", "api_client", "idp_connection", "email_domain", "scim_token", "sign_in_rule"}
"""What says who somebody is and where they may go; every secret in it is hashed or sealed."""
COUNTED = {"work_item": "payload", "client_closing": "reason"}
"""That work stopped and that a closing was asked for may be counted; what stays shut of such a row."""


def test_the_sign_in_role_sees_memberships_and_no_books(database_urls, both):
    with psycopg.connect(database_urls["gt_auth"], options="-c search_path=app,public") as line:
        for table in every_tenant_table(line):
            if table not in SIGNING_IN:
                what = COUNTED.get(table, "1")
                with pytest.raises(errors.InsufficientPrivilege), line.transaction():
                    line.execute(sql.SQL(f"SELECT {what} FROM app.{{}}").format(sql.Identifier(table)))


def test_the_dispatcher_sees_work_and_clocks_and_no_books(database_urls, both):
    with psycopg.connect(database_urls["gt_dispatch"], options="-c search_path=app,public") as line:
        for table in set(every_tenant_table(line)) - {"work_item", "tenant_lane", "client_profile"}:
            with pytest.raises(errors.InsufficientPrivilege), line.transaction():
                line.execute(sql.SQL("SELECT 1 FROM app.{}").format(sql.Identifier(table)))


def test_a_fault_of_the_database_does_not_name_anothers_rows(in_alder: Door, both):
    with pytest.raises(ProgrammingError), in_alder:
        store.run("SELECT no_such_column FROM invoice WHERE tenant_id = :tenant")
