"""Decides what a person should do: one open task per reason, raised in sets, closed with an outcome, undone in time.

A second open task for the same reason would send two people to one customer, so the database refuses it.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    SmallInteger,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.collections import priority
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

UNDO_WITHIN = timedelta(minutes=10)


class TaskUnknown(Refusal, LookupError):
    """No such task, or none of this client."""

    kind = Kind.UNKNOWN
    code = "task_unknown"
    remedy = "Reload the list: the task may belong to another client."


class TaskMoved(Refusal):
    """The task is no longer in the state that the change needs."""

    kind = Kind.CONFLICT
    code = "task_moved"
    remedy = "Reload the list: somebody else was faster."


class Task(TenantOwned, Model):
    """One thing that a person should do, with its reason and its place in the order."""

    __tablename__ = "task"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index(
            "ix_task_worklist",
            "tenant_id",
            "state",
            "answer_now",
            "rank",
            "id",
            postgresql_where=text("state IN ('open', 'snoozed')"),
        ),
        Index("ix_task_invoice", "tenant_id", "invoice_id"),
        Index("ix_task_closed", "tenant_id", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "uq_task_open",
            "tenant_id",
            "dedupe_key",
            unique=True,
            postgresql_where=text("state IN ('open', 'snoozed')"),
        ),
    )
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    rule_key: Mapped[str] = mapped_column(Text, default="")
    debtor_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    assignee_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(Text, default="open")
    answer_now: Mapped[bool] = mapped_column(Boolean, default=False)
    chance: Mapped[int] = mapped_column(SmallInteger, default=50)
    urgency: Mapped[int] = mapped_column(SmallInteger, default=100)
    rank: Mapped[int] = mapped_column(BigInteger, default=0)
    ends_when: Mapped[str] = mapped_column(Text, default="settled")
    amount_minor: Mapped[int] = mapped_column(BigInteger, default=0)
    currency: Mapped[str] = mapped_column(Text, default="")
    due_on: Mapped[date | None] = mapped_column(Date)
    wakes_on: Mapped[date | None] = mapped_column(Date)
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    closed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    closed_by: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task to raise. `dedupe_key` names the reason ("rule:<key>:<invoice>"); a missing amount is the invoice's.

    `ends_when`: "settled" closes it when the invoice is paid, "seen" also when the invoice is seen, "done" only a
    person does.
    """

    dedupe_key: str
    kind: str
    title: str
    reason: str
    rule_key: str = ""
    debtor_id: UUID | None = None
    invoice_id: UUID | None = None
    assignee_id: UUID | None = None
    amount_minor: int | None = None
    currency: str | None = None
    due_on: date | None = None
    ends_when: str = "settled"


RANK = f"{priority.VALUE} * x.chance * ({priority.URGENCY}) / 10000"
RAISE = f"""
INSERT INTO task (tenant_id, id, dedupe_key, kind, title, reason, rule_key, debtor_id, invoice_id, assignee_id, state,
  answer_now, chance, urgency, rank, ends_when, amount_minor, currency, due_on, opened_at)
SELECT :tenant, x.id, x.dedupe_key, x.kind, x.title, x.reason, x.rule_key, x.debtor_id, x.invoice_id, x.assignee_id,
  'open', x.answer_now, x.chance, {priority.URGENCY}, {RANK}, x.ends_when, x.amount_minor, x.currency, x.due_on, :now
FROM (
  SELECT d.id, d.dedupe_key, d.kind, d.title, d.reason, d.rule_key, COALESCE(d.debtor_id, i.debtor_id) AS debtor_id,
    d.invoice_id, d.assignee_id, d.answer_now, d.chance, d.ends_when, d.due_on,
    COALESCE(d.amount_minor, i.open_minor, 0) AS amount_minor, COALESCE(d.currency, i.currency, '') AS currency,
    {priority.OLDEST_DUE.format(debtor="d.debtor_id")} AS oldest_due_on
  FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(id uuid, dedupe_key text, kind text, title text, reason text,
    rule_key text, debtor_id uuid, invoice_id uuid, assignee_id uuid, answer_now boolean, chance smallint,
    ends_when text, due_on date, amount_minor bigint, currency text)
  LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = d.invoice_id) x
ON CONFLICT (tenant_id, dedupe_key) WHERE state IN ('open', 'snoozed') DO NOTHING RETURNING id
"""
# Lateness grows and amounts shrink without anybody touching the task. Only rows that move are written.
FRESHEN = f"""
UPDATE task t SET amount_minor = x.amount_minor, urgency = {priority.URGENCY},
       rank = {RANK}
FROM (SELECT t.id, t.chance, t.answer_now, COALESCE(i.open_minor, t.amount_minor) AS amount_minor, t.currency,
             {priority.OLDEST_DUE.format(debtor="t.debtor_id")} AS oldest_due_on
      FROM task t LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = t.invoice_id
      WHERE t.tenant_id = :tenant AND t.state IN ('open', 'snoozed')) x
WHERE t.tenant_id = :tenant AND t.id = x.id
  AND (t.urgency, t.amount_minor) IS DISTINCT FROM (CAST({priority.URGENCY} AS smallint), x.amount_minor)
"""
WAKE = """
UPDATE task SET state = 'open', wakes_on = NULL WHERE tenant_id = :tenant AND state = 'snoozed' AND wakes_on <= :today
"""
CLOSE = """
UPDATE task SET state = :state, closed_at = :now, closed_by = :actor, outcome = :outcome, wakes_on = NULL
WHERE tenant_id = :tenant AND id = :id AND state IN ('open', 'snoozed')
"""
SNOOZE = """
UPDATE task SET state = 'snoozed', wakes_on = :until WHERE tenant_id = :tenant AND id = :id AND state IN ('open',
       'snoozed')
"""
REOPEN = """
UPDATE task SET state = 'open', closed_at = NULL, closed_by = '', outcome = '', wakes_on = NULL
WHERE tenant_id = :tenant AND id = :id AND (state = 'snoozed' OR closed_at > :since)
  AND NOT EXISTS (SELECT FROM task o WHERE o.tenant_id = :tenant AND o.dedupe_key = task.dedupe_key
                    AND o.state IN ('open', 'snoozed') AND o.id <> task.id)
"""
ASSIGN = (
    "UPDATE task SET assignee_id = :assignee WHERE tenant_id = :tenant AND id = :id AND state IN ('open', 'snoozed')"
)
STATE = "SELECT state FROM task WHERE tenant_id = :tenant AND id = :id"


def raise_many(drafts: Sequence[NewTask], *, now: datetime, today: date) -> list[UUID]:
    """Raise tasks in one statement; return the ids of the new ones. A reason with an open task gets no second."""
    if not drafts:
        return []
    rows = []
    for draft in {draft.dedupe_key: draft for draft in drafts}.values():
        sort = priority.of(draft.kind)
        rows.append({**asdict(draft), "id": ids.new(), "answer_now": sort.answer_now, "chance": sort.chance})
    return list(store.run(RAISE, rows=json.dumps(rows, default=str), now=now, today=today).scalars())


def complete(task_id: UUID, *, now: datetime, outcome: str = "") -> None:
    """Done: a person did it."""
    _close(task_id, state="done", now=now, outcome=outcome)


def drop(task_id: UUID, *, now: datetime, reason: str) -> None:
    """Not to be done after all; the reason stays."""
    _close(task_id, state="dropped", now=now, outcome=reason)


def snooze(task_id: UUID, *, until: date, now: datetime, today: date) -> None:
    """Out of sight until a day to come."""
    if until <= today:
        raise TaskMoved("A task can only sleep until a later day.", remedy="Choose a day after today.")
    _guard(task_id, store.run(SNOOZE, id=task_id, until=until).rowcount)
    history.note("snoozed", about=("task", task_id), at=now, became={"state": "snoozed", "wakes_on": until})


def assign(task_id: UUID, *, assignee_id: UUID | None, now: datetime) -> None:
    """Give the task to a person, or back to everybody."""
    _guard(task_id, store.run(ASSIGN, id=task_id, assignee=assignee_id).rowcount)
    history.note("assigned", about=("task", task_id), at=now, became={"assignee_id": assignee_id})


def undo(task_id: UUID, *, now: datetime) -> None:
    """Take back a snooze, or within ten minutes an end, unless the same reason has a new task by now."""
    _guard(task_id, store.run(REOPEN, id=task_id, since=now - UNDO_WITHIN).rowcount)
    history.note("reopened", about=("task", task_id), at=now, became={"state": "open"})


def freshen(*, today: date) -> int:
    """Wake what was to sleep until today and rank everything anew; return how many rows moved."""
    woken = store.run(WAKE, today=today).rowcount
    return woken + store.run(FRESHEN, today=today).rowcount


def _close(task_id: UUID, *, state: str, now: datetime, outcome: str) -> None:
    closed = store.run(CLOSE, id=task_id, state=state, now=now, actor=scope.current().actor, outcome=outcome)
    _guard(task_id, closed.rowcount)
    history.note(state, about=("task", task_id), at=now, became={"state": state}, reason=outcome)


def _guard(task_id: UUID, changed: int) -> None:
    """Believe the row count: nothing changed means that the task is unknown here or has moved."""
    if changed:
        return
    if store.run(STATE, id=task_id).first() is None:
        raise TaskUnknown("There is no such task.")
    raise TaskMoved("The task has moved on.")
