"""The catalogue of the migrated database: no table, key, index or function is outside the wall unnoticed."""

import re
from collections.abc import Callable

import psycopg
import pytest

from tests.security.allowed import (
    APPEND_ONLY,
    INDEXES_OVER_CLIENTS,
    MORE_POLICIES,
    SHOWN_TO_DEBTORS_AS_A_WHOLE,
    WITHOUT_PROGRAM_WRITES,
    WITHOUT_TENANT,
)

Ask = Callable[..., list[tuple]]

TABLES = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND c.relkind IN ('r', 'p')
"""
TENANT_TABLES = """
SELECT c.relname, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = 'app' AND c.relkind = 'r' ORDER BY 1
"""
KEYS = """
SELECT c.conrelid::regclass::text, c.conname, c.contype::text, c.confdeltype::text, c.condeferrable,
  ARRAY(SELECT a.attname FROM unnest(c.conkey) WITH ORDINALITY k(n, at)
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.at)::text[],
  c.confrelid::regclass::text,
  ARRAY(SELECT a.attname FROM unnest(c.confkey) WITH ORDINALITY k(n, at)
        JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.at)::text[]
FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace
WHERE n.nspname = 'app' AND c.contype IN ('p', 'u', 'f', 'x')
"""
INDEXES = """
SELECT i.indrelid::regclass::text, x.relname, i.indisunique, pg_get_indexdef(i.indexrelid, 1, false)
FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_namespace n ON n.oid = x.relnamespace
WHERE n.nspname = 'app'
"""
POLICIES = """
SELECT tablename, policyname, permissive, roles::text, cmd, qual, with_check FROM pg_policies WHERE schemaname = 'app'
"""
RIGHTS = """
SELECT table_name, grantee, string_agg(privilege_type, ' ' ORDER BY privilege_type)
FROM information_schema.role_table_grants
WHERE table_schema = 'app' AND grantee <> 'gt_owner' GROUP BY 1, 2
"""
MADE_BY_EXTENSIONS = "SELECT objid FROM pg_depend WHERE deptype = 'e' AND classid = 'pg_proc'::regclass"


@pytest.fixture
def ask(database_urls) -> Ask:
    def answer(sql: str, *values: object) -> list[tuple]:
        with psycopg.connect(database_urls["admin"], options="-c search_path=app,public") as line:
            return line.execute(sql, values or None).fetchall()

    return answer


@pytest.fixture
def tenant_tables(ask: Ask) -> list[str]:
    return [name for name, _ in ask(TENANT_TABLES)]


def test_a_table_without_a_tenant_is_on_the_list_with_its_reason(ask: Ask, tenant_tables):
    walled = {f"app.{name}" for name in tenant_tables}
    assert {name for (name,) in ask(TABLES)} - walled == set(WITHOUT_TENANT)


def test_there_are_tables_to_check(tenant_tables):
    assert {"debtor", "invoice", "allocation", "message", "task", "rule", "work_item", "import_row"} <= set(
        tenant_tables
    )


def test_row_security_is_on_and_forced_everywhere_and_the_owner_owns(ask: Ask):
    rows = ask(
        "SELECT c.relname, c.relrowsecurity, c.relforcerowsecurity, pg_get_userbyid(c.relowner) FROM pg_class c"
        " JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'app' AND c.relkind = 'r'"
    )
    wrong = [row for row in rows if row[1:] != (True, True, "gt_owner") and row[0] != "alembic_version"]
    assert wrong == []


def test_the_tenant_of_a_row_is_never_unknown(ask: Ask):
    rows = ask(
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a"
        " ON a.attrelid = c.oid WHERE n.nspname = 'app' AND c.relkind = 'r' AND a.attname = 'tenant_id'"
        " AND NOT a.attnotnull"
    )
    assert rows == []


def test_each_table_has_the_four_policies_of_the_template_word_by_word(ask: Ask, tenant_tables):
    columns = dict(
        ask(
            "SELECT relname, array_agg(attname::text) FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid"
            " WHERE relnamespace = 'app'::regnamespace AND attnum > 0 GROUP BY 1"
        )
    )
    found: dict[str, dict[str, tuple]] = {}
    for table, name, *rest in ask(POLICIES):
        found.setdefault(table, {})[name] = tuple(rest)
    for table in tenant_tables:
        own = "(tenant_id = gt.write_tenant())"
        seen = found[table]["seen"][3]
        template = {
            "seen": ("PERMISSIVE", "{public}", "SELECT", seen, None),
            "added": ("PERMISSIVE", "{public}", "INSERT", None, own),
            "changed": ("PERMISSIVE", "{public}", "UPDATE", own, own),
            "removed": ("PERMISSIVE", "{public}", "DELETE", own, None),
        }
        assert {name: found[table][name] for name in template} == template, table
        narrowed = re.fullmatch(
            r"\(\(tenant_id = ANY \(gt\.read_set\(\)\)\) AND gt\.shown_debtor\((NULL::uuid|[a-z_]+)\)\)", seen
        )
        if table in SHOWN_TO_DEBTORS_AS_A_WHOLE:
            assert seen == "(tenant_id = ANY (gt.read_set()))"
        else:
            assert narrowed, (table, seen)
            by = "id" if table == "debtor" else "debtor_id"
            assert narrowed[1] in ("NULL::uuid", by) and (narrowed[1] == "NULL::uuid" or by in columns[table])


def test_every_further_policy_is_on_the_list_and_none_is_restrictive(ask: Ask, tenant_tables):
    template = {"seen", "added", "changed", "removed"}
    for table, name, permissive, roles, command, qual, _check in ask(POLICIES):
        assert permissive == "PERMISSIVE", (table, name)
        if table in tenant_tables and name not in template:
            assert (command, roles, qual) == MORE_POLICIES[table, name][:3], (table, name)


def test_no_policy_holds_a_subquery_or_an_inline_function_of_the_server(ask: Ask):
    for table, name, *_, qual, check in ask(POLICIES):
        words = f"{qual} {check}"
        assert "SELECT" not in words and "NULLIF" not in words and "current_setting" not in words, (table, name)


def test_the_list_of_clients_shows_only_those_in_scope(ask: Ask):
    rows = {
        name: (roles, command, qual) for table, name, _, roles, command, qual, _ in ask(POLICIES) if table == "tenant"
    }
    assert rows.keys() == {"seen", "listed", "added", "changed", "removed"}
    assert rows["seen"] == ("{public}", "SELECT", "(id = ANY (gt.read_set()))")
    assert rows["listed"] == ("{gt_auth,gt_dispatch}", "SELECT", "true") or rows["listed"][0] == "{gt_dispatch,gt_auth}"
    assert rows["added"][1] == "INSERT" and rows["changed"][2] == "(id = gt.write_tenant())"


def test_every_key_starts_with_the_tenant_and_no_delete_runs_through(ask: Ask, tenant_tables):
    for table, name, kind, on_delete, deferrable, columns, target, target_columns in ask(KEYS):
        if table not in tenant_tables:
            continue
        assert columns[0] == "tenant_id", (table, name)
        assert not deferrable, (table, name)
        if kind == "f":
            assert on_delete == "a", (table, name)
            assert target == "tenant" or target_columns[0] == "tenant_id", (table, name)
        assert kind != "x", (table, name)


def test_every_index_starts_with_the_tenant(ask: Ask, tenant_tables):
    wrong = {row[1] for row in ask(INDEXES) if row[0] in tenant_tables and row[3] != "tenant_id"}
    assert wrong == set(INDEXES_OVER_CLIENTS)


def test_nothing_is_there_that_a_cluster_would_refuse(ask: Ask):
    assert ask("SELECT tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal") == []
    kinds = "SELECT relname, relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN"
    assert ask(kinds + " ('app', 'identity', 'gt') AND relkind NOT IN ('r', 'i', 't')") == []
    assert ask("SELECT attrelid::regclass FROM pg_attribute WHERE attidentity <> '' OR attgenerated <> ''") == []


def test_no_column_default_is_volatile(ask: Ask):
    rows = ask(
        "SELECT d.adrelid::regclass::text, pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d"
        " JOIN pg_class c ON c.oid = d.adrelid"
        " WHERE c.relnamespace = 'app'::regnamespace"
    )
    assert [row for row in rows if re.search(r"now\(|random|nextval|gen_random|clock", row[1])] == []


def test_functions_are_plain_and_run_as_their_caller(ask: Ask):
    rows = ask(
        "SELECT p.proname, p.prosecdef, p.prorettype = 'trigger'::regtype, pg_get_userbyid(p.proowner) FROM pg_proc p"
        " JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')"
        f" AND p.oid NOT IN ({MADE_BY_EXTENSIONS})"
    )
    assert {row[0] for row in rows} == {"read_set", "write_tenant", "shown_debtor", "enter", "spread", "share", "wall"}
    assert {row[1:] for row in rows} == {(False, False, "gt_owner")}


def test_the_program_cannot_call_what_shapes_the_wall(ask: Ask):
    rows = ask(
        "SELECT r.rolname, p.proname FROM pg_roles r, pg_proc p WHERE p.pronamespace = 'gt'::regnamespace"
        " AND p.proname IN ('spread', 'share', 'wall') AND r.rolname IN"
        " ('gt_app', 'gt_worker', 'gt_dispatch', 'gt_auth')"
        " AND has_function_privilege(r.oid, p.oid, 'EXECUTE')"
    )
    assert rows == []


def test_each_role_has_the_rights_that_it_needs_and_no_more(ask: Ask, tenant_tables):
    full = "DELETE INSERT SELECT UPDATE"
    rights = {(table, role): words for table, role, words in ask(RIGHTS)}
    for table in tenant_tables:
        expected = "INSERT SELECT" if table in APPEND_ONLY else "SELECT" if table in WITHOUT_PROGRAM_WRITES else full
        assert rights[table, "gt_app"] == rights[table, "gt_worker"] == expected, table
        assert rights[table, "gt_backup"] == "SELECT", table
    version = {words for (table, _), words in rights.items() if table == "alembic_version"}
    assert version <= {"SELECT"}, "a process may ask which migrations ran and change nothing about it"
    wide = ("gt_auth", "gt_dispatch")
    seen = {(table, role) for table, role in rights if role in wide and table != "alembic_version"}
    assert seen <= {
        ("tenant", "gt_auth"),
        ("tenant", "gt_dispatch"),
        ("membership", "gt_auth"),
        ("api_client", "gt_auth"),
        ("idp_connection", "gt_auth"),
        ("email_domain", "gt_auth"),
        ("scim_token", "gt_auth"),
        ("sign_in_rule", "gt_auth"),
        ("work_item", "gt_dispatch"),
        ("tenant_lane", "gt_dispatch"),
        ("client_profile", "gt_dispatch"),
    }
    assert not [role for _, role in rights if role == "PUBLIC"]


def test_only_sign_in_reaches_people(ask: Ask):
    for role in ("gt_app", "gt_worker", "gt_dispatch"):
        ((allowed,),) = ask("SELECT has_schema_privilege(%s, 'identity', 'USAGE')", role)
        assert not allowed, role


def test_no_role_of_the_program_can_walk_around_the_wall(ask: Ask):
    rows = ask(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles"
        " WHERE rolname IN ('gt_app', 'gt_worker', 'gt_dispatch', 'gt_auth', 'gt_owner')"
    )
    assert len(rows) == 5
    assert {row[1:] for row in rows} == {(False,) * 5}
    assert ask("SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname LIKE 'gt_%%'") == []


@pytest.mark.parametrize("role", ["gt_app", "gt_worker", "gt_dispatch", "gt_auth"])
def test_no_role_of_the_program_reaches_the_servers_files_or_other_servers(ask: Ask, role):
    rows = ask(
        "SELECT p.proname FROM pg_proc p WHERE (p.proname LIKE 'lo\\_%%' AND p.proname IN ('lo_import', 'lo_export')"
        " OR p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'dblink', 'pg_read_server_files'))"
        " AND has_function_privilege(%s, p.oid, 'EXECUTE')",
        role,
    )
    assert rows == []
    ((creates,),) = ask(
        "SELECT has_schema_privilege(%s, 'app', 'CREATE') OR has_schema_privilege(%s, 'public', 'CREATE')", role, role
    )
    assert not creates
