"""Decides how believed rows wait to be loaded: as rows of the client, behind its wall, put there by COPY in one sweep.

Row security refuses COPY into a tenant's table, so the rows land in a temporary one first. Each row brings the id of
whatever it will make, so that loading needs no ids of its own and may be repeated.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.intake.report import Fault, Row
from tenants.values import ids

LANDED = """
  row_no integer, number text, debtor_number text, debtor_name text, email text, country text, groups text,
  channel text, currency text, amount_minor bigint, tax_minor bigint, issued_on date, due_on date, purchase_order text,
  disputed boolean, settled_on date, paid_minor bigint, discount_minor bigint, discount_until_on date, invoice_id uuid
"""
COLUMNS = (*Row._fields, "invoice_id")
STAGE = f"""
INSERT INTO import_row (tenant_id, import_id, {", ".join(COLUMNS)})
SELECT :tenant, :import_id, {", ".join(COLUMNS)} FROM %s
ON CONFLICT (tenant_id, import_id, row_no) DO NOTHING
"""
WITHDRAW = "DELETE FROM import_row WHERE tenant_id = :tenant AND import_id = :import_id AND row_no = ANY(:rows)"
CLEAR_ROWS = """
DELETE FROM import_row r USING import_run i
WHERE r.tenant_id = :tenant AND i.tenant_id = :tenant AND i.id = r.import_id AND i.id = :import_id
  AND i.state NOT IN ('loaded', 'undone')
"""
SUPERSEDE = """
DELETE FROM import_row r USING import_run i
WHERE r.tenant_id = :tenant AND i.tenant_id = :tenant AND i.id = r.import_id AND i.source = :source
  AND i.state NOT IN ('loaded', 'undone') AND coalesce(i.detection ->> 'kind', 'ledger') = 'ledger'
"""
SWEEP = """
DELETE FROM import_row r USING import_run i
WHERE r.tenant_id = :tenant AND i.tenant_id = :tenant AND i.id = r.import_id AND i.state IN ('loaded', 'undone')
  AND i.loaded_at < :before
"""
CLEAR_FAULTS = "DELETE FROM import_fault WHERE tenant_id = :tenant AND import_id = :import_id"
WAITING = "SELECT count(*) FROM import_row WHERE tenant_id = :tenant AND import_id = :import_id"
KEEP_FAULT = """
INSERT INTO import_fault (tenant_id, import_id, row_no, column_name, value, reason, remedy)
VALUES (:tenant, :import_id, :row_no, :column, :value, :reason, :remedy)
ON CONFLICT (tenant_id, import_id, row_no, column_name) DO NOTHING
"""
FAULTS = """
SELECT row_no, column_name, value, reason, remedy FROM import_fault
WHERE tenant_id = :tenant AND import_id = :import_id AND (row_no, column_name) > (:row_no, :column)
ORDER BY row_no, column_name LIMIT :limit
"""


def clear(import_id: UUID) -> None:
    """Take away what an earlier check left."""
    store.run(CLEAR_ROWS, import_id=import_id)
    store.run(CLEAR_FAULTS, import_id=import_id)


def supersede(source: str) -> None:
    """Take away what older ledgers of a source left: only the newest one waits. Invoices of their own go on waiting."""
    store.run(SUPERSEDE, source=source)


def sweep(*, before: datetime) -> None:
    """Take away rows that were loaded before a time: until then others look at them, for what is new or disputed."""
    store.run(SWEEP, before=before)


def land(import_id: UUID, *, rows: Iterable[Row]) -> None:
    """Put the rows down as they come; memory holds one of them."""
    table = f"landed_{ids.new().hex}"
    store.land(table, LANDED)
    store.copy_rows(table, COLUMNS, _with_ids(rows))
    store.run(STAGE % table, import_id=import_id)


def withdraw(import_id: UUID, *, rows: Sequence[int]) -> None:
    """Take back rows that proved to repeat another's number."""
    if rows:
        store.run(WITHDRAW, import_id=import_id, rows=list(rows))


def waiting(import_id: UUID) -> int:
    """How many rows of the import wait."""
    return int(store.run(WAITING, import_id=import_id).scalar_one())


def keep_faults(import_id: UUID, *, faults: Sequence[Fault]) -> None:
    """Write down the faults for the page, which turns over them."""
    store.run_many(
        KEEP_FAULT,
        [
            {
                "import_id": import_id,
                "row_no": fault.row_no,
                "column": fault.column,
                "value": fault.value,
                "reason": fault.reason,
                "remedy": fault.remedy,
            }
            for fault in faults
        ],
    )


def faults(import_id: UUID, *, after: tuple[int, str] = (0, ""), limit: int = 100) -> Sequence[Fault]:
    """The next page of faults in the order of the file."""
    found = store.run(FAULTS, import_id=import_id, row_no=after[0], column=after[1], limit=limit)
    return [Fault(row_no, column, value, "", reason, remedy) for row_no, column, value, reason, remedy in found]


def _with_ids(rows: Iterable[Row]) -> Iterator[tuple[Any, ...]]:
    for row in rows:
        yield (*row, ids.new())
