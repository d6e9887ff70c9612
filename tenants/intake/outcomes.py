"""Decides what is said of each row of a file: before it is loaded what it would do, afterwards what it did.

A row is new, paid since, the same, changed (the ledger keeps its own), or refused with its reason. The same words stand
in the difference view and in the result file, so that the two never disagree. What is open here and missing in a file
that otherwise repeats the books is told as well: it may be paid, and nobody who has paid should be chased.
"""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from uuid import UUID

from tenants import store
from tenants.intake import sql_of_loading as sql
from tenants.values import sheets
from tenants.values.money import Money

NEW, PAID, SAME, CHANGED, REFUSED, MISSING = "new", "paid", "same", "changed", "refused", "missing"
TOLD = (NEW, PAID, SAME, CHANGED, MISSING)
HEADER = ("row", "outcome", "number", "customer", "currency", "amount", "reason", "remedy")
PAGE = 5_000
ABSENT_SAID = "It is open here and not in this file."
ABSENT_REMEDY = "If it was paid or cancelled, say so by a payment or a credit note: nothing closes by being left out."
_KINDS = f"""
SELECT r.row_no, r.number, r.debtor_number, r.currency, r.amount_minor,
  CASE WHEN r.amount_minor < 0 THEN CASE WHEN c.id IS NULL OR c.id = r.invoice_id THEN 'new'
      WHEN c.currency = r.currency AND c.amount_minor = -r.amount_minor THEN 'same' ELSE 'changed' END
    WHEN i.id IS NULL OR i.id = r.invoice_id THEN 'new'
    WHEN NOT ({sql.SAME}) THEN 'changed'
    WHEN EXISTS (SELECT FROM payment p WHERE p.tenant_id = :tenant AND p.id = r.invoice_id)
      OR ({sql.PAID} AND i.open_minor > 0 AND r.paid_minor > i.amount_minor - i.open_minor) THEN 'paid'
    ELSE 'same' END AS outcome
FROM import_row r
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.number = r.number AND r.amount_minor >= 0
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
LEFT JOIN credit_note c ON c.tenant_id = :tenant AND c.number = r.number AND r.amount_minor < 0
WHERE {sql.STAGED}
"""
COUNTS = f"""
SELECT outcome, currency, count(*), CAST(sum(amount_minor) AS bigint) FROM ({_KINDS}) k
GROUP BY outcome, currency ORDER BY outcome, currency
"""
ROWS = f"SELECT * FROM ({_KINDS}) k WHERE row_no > :after ORDER BY row_no LIMIT :limit"
# Open by an earlier file of the source, and not in this one.
ABSENT = """
FROM invoice i JOIN import_run u ON u.tenant_id = :tenant AND u.id = i.import_id AND u.state = 'loaded'
JOIN import_run t ON t.tenant_id = :tenant AND t.id = :import_id AND t.source = u.source AND t.id <> u.id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL
  AND NOT EXISTS (SELECT FROM import_row r WHERE r.tenant_id = :tenant AND r.import_id = :import_id
    AND r.number = i.number AND r.amount_minor >= 0)
"""
ABSENT_COUNTS = f"""
SELECT 'missing', i.currency, count(*), CAST(sum(i.open_minor) AS bigint) {ABSENT} GROUP BY i.currency
ORDER BY i.currency
"""
ABSENT_ROWS = f"""
SELECT i.number, d.number AS customer, i.currency, i.open_minor {ABSENT} AND i.number > :after
ORDER BY i.number LIMIT :limit
"""
FAULTS = """
SELECT row_no, column_name, value, reason, remedy FROM import_fault
WHERE tenant_id = :tenant AND import_id = :import_id AND (row_no, column_name) > (:row_no, :column)
ORDER BY row_no, column_name LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Count:
    """How many rows of one outcome and currency, and their sum."""

    outcome: str
    currency: str
    rows: int
    minor: int


def counts(import_id: UUID, *, today: date) -> Sequence[Count]:
    """What the staged rows of an import would do now; afterwards, what they did. Swept a week after loading."""
    store.plan_for_sets()
    found = [Count(*row) for row in store.run(COUNTS, import_id=import_id, today=today)]
    return [*found, *_missing(import_id, found)]


def as_csv(import_id: UUID, *, today: date) -> Iterator[str]:
    """The result file: each row with its outcome, then each refused cell with its reason and remedy."""
    yield _line(HEADER)
    after = 0
    while rows := store.run(ROWS, import_id=import_id, today=today, after=after, limit=PAGE).all():
        for row in rows:
            amount = Money(row.amount_minor, row.currency).as_text()
            yield _line((row.row_no, row.outcome, row.number, row.debtor_number, row.currency, amount, "", ""))
        after = rows[-1].row_no
    at, column = 0, ""
    while faults := store.run(FAULTS, import_id=import_id, row_no=at, column=column, limit=PAGE).all():
        for fault in faults:
            said = f"{fault.column_name}: {fault.reason}"
            yield _line((fault.row_no, REFUSED, "", "", "", fault.value, said, fault.remedy))
        at, column = faults[-1].row_no, faults[-1].column_name
    if any(each.outcome == MISSING for each in counts(import_id, today=today)):
        yield from _absent(import_id)


def _missing(import_id: UUID, found: Sequence[Count]) -> list[Count]:
    """What is open here and not in the file; a file that repeats less than it leaves out tells of news alone."""
    repeated = sum(each.rows for each in found if each.outcome != NEW)
    absent = [Count(*row) for row in store.run(ABSENT_COUNTS, import_id=import_id)] if repeated else []
    return absent if sum(each.rows for each in absent) <= repeated else []


def _absent(import_id: UUID) -> Iterator[str]:
    """The missing ones, for the result file."""
    after = ""
    while rows := store.run(ABSENT_ROWS, import_id=import_id, after=after, limit=PAGE).all():
        for row in rows:
            amount = Money(row.open_minor, row.currency).as_text()
            yield _line(("", MISSING, row.number, row.customer, row.currency, amount, ABSENT_SAID, ABSENT_REMEDY))
        after = rows[-1].number


def _line(cells: Sequence[object]) -> str:
    """One line; no cell of it is a formula."""
    text = StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([sheets.safe(str(cell)) for cell in cells])
    return text.getvalue()
