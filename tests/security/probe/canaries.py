"""What must never be seen elsewhere: each client's ids, and a mark of its own in every text that people write.

A mark is a word that stands in no other client, so one look at an answer finds what leaked and where it came from.
"""

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from tenants.values import ids

TEXTS = """
SELECT c.table_name, c.column_name FROM information_schema.columns c
JOIN information_schema.columns t ON t.table_schema = 'app' AND t.table_name = c.table_name
  AND t.column_name = 'tenant_id'
WHERE c.table_schema = 'app' AND c.data_type = 'text'
"""
IDS = """
SELECT c.table_name FROM information_schema.columns c
JOIN information_schema.columns t ON t.table_schema = 'app' AND t.table_name = c.table_name
  AND t.column_name = 'tenant_id'
WHERE c.table_schema = 'app' AND c.column_name = 'id' AND c.data_type = 'uuid' ORDER BY c.table_name
"""
WRITTEN_BY_PEOPLE = re.compile(
    r"(^|_)(name|title|reason|reference|description|address|terms|phone|tax_number|outcome|resolution|subject"
    r"|purchase_order|error|remark|note|memo|cause|payer|purpose)$"
)
LIKE_ID = re.compile(r"(?<![0-9a-v])[0-9a-v]{26}(?![0-9a-v])")
LIKE_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")
LIKE_MARK = re.compile(r"zq[0-9a-f]{8}x")


def mark(tenant: UUID) -> str:
    """The word of one client."""
    return f"zq{tenant.hex[-8:]}x"


def stamp(line: psycopg.Connection[Any], tenant: UUID) -> int:
    """Write the client's mark into every text of it that is not a word of code; return into how many columns."""
    done = 0
    for table, column in line.execute(TEXTS).fetchall():
        if not WRITTEN_BY_PEOPLE.search(column):
            continue
        put = sql.SQL(
            "UPDATE app.{t} SET {c} = {c} || {m} WHERE tenant_id = {i} AND {c} <> '' AND position({w} IN {c}) = 0"
        ).format(
            t=sql.Identifier(table), c=sql.Identifier(column), m=f" {mark(tenant)}{column}", w=mark(tenant), i=tenant
        )
        try:
            with line.transaction():
                done += line.execute(put).rowcount > 0
        except psycopg.errors.IntegrityError:
            continue  # the column takes words of code alone
    line.commit()
    return done


class Owners:
    """Whose each id is, and which other objects of its kind there are."""

    def __init__(self, line: psycopg.Connection[Any]) -> None:
        self._by_id: dict[UUID, tuple[str, UUID]] = {}
        self._by_kind: dict[tuple[str, UUID], list[UUID]] = {}
        for (table,) in line.execute(IDS).fetchall():
            query = sql.SQL("SELECT id, tenant_id FROM app.{} ORDER BY id").format(sql.Identifier(table))
            for found, tenant in line.execute(query):
                self._by_id.setdefault(found, (table, tenant))  # an original has the id of its invoice
                self._by_kind.setdefault((table, tenant), []).append(found)

    def alike(self, example: UUID, *, tenant: UUID, most: int) -> list[UUID]:
        """Objects of the example's kind in a client, the example's own kind of state among them."""
        table = self._by_id[example][0]
        found = self._by_kind.get((table, tenant), [])
        step = max(1, len(found) // most)
        return found[::step][:most]

    def table(self, found: UUID) -> str | None:
        """In which table it stands."""
        return self._by_id.get(found, (None, None))[0]

    def of(self, found: UUID) -> UUID | None:
        """Whose it is."""
        return self._by_id.get(found, (None, None))[1]

    def strangers(self, text: str, *, allowed: Iterable[UUID]) -> list[str]:
        """What of other clients stands in a text."""
        own = set(allowed)
        marks = {mark(tenant) for tenant in own}
        wrong = [word for word in LIKE_MARK.findall(text) if word not in marks]
        for word in LIKE_ID.findall(text):
            owner = self.of(_read(word))
            if owner is not None and owner not in own:
                wrong.append(word)
        for word in LIKE_UUID.findall(text):
            owner = self.of(UUID(word))
            if owner is not None and owner not in own:
                wrong.append(word)
        return wrong


def _read(written: str) -> UUID:
    try:
        return ids.read("xx", f"xx_{written}")
    except ids.BadId:
        return UUID(int=0)
