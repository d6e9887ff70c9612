"""Decides how a rule answers for itself: why it acted on an invoice, and why it did not.

Both come from the question that runs, asked about one subject, so an explanation cannot tell another story than the
run.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from tenants import store
from tenants.rules import bounds, compiler, language, rule_book, statements, wording
from tenants.rules.fields import HOLDS
from tenants.rules.sources import SAID
from tenants.rules.tree import Group, Leaf, Rule

WHY = """
SELECT f.episode, f.fired_at, f.version, f.explanation, v.document FROM rule_firing f
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = f.rule_id AND v.version = f.version
WHERE f.tenant_id = :tenant AND f.rule_id = :rule AND f.subject_id = :subject ORDER BY f.episode DESC LIMIT 1
"""
BY_INVOICE = """
SELECT r.key, f.episode, f.fired_at FROM rule_firing f JOIN rule r ON r.tenant_id = :tenant AND r.id = f.rule_id
WHERE f.tenant_id = :tenant AND f.subject_id = :subject ORDER BY f.fired_at DESC, r.key LIMIT :limit
"""
NO_RULE = UUID(int=0)
DEBTOR = "SELECT debtor_id FROM invoice WHERE tenant_id = :tenant AND id = :id"


@dataclass(frozen=True, slots=True)
class Said:
    """One condition, as it turned out."""

    pointer: str
    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class Why:
    """Why a rule acted: the wording that was live then, and each condition with the value it saw."""

    key: str
    version: int
    episode: int
    fired_at: datetime
    text: str
    conditions: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Where a rule stands with a subject now."""

    key: str
    would_act: bool
    text: str
    conditions: tuple[Said, ...]
    holds: tuple[str, ...]
    """What is in force, in words."""
    acted_before: bool


def why(rule_key: str, *, invoice_id: UUID) -> Why | None:
    """Why the rule acted on the invoice (or on its customer) the last time; None when it never did. Raises
    RuleUnknown."""
    kept = rule_book.find(rule_key)
    subject = _subject(language.read(kept.document), invoice_id)
    row = store.run(WHY, rule=kept.id, subject=subject).one_or_none()
    if row is None:
        return None
    rule = language.read(row.document)
    said = _conditions(rule, row.explanation, bounds.here(row.fired_at).zone)
    text = wording.reason(rule, row.explanation, zone=bounds.here(row.fired_at).zone)
    return Why(rule_key, row.version, row.episode, row.fired_at, text, said)


def why_not(rule_key: str, *, invoice_id: UUID, now: datetime) -> WhyNot:
    """Whether the rule would act on the invoice now, and if not, what stands in the way. Raises RuleUnknown."""
    kept = rule_book.find(rule_key)
    return tried(language.read(kept.document), invoice_id=invoice_id, now=now, rule_id=kept.id)


def tried(rule: Rule, *, invoice_id: UUID, now: datetime, rule_id: UUID = NO_RULE) -> WhyNot:
    """The same for a wording that may not be kept yet."""
    asked = compiler.compile(rule, at=bounds.here(now), few=True)
    subject = _subject(rule, invoice_id)
    row = store.run(statements.labelled(asked), **asked.values, rule=rule_id, ids=[subject]).one_or_none()
    if row is None:
        return WhyNot(rule.key, False, "There is no such invoice.", (), (), False)
    said = _conditions(rule, row.leaves, asked.moment.zone)
    held = tuple(_held(label) for label, on in row.holds.items() if on)
    free = row.present and row.matches and row.free and not held
    return WhyNot(rule.key, free, _verdict(rule, row, said, held), said, held, not row.free)


def acts(invoice_id: UUID, *, limit: int = 50) -> list[tuple[str, int, datetime]]:
    """What rules did about an invoice, newest first: key, episode, instant."""
    return [(row.key, row.episode, row.fired_at) for row in store.run(BY_INVOICE, subject=invoice_id, limit=limit)]


def _subject(rule: Rule, invoice_id: UUID) -> UUID:
    if rule.about == "invoice":
        return invoice_id
    found: UUID | None = store.run(DEBTOR, id=invoice_id).scalar_one_or_none()
    return found or invoice_id


def _conditions(rule: Rule, outcomes: dict[str, Any], zone: ZoneInfo) -> tuple[Said, ...]:
    """Each leaf in words. Only what the document's own leaves saw is shown: a firing of an old wording keeps that
    wording."""
    said = []
    for leaf in rule.leaves():
        holds, value = outcomes[leaf.pointer]
        said.append(Said(leaf.pointer, holds, wording.of(leaf, about=rule.about, holds=holds, value=value, zone=zone)))
    return tuple(said)


def _held(label: str) -> str:
    return SAID[label] if label in SAID else HOLDS[label][1]


def _verdict(rule: Rule, row: Any, said: tuple[Said, ...], held: tuple[str, ...]) -> str:
    clauses = [] if row.present else ["it is not issued yet"]
    if not row.matches:
        clauses.append(
            "it " + " and ".join(_decisive(rule.condition, {each.pointer: each for each in said}, holds=False))
        )
    if not row.free:
        clauses.append("the rule has acted on it already")
    clauses += held
    return f"Not acted on: {'; also '.join(clauses)}." if clauses else "It matches and would be acted on."


def _decisive(node: Leaf | Group, said: dict[str, Said], *, holds: bool) -> list[str]:
    """The words of the leaves that make a group hold or fail: the first failing part of "all", every part of "any"."""
    if isinstance(node, Leaf):
        return [said[node.pointer].text]
    if node.join == "not":
        return _decisive(node.parts[0], said, holds=not holds)
    one_decides = (node.join == "any") == holds
    parts = [next(part for part in node.parts if _holds(part, said) == holds)] if one_decides else node.parts
    return [text for part in parts for text in _decisive(part, said, holds=holds)]


def _holds(node: Leaf | Group, said: dict[str, Said]) -> bool:
    if isinstance(node, Leaf):
        return said[node.pointer].holds
    each = [_holds(part, said) for part in node.parts]
    return not each[0] if node.join == "not" else all(each) if node.join == "all" else any(each)
