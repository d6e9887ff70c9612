"""What stands in every client's tables, so that a change which nobody was allowed to make is seen."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tests.security.probe.canaries import LIKE_MARK, mark

TABLES = """
SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE n.nspname = 'app' AND c.relkind = 'r' ORDER BY c.relname
"""
SUM = "SELECT tenant_id, count(*), sum(hashtextextended(CAST(t AS text), 0)) FROM app.{} t {} GROUP BY tenant_id"
BUT = {"request_key": r"WHERE route NOT LIKE '%\_batch'"}
"""A batch is answered although each of its items is refused, and its answer is kept."""
ROWS = "SELECT CAST(t AS text) FROM app.{} t WHERE tenant_id = %s"
MOVES = frozenset({"inbox_event", "work_item", "api_call"})
"""Looking at a portal link or at a page leaves lines here in the client that was looked at."""


@dataclass(frozen=True)
class Books:
    """The content of each table of each client, as one number."""

    sums: dict[tuple[str, UUID], tuple[int, Any]]

    def changed(self, later: "Books", *, but: frozenset[str] = frozenset()) -> set[tuple[str, UUID]]:
        """Which table of which client is not what it was."""
        keys = self.sums.keys() | later.sums.keys()
        return {key for key in keys if key[0] not in but and self.sums.get(key) != later.sums.get(key)}


def look(line: psycopg.Connection[Any]) -> Books:
    """Read all of them."""
    found = {}
    for table in _tables(line):
        asked = sql.SQL(SUM).format(sql.Identifier(table), sql.SQL(BUT.get(table, "")))
        for tenant, count, total in line.execute(asked):
            found[table, tenant] = (count, total)
    return Books(found)


def strangers(line: psycopg.Connection[Any], tenant: UUID, *, foreign: set[UUID], tables: Iterable[str]) -> list[str]:
    """Ids and marks of other clients that stand in the rows of one, in tables that were written to."""
    wrong, hidden = [], {str(each) for each in foreign}
    for table in tables:
        for (text,) in line.execute(sql.SQL(ROWS).format(sql.Identifier(table)), (tenant,)):
            wrong += [f"{table}: {word}" for word in LIKE_MARK.findall(text) if word != mark(tenant)]
            wrong += [f"{table}: {each}" for each in hidden if each in text]
    return wrong


def _tables(line: psycopg.Connection[Any]) -> list[str]:
    return [name for (name,) in line.execute(TABLES).fetchall()]
