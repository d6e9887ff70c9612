"""Decides whether a promise was kept: by what was allocated from its first day to its last, and a day of grace.

Judged once, when the grace is over on the client's calendar: kept, part or broken. Anything but kept is work for a
person from that day on, because a broken promise that nobody mentions is the last promise anybody keeps.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.collections import tasks
from tenants.collections.tasks import NewTask
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.values import dates
from tenants.values.calendars import BusinessCalendar
from tenants.values.money import Money

GRACE_DAYS = 1

PAST = """
SELECT id, ends_on FROM hold
WHERE tenant_id = :tenant AND kind = 'promise' AND ended_at IS NULL AND ends_on < :today
"""
# Of a promise about one invoice its own allocations count; of one about the whole customer all of the customer's.
PAID = """
SELECT h.id, h.debtor_id, h.invoice_id, h.ends_on, h.amount_minor, h.currency, d.name AS customer, i.number,
  i.open_minor, i.currency AS invoice_currency,
  (SELECT COALESCE(sum(a.amount_minor), 0) FROM allocation a
   WHERE a.tenant_id = :tenant AND a.debtor_id = h.debtor_id AND (h.invoice_id IS NULL OR a.invoice_id = h.invoice_id)
     AND a.effective_on BETWEEN h.starts_on AND p.last_on AND (h.currency = '' OR a.currency = h.currency)) AS
     paid_minor
FROM hold h JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS p(id uuid, last_on date) ON p.id = h.id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = h.debtor_id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE h.tenant_id = :tenant AND h.ended_at IS NULL ORDER BY h.ends_on, h.id FOR UPDATE OF h
"""
END = """
UPDATE hold SET ended_at = :now, ended_by = 'itself', outcome = j.outcome
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS j(id uuid, outcome text)
WHERE hold.tenant_id = :tenant AND hold.id = j.id AND hold.ended_at IS NULL
"""
OPEN_OF = """
SELECT i.debtor_id, i.id FROM invoice i
WHERE i.tenant_id = :tenant AND i.debtor_id = ANY(:debtors) AND i.open_minor > 0 AND i.voided_on IS NULL ORDER BY i.id
"""


@dataclass(frozen=True, slots=True)
class Judged:
    """One promise and how it ended: kept, part or broken."""

    hold_id: UUID
    debtor_id: UUID
    invoice_id: UUID | None
    about: str
    promised_on: date
    outcome: str


def judge(*, now: datetime, today: date, calendar: BusinessCalendar, wall: datetime | None = None) -> list[Judged]:
    """Judge every promise whose grace is over, end its hold, and raise a task for each that was not kept.

    `wall` is the real time where the client's clock may have been moved.
    """
    over = [
        {"id": row.id, "last_on": last_on}
        for row in store.run(PAST, today=today)
        if (last_on := calendar.add(row.ends_on, GRACE_DAYS)) < today
    ]
    if not over:
        return []
    judged = [_judged(row) for row in store.run(PAID, rows=json.dumps(over, default=str))]
    ended = [{"id": each.hold_id, "outcome": each.outcome} for each in judged]
    store.run(END, rows=json.dumps(ended, default=str), now=now)
    unkept = [each for each in judged if each.outcome != "kept"]
    tasks.raise_many([_task(each) for each in unkept], now=now, today=today)
    _tell(unkept, now=wall or now)
    return judged


def _tell(unkept: Sequence[Judged], *, now: datetime) -> None:
    """A promise for the whole account was one for each of its open invoices."""
    accounts = [each.debtor_id for each in unkept if each.invoice_id is None]
    open_of: dict[UUID, list[UUID]] = defaultdict(list)
    for row in store.run(OPEN_OF, debtors=accounts) if accounts else ():
        open_of[row.debtor_id].append(row.id)
    news = [(each.hold_id, [each.invoice_id] if each.invoice_id else open_of[each.debtor_id]) for each in unkept]
    recording.record_many(
        "promise.broken",
        [Occurrence(str(hold_id), {"invoice_ids": [str(one) for one in about]}) for hold_id, about in news if about],
        now=now,
    )


def outcome(*, promised_minor: int | None, paid_minor: int, open_minor: int | None) -> str:
    """Kept when the promised sum came, or when nothing is left to pay; part when something came."""
    if open_minor == 0 or (promised_minor is not None and paid_minor >= promised_minor):
        return "kept"
    if promised_minor is None and open_minor is None and paid_minor > 0:
        return "kept"
    return "part" if paid_minor > 0 else "broken"


def _judged(row: Any) -> Judged:
    about = f"invoice {row.number}" if row.number else "the account"
    if row.amount_minor is not None:
        about = f"{Money(row.amount_minor, row.currency).shown()} for {about}"
    return Judged(
        hold_id=row.id,
        debtor_id=row.debtor_id,
        invoice_id=row.invoice_id,
        about=about,
        promised_on=row.ends_on,
        outcome=outcome(promised_minor=row.amount_minor, paid_minor=row.paid_minor, open_minor=row.open_minor),
    )


def _task(judged: Judged) -> NewTask:
    words = "only in part" if judged.outcome == "part" else "not at all"
    return NewTask(
        dedupe_key=f"promise:{judged.invoice_id or judged.debtor_id}",
        kind="promise",
        title="Ask about the broken promise",
        reason=f"The promise of {judged.about} by {dates.written(judged.promised_on)} was kept {words}.",
        debtor_id=judged.debtor_id,
        invoice_id=judged.invoice_id,
    )
