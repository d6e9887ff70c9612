"""Decides what taking back a file's postings means: each is reversed from its own day, each source is empty from its
first.

No row is edited. Whoever asks brings the question that finds what is to be taken back, and has locked it.
"""

from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.intake import sql_of_undoing as sql
from tenants.values import ids

SOURCES = {
    "payment": ("received_on", "m.id, NULL::uuid"),
    "credit_note": ("issued_on", "NULL::uuid, m.id"),
}


def reverse(found: str, *, import_id: UUID, now: datetime, reason: str) -> int:
    """Reverse the found allocations, each from the day on which it counted; how many there were."""
    pairs = _paired(found, import_id)
    given = {"now": now, "reason": reason, "import_id": import_id}
    count = store.run(sql.REVERSE.format(pairs=pairs), **given).rowcount
    store.run(sql.OPEN_AGAIN.format(pairs=pairs))
    return count


def take(found: str, table: str, *, import_id: UUID, now: datetime, reason: str) -> int:
    """Take all that the found payments or credit notes are worth, each from its first day on; how many there were."""
    day, columns = SOURCES[table]
    statement = sql.TAKE.format(ids=columns, day=day, table=table, pairs=_paired(found, import_id))
    return store.run(statement, now=now, reason=reason, import_id=import_id).rowcount


def mark(import_id: UUID) -> str:
    """What is put behind the numbers of an undone import, so that they are free again."""
    return f" (undone {import_id.hex[-6:]})"


def _paired(question: str, import_id: UUID) -> str:
    """A table for this transaction: each found id with that of the posting to come."""
    table = f"landed_{ids.new().hex}"
    found = store.run(question, import_id=import_id).scalars().all()
    store.land(table, sql.PAIRS)
    store.copy_rows(table, ("was", "made"), ((was, ids.new()) for was in found))
    return table
