"""What the specialists did in the demo's past: promises taken, objections heard, calls made, one customer in peace."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from console.sample.play import Stage
from tenants import store
from tenants.cash import deciding, queue
from tenants.collections import alerts, holds, tasks
from tenants.collections.tasks import NewTask
from tenants.directory import clients
from tenants.events import history
from tenants.isolation import scope
from tenants.work import unit_of_work

OVERDUE = """
SELECT i.id, i.debtor_id, i.number, i.open_minor, i.currency FROM invoice i
WHERE i.tenant_id = :tenant AND i.open_minor > 0 AND i.voided_on IS NULL AND i.due_on < :today
  AND NOT EXISTS (SELECT FROM hold h WHERE h.tenant_id = :tenant AND h.debtor_id = i.debtor_id)
ORDER BY i.open_minor DESC, i.id LIMIT :limit
"""
OPEN_TASKS = """
SELECT id, kind FROM task WHERE tenant_id = :tenant AND state = 'open' ORDER BY rank DESC, id LIMIT :limit
"""
OPEN_ALERTS = "SELECT id FROM alert WHERE tenant_id = :tenant AND state = 'open' ORDER BY id LIMIT 1"
DONE = (
    "Spoke to accounts payable: they have it now.",
    "Left a message, they call back.",
    "New address found and saved.",
)


def begin(stage: Stage, tenant: UUID, *, actor: str, name: str) -> None:
    """On the first day: promises, one of which will be broken, an objection, and a customer to be left in peace."""
    with unit_of_work(scope.tenant(tenant, actor=actor)):
        now, today = _now(stage)
        overdue = store.run(OVERDUE, today=today, limit=6).all()
        drafts = [
            ("promise", 12, "Promised on the phone, half of it waits for their own customer"),
            ("promise", 3, "Promised for the end of the week"),
            ("dispute", None, "Says that two positions were never delivered"),
            ("pause", 30, "Change of ownership: leave in peace until the new people are there"),
        ]
        for (kind, days, reason), invoice in zip(drafts, overdue, strict=False):
            _hold(kind, invoice, days=days, reason=reason, now=now, today=today)
            history.note("call.logged", about=("debtor", invoice.debtor_id), at=now, reason=reason, actor_name=name)


def work(stage: Stage, tenant: UUID, *, actor: str, day_no: int) -> None:
    """On every second day the first task of the list is done and the second put off; on some days an alert is taken."""
    with unit_of_work(scope.tenant(tenant, actor=actor)):
        now, today = _now(stage)
        for place, task in enumerate(store.run(OPEN_TASKS, limit=2)):
            if place == 0 and day_no % 2:
                tasks.complete(task.id, now=now, outcome=DONE[day_no % len(DONE)])
            if place == 1 and day_no % 4 == 1:
                tasks.snooze(task.id, until=today + timedelta(days=9 + day_no), now=now, today=today)
        if day_no % 3 == 2 and (found := store.run(OPEN_ALERTS).scalars().all()):
            alerts.acknowledge(found, now=now)


def decide_cash(stage: Stage, tenant: UUID, *, actor: str) -> None:
    """Of the bank lines that wait: what is proposed for one is booked, and one that is nobody's is put by."""
    with unit_of_work(scope.tenant(tenant, actor=actor)):
        now, _ = _now(stage)
        waiting = queue.waiting()
        proposed = next((line for line in waiting if line.parts), None)
        strange = next((line for line in waiting if line.debtor_id is None and line.amount_minor > 10_000), None)
        if proposed:
            deciding.accept(proposed.id, now=now, wall=stage.real)
        if strange:
            deciding.park(strange.id, now=now, note="Asked the client's accounts what it is for")


def leave_replies(stage: Stage, tenant: UUID, *, actor: str) -> None:
    """On the last day: somebody has written and waits for an answer."""
    with unit_of_work(scope.tenant(tenant, actor=actor)):
        now, today = _now(stage)
        for invoice in store.run(OVERDUE, today=today, limit=2).all()[1:]:
            reply = NewTask(
                dedupe_key=f"reply:{invoice.id}",
                kind="reply",
                title="Answer the customer's question",
                reason=f"“Which order is invoice {invoice.number} for? We cannot find it.”",
                debtor_id=invoice.debtor_id,
                invoice_id=invoice.id,
            )
            tasks.raise_many([reply], now=now, today=today)


def _now(stage: Stage) -> tuple[datetime, date]:
    clock = clients.clock()
    return clock.now(stage.real), clock.today(stage.real)


def _hold(kind: str, invoice: Any, *, days: int | None, reason: str, now: datetime, today: date) -> None:
    whole = kind == "pause"
    holds.open(
        kind,
        debtor_id=invoice.debtor_id,
        invoice_id=None if whole else invoice.id,
        starts_on=today,
        ends_on=today + timedelta(days=days) if days else None,
        amount_minor=invoice.open_minor if kind == "promise" else None,
        currency=invoice.currency if kind == "promise" else "",
        reason=reason,
        now=now,
    )
