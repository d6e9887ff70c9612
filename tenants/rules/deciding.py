"""Decides what follows from a person's answer to a rule's question: after a yes the rule is asked again, and only what
still matches is acted on."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.rules import acting, approvals, bounds, compiler, firings, language, rule_book, statements
from tenants.rules.acting import Doing
from tenants.rules.bounds import Moment
from tenants.rules.tree import Action, Rule


def decide(
    approval_id: UUID, *, yes: bool, words: str, roles: Sequence[str], now: datetime, real: datetime, today: date
) -> RowMapping:
    """Answer a question; what a yes leads to happens in the same transaction, or is called moot.

    Raises ApprovalUnknown, NotYours, ApprovalOver.
    """
    asked = approvals.answer(approval_id, yes=yes, words=words, roles=roles, now=now, today=today)
    if not yes:
        return asked
    kept = rule_book.find(asked["rule_key"], version=asked["version"])
    rule, at = language.read(kept.document), bounds.here(now)
    firing = firings.one(asked["rule_id"], about=rule.about, subject_id=asked["subject_id"], episode=asked["episode"])
    if firing is None or not _still(rule, asked["subject_id"], at):
        approvals.call_moot(approval_id)
        return approvals.find(approval_id)
    doing = Doing(rule, kept.id, kept.shown, at, f"approval:{approval_id}", real)
    acting.act(doing, [firing], actions=_after(rule, asked["place"]))
    return asked


def _still(rule: Rule, subject_id: UUID, at: Moment) -> bool:
    """Whether the rule matches the subject now, its own earlier firing and the order of today aside."""
    asked = compiler.compile(rule, at=at, few=True)
    row: Any = store.run(statements.labelled(asked), **asked.values, rule=UUID(int=0), ids=[subject_id]).one_or_none()
    held = {label for label, on in row.holds.items() if on} if row else set()
    return bool(row and row.present and row.matches and not held & set(rule.skip_while))


def _after(rule: Rule, place: str) -> tuple[Action, ...]:
    return rule.actions[int(place.rsplit("/", 1)[1])].then
