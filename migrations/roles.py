"""The database roles, made once per cluster by an administrator before the first migration.

gt_owner owns every object and runs migrations; gt_app (web), gt_worker (jobs), gt_dispatch (dispatcher and
timetable) and
gt_auth (sign-in) own nothing and cannot bypass row security; gt_backup may read everything and nothing else.
"""

import psycopg
from psycopg import sql

OWNER = "gt_owner"
BOUND = ("gt_app", "gt_worker", "gt_dispatch", "gt_auth")
BACKUP = "gt_backup"
ALL = (OWNER, *BOUND, BACKUP)
SCOPED = ("gt_app", "gt_worker")


def prepare(admin_url: str, *, passwords: dict[str, str], database: str = "goodterms") -> None:
    """Make or refresh the roles and the database; safe to run again.

    `passwords` maps each role to its password. Raises KeyError when one is missing.
    """
    with psycopg.connect(admin_url, autocommit=True) as admin:
        present = {name for (name,) in admin.execute("SELECT rolname FROM pg_roles")}
        for role in ALL:
            _write_role(admin, role, passwords[role], exists=role in present)
        for role in (*SCOPED, "gt_auth", "gt_dispatch"):
            # The scope must travel to the nodes of a cluster; plain PostgreSQL keeps the line without effect.
            admin.execute(
                sql.SQL("ALTER ROLE {} SET citus.propagate_set_commands = 'local'").format(sql.Identifier(role))
            )
        for role in ALL:
            admin.execute(sql.SQL("ALTER ROLE {} SET search_path = app, public").format(sql.Identifier(role)))
        if not admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone():
            admin.execute(
                sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(database), sql.Identifier(OWNER))
            )
        admin.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(database)))
        for role in ALL:
            admin.execute(
                sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                    sql.Identifier(database), sql.Identifier(role)
                )
            )


def _write_role(admin: psycopg.Connection, role: str, password: str, *, exists: bool) -> None:
    verb = "ALTER" if exists else "CREATE"
    rights = "BYPASSRLS" if role == BACKUP else "NOBYPASSRLS"
    admin.execute(
        sql.SQL("{} ROLE {} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE {} PASSWORD {}").format(
            sql.SQL(verb), sql.Identifier(role), sql.SQL(rights), sql.Literal(password)
        )
    )
