"""Decides what is shown before a rule acts: whom it would reach, for how much, and what holds, missing addresses and
caps keep back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.rules import bounds, compiler, running, sentence, statements
from tenants.rules.compiler import Question
from tenants.rules.sources import NOBODY
from tenants.rules.tree import Leaf, Rule
from tenants.values.money import Money

TOP = 20
NO_RULE = UUID(int=0)
"""The rule that never acted: a draft is tried as if nothing had been done before."""
SHOWN = {
    "invoice": """
SELECT i.id, i.id AS invoice_id, CAST(NULL AS uuid) AS debtor_id, i.number, c.name AS customer, i.currency,
  i.open_minor, i.due_on
FROM invoice i JOIN debtor c ON c.tenant_id = :tenant AND c.id = i.debtor_id
WHERE i.tenant_id = :tenant AND i.id = ANY(:ids) ORDER BY i.open_minor DESC, i.id
""",
    "customer": """
SELECT c.id, CAST(NULL AS uuid) AS invoice_id, c.id AS debtor_id, c.number, c.name AS customer, '' AS currency,
  CAST(0 AS bigint) AS open_minor, CAST(NULL AS date) AS due_on
FROM debtor c WHERE c.tenant_id = :tenant AND c.id = ANY(:ids) ORDER BY c.name, c.id
""",
}


@dataclass(frozen=True, slots=True)
class DryRun:
    """What would happen now."""

    matched: int
    would_act: int
    held: dict[str, int]
    nobody: int
    """Matches whose customer has no address to write to."""
    stopped_by_cap: int
    sums: tuple[Money, ...]
    top: Sequence[RowMapping]
    funnel: tuple[tuple[str, int], ...]


def count(rule: Rule, *, now: datetime, rule_id: UUID = NO_RULE) -> DryRun:
    """Try a rule without acting; with `rule_id` what it did before counts, as in a real run."""
    asked = compiler.compile(rule, at=bounds.here(now))
    values = {**asked.values, "rule": rule_id}
    matched, free, *counts = store.run(statements.tally(asked), **values).one()
    held = {part.label: found for part, found in zip(asked.holds, counts, strict=True)}
    nobody = held.pop(NOBODY, 0)
    cap = running.cap(rule)
    sums = store.run(statements.sums(asked), **values).all() if rule.about == "invoice" else []
    return DryRun(
        matched=matched,
        would_act=min(free, cap),
        held={label: found for label, found in held.items() if found},
        nobody=nobody,
        stopped_by_cap=max(0, free - cap),
        sums=tuple(Money(minor, currency) for currency, minor in sums),
        top=_top(asked, values),
        funnel=_funnel(asked, list(store.run(statements.funnel(asked), **values).one())),
    )


def _top(asked: Question, values: dict[str, Any]) -> Sequence[RowMapping]:
    if asked.rule.about == "segment":
        return store.run(statements.segments(asked), **values, top=TOP).mappings().all()
    largest = list(store.run(statements.largest(asked), **values, top=TOP).scalars())
    return store.run(SHOWN[asked.rule.about], ids=largest).mappings().all()


def _funnel(asked: Question, counts: list[int]) -> tuple[tuple[str, int], ...]:
    tops = asked.rule.condition.parts if asked.rule.condition.join == "all" else (asked.rule.condition,)
    words = [
        sentence.condition(top, about=asked.rule.about) if isinstance(top, Leaf) else "and the further conditions hold"
        for top in tops
    ]
    limits = (
        ("nothing holds it back", bool(asked.rule.skip_while)),
        ("it has been so for long enough", asked.rule.hold_for is not None),
        ("no other rule comes first today", asked.ranked),
        ("there is somebody to write to", asked.rule.writes_to_debtors),
        ("it is not left alone, to compare", bool(asked.rule.quiet_share)),
    )
    said = [text for text, there in limits if there]
    return tuple(zip([*words, "was not acted on before", *said], counts, strict=True))
