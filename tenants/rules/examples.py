"""Decides whether a rule does what its examples say: given this invoice or customer, at that instant, it fires, is
held, or fails at a named condition.

An example is played with the very statement that runs: its rows are written, asked about, and undone, so it cannot
agree with a rule that would do something else.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.isolation import scope
from tenants.rules import bounds, compiler, language, rule_book, statements
from tenants.rules.example_rows import Rows, written
from tenants.rules.faults import Ledger, RuleRefused
from tenants.rules.fields import HOLDS_OF
from tenants.rules.tree import Rule
from tenants.store import db

MOST = 50
LONGEST_NAME = 100
KEEP = """
INSERT INTO rule_test (tenant_id, rule_id, name, given, at, expect, made_by, made_at)
VALUES (:tenant, :rule, :name, CAST(:given AS jsonb), :at, CAST(:expect AS jsonb), :actor, :now)
ON CONFLICT (tenant_id, rule_id, name) DO UPDATE
SET given = excluded.given, at = excluded.at, expect = excluded.expect, made_by = excluded.made_by,
  made_at = excluded.made_at
"""
DROP = "DELETE FROM rule_test WHERE tenant_id = :tenant AND rule_id = :rule AND name = :name"
ALL = """
SELECT name, given, at, expect, made_by, made_at FROM rule_test WHERE tenant_id = :tenant AND rule_id = :rule
ORDER BY name LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one example went."""

    name: str
    passed: bool
    expected: str
    found: str


class _Undone(Exception):
    """The rows of an example are not kept."""


def keep(key: str, *, name: str, given: dict[str, Any], at: datetime, expect: Any, now: datetime) -> None:
    """Keep an example beside a rule. Raises RuleUnknown, RuleRefused where the example makes no sense."""
    kept = rule_book.find(key)
    rule = language.read(kept.document)
    faults = Ledger()
    if not name.strip() or len(name) > LONGEST_NAME:
        faults.add("/name", f"A name has 1 to {LONGEST_NAME} characters.", "Say in a few words what is shown.")
    written(given, about=rule.about, at=at, faults=faults)
    if not _said(expect, rule):
        faults.add(
            "/expect",
            "This is not an outcome.",
            'Write "fires", {"held": "dispute"} or {"not": "/if/all/0"}.',
        )
    if len(of(kept.id)) >= MOST:
        faults.add("", f"A rule has at most {MOST} examples.", "Drop one.")
    if faults.faults:
        raise RuleRefused(faults.faults)
    told = {"given": json.dumps(given), "expect": json.dumps(expect)}
    store.run(KEEP, rule=kept.id, name=name, at=at, actor=scope.current().actor, now=now, **told)


def drop(key: str, *, name: str) -> None:
    """Forget an example. Raises RuleUnknown."""
    store.run(DROP, rule=rule_book.find(key).id, name=name)


def of(rule_id: UUID) -> Sequence[RowMapping]:
    """The examples of a rule, by name."""
    return store.run(ALL, rule=rule_id, most=MOST).mappings().all()


def play(rule: Rule, examples: Sequence[RowMapping]) -> list[Outcome]:
    """Play each example against a wording; nothing of it stays."""
    return [_played(rule, example) for example in examples]


def _played(rule: Rule, example: RowMapping) -> Outcome:
    faults = Ledger()
    at = example["at"] if isinstance(example["at"], datetime) else datetime.fromisoformat(example["at"])
    rows = written(example["given"], about=rule.about, at=at.astimezone(UTC), faults=faults)
    expected = _said(example["expect"], rule) or "no outcome of this rule"
    found = faults.faults[0].reason if faults.faults or rows is None else _found(rule, rows, at)
    return Outcome(example["name"], found == expected, expected, found)


def _found(rule: Rule, rows: Rows, at: datetime) -> str:
    asked = compiler.compile(replace(rule, quiet_share=0), at=bounds.here(at), few=True)
    answer: Any = None
    try:
        with db.session.connection().begin_nested():
            rows.write(at)
            values = {**asked.values, "rule": UUID(int=0), "ids": [rows.subject_id]}
            answer = store.run(statements.labelled(asked), **values).one_or_none()
            raise _Undone
    except _Undone:
        pass
    if answer is None:
        return "not there"
    failing = next((leaf.pointer for leaf in rule.leaves() if not answer.leaves[leaf.pointer][0]), "/if")
    if not answer.present or not answer.matches:
        return f"not: {failing}"
    held = sorted(label for label, on in answer.holds.items() if on)
    return f"held: {held[0]}" if held else "fires"


def _said(expect: Any, rule: Rule) -> str:
    if expect == "fires":
        return "fires"
    if isinstance(expect, dict) and len(expect) == 1:
        kind, what = next(iter(expect.items()))
        places = [leaf.pointer for leaf in rule.leaves()]
        options = {"held": (*HOLDS_OF[rule.about], "nobody", "young"), "not": (*places, "/if")}.get(kind, ())
        return f"{kind}: {what}" if isinstance(what, str) and what in options else ""
    return ""
