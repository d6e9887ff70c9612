"""Decides how a rule asks before it acts: one question per subject and time, answered by a person with the role, within
days; silence is never a yes, it goes to the team lead.

What follows from a yes is done only after the rule was asked again: who has paid meanwhile gets no formal letter.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.collections import tasks
from tenants.collections.tasks import NewTask
from tenants.events import history
from tenants.isolation import scope
from tenants.rules import people
from tenants.values import ids
from tenants.values.faults import Kind, Refusal
from tenants.values.money import Money

ROLES_OF = {"client finance lead": ("client_approver", "tenant_admin"), "tenant admins": ("tenant_admin",)}
"""Which roles of the directory may answer a question to them."""
ASK = """
INSERT INTO action_approval (tenant_id, id, rule_id, version, episode, place, subject_id, debtor_id, invoice_id, title,
  reason, role, state, answer_by_on, asked_at)
SELECT :tenant, r.id, r.rule_id, r.version, r.episode, r.place, r.subject_id, r.debtor_id, r.invoice_id, r.title,
  r.reason, r.role, 'waiting', r.answer_by_on, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, rule_id uuid, version integer, episode integer, place text,
  subject_id uuid, debtor_id uuid, invoice_id uuid, title text, reason text, role text, answer_by_on date)
ON CONFLICT (tenant_id, rule_id, subject_id, episode, place) DO NOTHING RETURNING id
"""
DECIDE = """
UPDATE action_approval SET state = :state, decided_by = :actor, decided_at = :now, words = :words
WHERE tenant_id = :tenant AND id = :id AND state = 'waiting' AND answer_by_on >= :today RETURNING id
"""
MOOT = "UPDATE action_approval SET state = 'moot' WHERE tenant_id = :tenant AND id = :id AND state = 'granted'"
LAPSE = """
UPDATE action_approval SET state = 'lapsed', decided_at = :now
WHERE tenant_id = :tenant AND state = 'waiting' AND answer_by_on < :today
RETURNING id, title, reason, role, debtor_id, invoice_id
"""
SHOWN = """
SELECT a.id, r.key AS rule_key, a.version, a.episode, a.place, a.rule_id, a.subject_id, a.debtor_id, a.invoice_id,
  a.title, a.reason, a.role, a.state, a.answer_by_on, a.asked_at, a.decided_by, a.decided_at, a.words,
  d.name AS customer, i.number AS invoice_number, v.sentence
FROM action_approval a JOIN rule r ON r.tenant_id = :tenant AND r.id = a.rule_id
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = a.rule_id AND v.version = a.version
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = a.debtor_id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant
"""
AT_STAKE = """
SELECT debtor_id, currency, sum(open_minor) AS minor FROM invoice
WHERE tenant_id = :tenant AND debtor_id = ANY(:debtors) AND open_minor > 0 AND voided_on IS NULL AND due_on < :today
GROUP BY debtor_id, currency ORDER BY debtor_id, currency
"""
PAGE_LENGTH = 50
ONE = SHOWN + " AND a.id = :id"
PAGE = (
    SHOWN
    + """
  AND a.state = ANY(:states) AND (CAST(:after AS uuid) IS NULL OR a.id < :after) ORDER BY a.id DESC LIMIT :limit"""
)


class ApprovalUnknown(Refusal, LookupError):
    """No such question, or none of this client."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "approval_unknown"
    remedy = "Reload the list of questions."


class ApprovalOver(Refusal):
    """The question is answered already, or its time is over."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "approval_over"
    remedy = "Reload the list: somebody else was faster, or the time is over."


class NotYours(Refusal):
    """The question is for somebody else."""

    kind: ClassVar[Kind] = Kind.FORBIDDEN
    code = "approval_not_yours"
    remedy = "Ask somebody with the role that the question names."


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: by which wording, about whom, of whom, until when."""

    rule_id: UUID
    version: int
    episode: int
    place: str
    subject_id: UUID
    debtor_id: UUID | None
    invoice_id: UUID | None
    title: str
    reason: str
    role: str
    answer_by_on: date


def ask(questions: Sequence[Question], *, rule_key: str, now: datetime, today: date) -> list[UUID]:
    """Keep questions, and give each to the first person with the role as a task."""
    rows = [{**asdict(question), "id": ids.new()} for question in questions]
    kept = set(store.run(ASK, rows=json.dumps(rows, default=str), now=now).scalars())
    drafts = []
    for row in rows:
        if row["id"] in kept:
            given = people.of_role(str(row["role"]), now=now)[:1]
            drafts.append(
                NewTask(
                    f"approval:{row['id']}",
                    "decide",
                    f"Decide: {row['title']}",
                    row["reason"],
                    rule_key=rule_key,
                    debtor_id=row["debtor_id"],
                    invoice_id=row["invoice_id"],
                    assignee_id=given[0].id if given else None,
                    due_on=row["answer_by_on"],
                )
            )
    tasks.raise_many(drafts, now=now, today=today)
    return sorted(kept)


def page(
    states: Sequence[str] = ("waiting",), *, after: UUID | None = None, limit: int = PAGE_LENGTH
) -> Sequence[RowMapping]:
    """Questions of one client, the newest first."""
    return store.run(PAGE, states=list(states), after=after, limit=limit).mappings().all()


def at_stake(questions: Sequence[RowMapping], *, today: date) -> dict[UUID, list[Money]]:
    """What the customers of these questions owe overdue, by customer, one amount a currency."""
    found: dict[UUID, list[Money]] = {}
    debtors = sorted({row["debtor_id"] for row in questions if row["debtor_id"]})
    for debtor_id, currency, minor in store.run(AT_STAKE, debtors=debtors, today=today) if debtors else ():
        found.setdefault(debtor_id, []).append(Money(int(minor), currency))
    return found


def find(approval_id: UUID) -> RowMapping:
    """One question. Raises ApprovalUnknown."""
    row = store.run(ONE, id=approval_id).mappings().one_or_none()
    if row is None:
        raise ApprovalUnknown("There is no such question.")
    return row


def answer(approval_id: UUID, *, yes: bool, words: str, roles: Sequence[str], now: datetime, today: date) -> RowMapping:
    """Answer a question once. Raises ApprovalUnknown, NotYours, ApprovalOver."""
    asked = find(approval_id)
    if not set(roles) & set(ROLES_OF[asked["role"]]):
        raise NotYours(f"This is for the {asked['role']} to decide.")
    state = "granted" if yes else "refused"
    taken = store.run(
        DECIDE, id=approval_id, state=state, actor=scope.current().actor, now=now, today=today, words=words
    ).scalar_one_or_none()
    if taken is None:
        raise ApprovalOver("This question is not open any more.")
    history.note(f"approval.{state}", about=("approval", approval_id), at=now, reason=words)
    return find(approval_id)


def call_moot(approval_id: UUID) -> None:
    """It was granted, but what it was about has ended."""
    store.run(MOOT, id=approval_id)


def lapse(*, now: datetime, today: date) -> int:
    """Silence is no yes: what nobody answered in time goes to the team lead as a task."""
    over = store.run(LAPSE, now=now, today=today).all()
    leads = people.of_role("team lead", now=now)[:1] if over else []
    drafts = [
        NewTask(
            f"approval-lapsed:{row.id}",
            "decide",
            f"Nobody decided: {row.title}",
            f"The {row.role} did not answer in time. {row.reason}",
            debtor_id=row.debtor_id,
            invoice_id=row.invoice_id,
            assignee_id=leads[0].id if leads else None,
        )
        for row in over
    ]
    tasks.raise_many(drafts, now=now, today=today)
    return len(over)
