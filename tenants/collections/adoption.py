"""Decides what people do for the client's goal of e-invoices: one task for each customer that would help to close the
gap, to ask where its accounts payable take them. Who takes them ends the task.
"""

from datetime import date, datetime
from uuid import UUID

from tenants import store
from tenants.collections import tasks
from tenants.collections.tasks import NewTask
from tenants.delivery.einvoices import goal

KEY = "einvoice-address:"
MOST = 50
"""So many customers are asked at a time; the next ones when these have answered."""
OPEN = """
SELECT id, debtor_id FROM task WHERE tenant_id = :tenant AND state IN ('open', 'snoozed') AND dedupe_key LIKE :key
"""
TAKEN = "SELECT debtor_id FROM debtor_einvoice WHERE tenant_id = :tenant AND debtor_id = ANY(:ids)"
CLOSE = """
UPDATE task SET state = 'done', closed_at = :now, closed_by = 'system', outcome = 'takes_einvoices'
WHERE tenant_id = :tenant AND id = ANY(:ids) AND state IN ('open', 'snoozed') RETURNING id
"""


def ask(*, today: date, now: datetime, most: int = MOST) -> list[UUID]:
    """Raise the tasks that are not open yet; returns the new ones. Without a goal there are none."""
    found = goal.progress(today=today)
    if found is None:
        return []
    drafts = [
        NewTask(
            dedupe_key=f"{KEY}{each.debtor_id}",
            kind="call",
            title=f"Ask {each.name} where e-invoices should go",
            reason=(
                f"{each.invoices} invoices in ninety days: with this customer the share of e-invoices rises by "
                f"{each.adds / 10:.1f} points. Ask for the electronic address of its accounts payable"
                f"{f' (write to {each.email})' if each.email else ''}."
            ),
            debtor_id=each.debtor_id,
            ends_when="done",
        )
        for each in found.candidates[:most]
    ]
    return tasks.raise_many(drafts, now=now, today=today)


def end_answered(*, now: datetime) -> int:
    """Close the tasks of customers that take e-invoices by now; returns how many."""
    asked = {row.debtor_id: row.id for row in store.run(OPEN, key=f"{KEY}%")}
    taken = list(store.run(TAKEN, ids=list(asked)).scalars()) if asked else []
    return len(store.run(CLOSE, ids=[asked[each] for each in taken], now=now).all()) if taken else 0
