"""Decides what follows from firings: alerts, tasks and pauses with their reason in words, one message per customer,
work that changes hands, stages, marks, questions, calls and lines of a digest.

Everything happens in the transaction of the firings, in sets: what was acted on and what was done about it cannot come
apart. What leaves the house is only written down here, and leaves by a job of its own.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.collections import alerts, holds, tasks
from tenants.collections.alerts import NewAlert
from tenants.collections.holds import NewHold
from tenants.collections.tasks import NewTask
from tenants.delivery import queueing
from tenants.rules import approvals, bounds, digests, handing, marks, people, senders, webhooks, wording
from tenants.rules.bounds import Moment
from tenants.rules.firings import Firing, debtors
from tenants.rules.tree import Action, Duration, Rule

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
OVERDUE = """
SELECT o.id FROM invoice o
WHERE o.tenant_id = :tenant AND o.debtor_id = ANY(:debtors) AND o.open_minor > 0 AND o.voided_on IS NULL
  AND o.due_on < :today AND o.issued_on <= :today
"""
TELLING = ("alert", "task", "pause", "approve", "webhook", "digest")
"""What says why it is there."""
BY_ID = frozenset(("send", "stage", "tag"))
"""What needs to know nothing of its subjects but which they are."""
THANKS = ("Thank you for paying on time",)
"""Messages that are about no invoice."""


@dataclass(frozen=True, slots=True)
class Doing:
    """One rule that acts at one moment; `occurrence` tells this time from all others."""

    rule: Rule
    rule_id: UUID
    version: int
    at: Moment
    occurrence: str
    real: datetime


def act(doing: Doing, firings: Sequence[Firing], *, actions: Sequence[Action] | None = None) -> None:
    """Do what the rule says about each firing, or only what `actions` say."""
    for place, action in enumerate(doing.rule.actions if actions is None else actions):
        ACTS[action.do](doing, action, firings, f"/then/{place}")


def _alert(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    rule, at = doing.rule, doing.at
    drafts = [
        NewAlert(
            _dedupe(rule, action, firing),
            wording.title(rule.key),
            wording.reason(rule, firing.explanation, zone=at.zone),
            cause=f"rule:{rule.key}",
            severity=action.severity,
            rule_key=rule.key,
            debtor_id=firing.debtor_id,
            invoice_id=firing.invoice_id,
            ends_when=_ends_when(rule),
            audience=action.to,
        )
        for firing in firings
    ]
    alerts.raise_many(drafts, now=at.now)


def _dedupe(rule: Rule, action: Action, firing: Firing) -> str:
    key = f"rule:{rule.key}:{firing.subject_id}"
    return key if action.to == "specialist" else f"{key}:{action.to}"


def _task(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    rule, at = doing.rule, doing.at
    given = [] if action.to == "specialist" else people.of_role(action.to, now=at.now)
    takers = handing.takers([firing.subject_id for firing in firings]) if action.to == "specialist" else {}
    drafts = [
        NewTask(
            _dedupe(rule, action, firing),
            _kind(rule),
            action.title,
            wording.reason(rule, firing.explanation, zone=at.zone),
            rule_key=rule.key,
            debtor_id=firing.debtor_id,
            invoice_id=firing.invoice_id,
            assignee_id=given[0].id if given else takers.get(firing.subject_id, firing.owner_id),
            due_on=_due(action, at),
            ends_when=_ends_when(rule),
        )
        for firing in firings
    ]
    tasks.raise_many(drafts, now=at.now, today=at.today)


def _pause(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    """One hold an invoice, or one a customer however many of its invoices match."""
    rule, at = doing.rule, doing.at
    silenced = {
        (firing.debtor_id, firing.invoice_id if action.what == "invoice" else None): firing
        for firing in firings
        if firing.debtor_id
    }
    ends_on = bounds.day_ahead(action.span or Duration(1, "days"), at=at)
    drafts = [
        NewHold(
            "pause",
            debtor_id,
            at.today,
            invoice_id,
            ends_on,
            reason=f"{wording.title(rule.key)}: {wording.reason(rule, firing.explanation, zone=at.zone)}",
        )
        for (debtor_id, invoice_id), firing in silenced.items()
        if debtor_id
    ]
    holds.open_many(drafts, now=at.now)


def _send(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    """About invoices: these; about customers: everything that is overdue there, unless the words ask for nothing."""
    how: dict[str, Any] = {"template": action.template, "occurrence": doing.occurrence}
    how |= {"now": doing.at.now, "real": doing.real}
    how["signs"] = lambda customers: senders.names(action.sender, debtor_ids=customers, now=doing.at.now)
    if doing.rule.about == "customer" and action.template in THANKS:
        queueing.queue_notes(doing.rule.key, debtor_ids=debtors(firings), **how)
        return
    chased = [firing.invoice_id for firing in firings if firing.invoice_id]
    if doing.rule.about == "customer":
        chased = list(store.run(OVERDUE, debtors=debtors(firings), today=doing.at.today).scalars())
    queueing.queue_reminders(doing.rule.key, invoice_ids=chased, **how)


def _assign(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    handing.assign(action.to, firings, rule_key=doing.rule.key, at=doing.at)


def _stage(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    subjects = [firing.subject_id for firing in firings]
    marks.move(subjects, stage=action.stage, actor=f"rule:{doing.rule.key}", now=doing.at.now)


def _tag(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    subjects = [firing.subject_id for firing in firings]
    marks.tag(subjects, key=action.tag, actor=f"rule:{doing.rule.key}", now=doing.at.now)


def _set(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    reason = f"rule {doing.rule.key}"
    marks.set_field(debtors(firings), field=action.field, value=action.value, reason=reason, now=doing.at.now)


def _approve(doing: Doing, action: Action, firings: Sequence[Firing], place: str) -> None:
    asked = [
        approvals.Question(
            doing.rule_id,
            doing.version,
            firing.episode,
            place,
            firing.subject_id,
            firing.debtor_id,
            firing.invoice_id,
            action.title,
            wording.reason(doing.rule, firing.explanation, zone=doing.at.zone),
            action.to,
            bounds.day_ahead(action.within or Duration(1, "days"), at=doing.at),
        )
        for firing in firings
    ]
    approvals.ask(asked, rule_key=doing.rule.key, now=doing.at.now, today=doing.at.today)


def _webhook(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    told = [
        webhooks.News(
            f"{doing.rule_id}:{firing.subject_id}:{firing.episode}:{action.endpoint}",
            {
                "rule": doing.rule.key,
                "version": doing.version,
                "about": doing.rule.about,
                "subject": firing.subject_id,
                "customer": firing.debtor_id,
                "invoice": firing.invoice_id,
                "episode": firing.episode,
                "reason": wording.reason(doing.rule, firing.explanation, zone=doing.at.zone),
                "conditions": {place: holds for place, (holds, _) in _conditions(firing)},
            },
        )
        for firing in firings
    ]
    webhooks.queue(action.endpoint, told, now=doing.at.now, real=doing.real)


def _conditions(firing: Firing) -> list[tuple[str, tuple[bool, object]]]:
    return [(place, (each[0], each[1])) for place, each in firing.explanation.items() if isinstance(each, list)]


def _digest(doing: Doing, action: Action, firings: Sequence[Firing], _place: str) -> None:
    rule, at = doing.rule, doing.at
    lines = [
        digests.Line(
            f"{doing.rule_id}:{firing.subject_id}:{firing.episode}:{action.to}",
            action.to,
            wording.title(rule.key),
            wording.reason(rule, firing.explanation, zone=at.zone),
        )
        for firing in firings
    ]
    digests.add(lines, for_on=bounds.day_ahead(Duration(1, "business_days"), at=at), now=at.now)


def _due(action: Action, at: Moment) -> date | None:
    return bounds.day_ahead(action.due, at=at) if action.due else None


def _kind(rule: Rule) -> str:
    """Also: a customer without an invoice in question is somebody to look at."""
    fields = [leaf.field.key for leaf in rule.leaves()]
    return next((kind for field, kind in TASK_KINDS.items() if field in fields), "review")


def _ends_when(rule: Rule) -> str:
    """What was raised because nobody had seen the invoice ends when somebody does."""
    if rule.about != "invoice":
        return "done"
    return "seen" if any(leaf.field.key in SEEN_FIELDS for leaf in rule.leaves()) else "settled"


ACTS: dict[str, Callable[[Doing, Action, Sequence[Firing], str], None]] = {
    "alert": _alert,
    "task": _task,
    "pause": _pause,
    "send": _send,
    "assign": _assign,
    "stage": _stage,
    "tag": _tag,
    "set": _set,
    "approve": _approve,
    "webhook": _webhook,
    "digest": _digest,
}
