"""Decides how invoices are found: by standing, delivery, customer and words, with the totals of exactly what was asked.

A list whose total differs from the tile that opened it is worse than no list, so rows and totals share one condition.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tenants import store
from tenants.ledger import instalments, standing

UPWARDS = ("open", "overdue", "not-issued")
"""What is open is read from the oldest due date on; everything else from the newest back."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for; what is empty does not narrow."""

    standing: str = "open"
    delivery: str = ""
    currency: str = ""
    words: str = ""
    debtor_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """One invoice of the list."""

    id: UUID
    number: str
    debtor_id: UUID
    customer: str
    currency: str
    amount_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    settled_on: date | None
    voided_on: date | None
    delivery: str
    evidence_level: int
    standing: str


@dataclass(frozen=True, slots=True)
class Total:
    """What was found in one currency: how many, what is open of them, and what was invoiced."""

    currency: str
    count: int
    minor: int
    invoiced_minor: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some invoices, the totals of all that were found, and where the next page starts."""

    rows: Sequence[Found]
    totals: Sequence[Total]
    next: tuple[date, UUID] | None


FROM = "FROM invoice i JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id WHERE i.tenant_id = :tenant"
ROWS = f"""
SELECT i.id, i.number, i.debtor_id, d.name, i.currency, i.amount_minor, {{open}}, i.issued_on, i.due_on,
  i.settled_on, i.voided_on, i.delivery, i.evidence_level, {standing.WORD} AS standing
{FROM} AND {{wanted}}{{after}} ORDER BY i.due_on {{way}}, i.id {{way}} LIMIT :limit
"""
TOTALS = f"""
SELECT i.currency, count(*), coalesce(sum({{open}}), 0), coalesce(sum(i.amount_minor), 0)
{FROM} AND {{wanted}} GROUP BY i.currency ORDER BY i.currency
"""
OPEN = "i.open_minor"
# Of an invoice in instalments only those are overdue whose day has passed.
OVERDUE = """i.open_minor - coalesce((
  SELECT CAST(sum(least(n.amount_minor, greatest(n.up_to_minor - i.amount_minor + i.open_minor, 0))) AS bigint)
  FROM instalment n WHERE n.tenant_id = :tenant AND n.schedule_id = i.schedule_id AND n.due_on >= :today), 0)"""


def find(asked: Asked, *, today: date, after: tuple[date, UUID] | None = None, limit: int = 50) -> Page:
    """One page of what was asked for, with the totals over all pages."""
    wanted, values = _wanted(asked, today)
    upwards = asked.standing in UPWARDS
    counted = OVERDUE if asked.standing == "overdue" and instalments.exist() else OPEN
    totals = [
        Total(row[0], row[1], int(row[2]), int(row[3]))
        for row in store.run(TOTALS.format(wanted=wanted, open=counted), **values)
    ]
    place = ""
    if after is not None:
        place = f" AND (i.due_on, i.id) {'>' if upwards else '<'} (:after_on, :after_id)"
        values |= {"after_on": after[0], "after_id": after[1]}
    sql = ROWS.format(wanted=wanted, open=counted, after=place, way="ASC" if upwards else "DESC")
    rows = [Found(*row) for row in store.run(sql, limit=limit + 1, **(values | {"today": today}))]
    page = rows[:limit]
    return Page(page, totals, (page[-1].due_on, page[-1].id) if len(rows) > limit else None)


def _wanted(asked: Asked, today: date) -> tuple[str, dict[str, Any]]:
    """The condition and its values; every text is one of ours, everything asked is a value."""
    parts: list[str] = [standing.CONDITIONS[asked.standing]]
    values: dict[str, Any] = {"today": today} if ":today" in parts[0] else {}
    for column, value in (("delivery", asked.delivery), ("currency", asked.currency), ("debtor_id", asked.debtor_id)):
        if value:
            parts.append(f"i.{column} = :{column}")
            values[column] = value
    if asked.words:
        parts.append("(i.number ILIKE :start OR d.name ILIKE :within OR i.purchase_order ILIKE :start)")
        plain = asked.words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        values |= {"start": f"{plain}%", "within": f"%{plain}%"}
    return " AND ".join(parts), values
