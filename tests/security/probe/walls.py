"""Take one of the two walls away for a while, in a database that is thrown away afterwards: the other holds alone."""

import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from unittest.mock import patch

import psycopg
from psycopg import sql
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from tenants import store

RLS, GUARD = "rls", "guard"
WALLED = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'app' AND c.relkind = 'r' AND c.relrowsecurity
"""
OF_ONE = re.compile(r"((?:\b[a-z_]+\.)?(?:tenant_id|(?<=t\.)id)\s*=\s*:tenant\b)")
OF_MANY = re.compile(r"((?:\b[a-z_]+\.)?tenant_id\s*=\s*ANY\s*\(\s*:tenants\s*\))")
JOINED = re.compile(r"(\b[a-z_]+\.tenant_id\s*=\s*[a-z_]+\.tenant_id\b)")
SHOWN = re.compile(r"^\s*(SELECT|WITH|UPDATE|DELETE)\b", re.I)


@contextmanager
def without_rls(admin_url: str) -> Iterator[None]:
    """Row security is off every table."""
    with psycopg.connect(admin_url, autocommit=True, options="-c lock_timeout=5s") as line:
        tables = [sql.Identifier(name) for (name,) in line.execute(WALLED)]
        for table in tables:
            line.execute(sql.SQL("ALTER TABLE app.{} DISABLE ROW LEVEL SECURITY").format(table))
        try:
            yield
        finally:
            for table in tables:
                line.execute(sql.SQL("ALTER TABLE app.{} ENABLE ROW LEVEL SECURITY").format(table))


def without(wall: str, admin_url: str) -> AbstractContextManager[None]:
    """One of the two walls is away, or none."""
    return {RLS: lambda: without_rls(admin_url), GUARD: without_guard}.get(wall, nullcontext)()


@contextmanager
def without_guard() -> Iterator[None]:
    """Statements are narrowed no more: neither those of the ORM nor those that are written by hand."""
    store._read.cache_clear()
    event.remove(Session, "do_orm_execute", store._narrow)
    try:
        with patch.object(store, "_read", _widened):
            yield
    finally:
        event.listen(Session, "do_orm_execute", store._narrow)
        store._read.cache_clear()


def _widened(written: str) -> tuple[object, bool, bool]:
    wide = widen(written)
    return text(wide), ":tenant" in wide.replace(":tenants", ""), ":tenants" in wide


def widen(written: str) -> str:
    """The same statement without its own narrowing; the values stay in it, so that it can be run."""
    if not SHOWN.match(written):
        return written
    for narrowing in (OF_ONE, OF_MANY, JOINED):
        written = narrowing.sub(r"(\1 OR true)", written)
    return written
