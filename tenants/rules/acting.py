"""Decides what follows from firings: alerts, tasks and pauses with their reason in words, and one message per customer.

Everything happens in the transaction of the firings, in sets: what was acted on and what was done about it cannot come
apart.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants.collections import alerts, holds, tasks
from tenants.collections.alerts import NewAlert
from tenants.collections.holds import NewHold
from tenants.collections.tasks import NewTask
from tenants.delivery import queueing
from tenants.rules import bounds, wording
from tenants.rules.bounds import Moment
from tenants.rules.tree import Action, Rule

TASK_KINDS = {
    "invoice.bounced_at": "bounce",
    "invoice.delivery": "bounce",
    "invoice.promised_date": "promise",
    "invoice.disputed_at": "dispute",
    "invoice.first_seen_at": "call",
    "invoice.evidence_level": "call",
}
"""What sort of work a task is, by the field that made it; it decides where the task stands in the list."""
SEEN_FIELDS = ("invoice.first_seen_at", "invoice.evidence_level")


@dataclass(frozen=True, slots=True)
class Firing:
    """One subject that a run acts on, with what its actions need to know."""

    subject_id: UUID
    episode: int
    explanation: dict[str, Any]
    debtor_id: UUID
    invoice_id: UUID | None
    owner_id: UUID | None


def act(rule: Rule, firings: Sequence[Firing], *, at: Moment, occurrence: str, real: datetime) -> None:
    """Do what the rule says about each firing."""
    for action in rule.actions:
        if action.do == "alert":
            alerts.raise_many([_alert(rule, action, firing, at) for firing in firings], now=at.now)
        elif action.do == "task":
            tasks.raise_many([_task(rule, action, firing, at) for firing in firings], now=at.now, today=at.today)
        elif action.do == "pause":
            holds.open_many(_pauses(rule, action, firings, at), now=at.now)
        else:
            chased = [firing.invoice_id for firing in firings if firing.invoice_id]
            queueing.queue_reminders(
                rule.key, invoice_ids=chased, template=action.template, occurrence=occurrence, now=at.now, real=real
            )


def _alert(rule: Rule, action: Action, firing: Firing, at: Moment) -> NewAlert:
    return NewAlert(
        f"rule:{rule.key}:{firing.subject_id}",
        wording.title(rule.key),
        wording.reason(rule, firing.explanation, zone=at.zone),
        cause=f"rule:{rule.key}",
        severity=action.severity,
        rule_key=rule.key,
        debtor_id=firing.debtor_id,
        invoice_id=firing.invoice_id,
        ends_when=_ends_when(rule),
    )


def _task(rule: Rule, action: Action, firing: Firing, at: Moment) -> NewTask:
    return NewTask(
        f"rule:{rule.key}:{firing.subject_id}",
        _kind(rule),
        action.title,
        wording.reason(rule, firing.explanation, zone=at.zone),
        rule_key=rule.key,
        debtor_id=firing.debtor_id,
        invoice_id=firing.invoice_id,
        assignee_id=firing.owner_id,
        due_on=_due(action, at),
        ends_when=_ends_when(rule),
    )


def _pauses(rule: Rule, action: Action, firings: Sequence[Firing], at: Moment) -> list[NewHold]:
    """One hold an invoice, or one a customer however many of its invoices match."""
    silenced = {
        (firing.debtor_id, firing.invoice_id if action.what == "invoice" else None): firing for firing in firings
    }
    ends_on = bounds.day_ahead(action.span, at=at) if action.span else at.today
    return [
        NewHold(
            "pause",
            debtor_id,
            at.today,
            invoice_id,
            ends_on,
            reason=f"{wording.title(rule.key)}: {wording.reason(rule, firing.explanation, zone=at.zone)}",
        )
        for (debtor_id, invoice_id), firing in silenced.items()
    ]


def _due(action: Action, at: Moment) -> date | None:
    return bounds.day_ahead(action.due, at=at) if action.due else None


def _kind(rule: Rule) -> str:
    """Also: a customer without an invoice in question is somebody to look at."""
    fields = [leaf.field.key for leaf in rule.leaves()]
    return next((kind for field, kind in TASK_KINDS.items() if field in fields), "review")


def _ends_when(rule: Rule) -> str:
    """What was raised because nobody had seen the invoice ends when somebody does."""
    if rule.about == "customer":
        return "done"
    return "seen" if any(leaf.field.key in SEEN_FIELDS for leaf in rule.leaves()) else "settled"
