"""Decides how a wording becomes a rule that acts: checked, tried within a day, agreed to by a second person where
customers notice, its examples right, its backlog decided, and first in the shadow where it writes to customers.

There is one way to publish for pages, API and command line, and it is this one.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import history, recording
from tenants.isolation import scope
from tenants.rules import (
    bounds,
    compiler,
    dryrun,
    examples,
    graph,
    language,
    life,
    packs,
    portable,
    rule_book,
    statements,
    webhooks,
)
from tenants.rules.bounds import Moment
from tenants.rules.dryrun import DryRun
from tenants.rules.faults import RuleRefused
from tenants.rules.rule_book import Kept
from tenants.rules.tree import Duration, Rule
from tenants.values import ids
from tenants.values.faults import Kind, Refusal

TRIED_WITHIN = timedelta(hours=24)
SHADOW_DAYS = 3
LONGEST_SHADOW = LONGEST_SPREAD = 30
DEAR = 2_000_000
"""PostgreSQL's own estimate of a question from which an author is warned."""
NOTE = """
INSERT INTO rule_run (tenant_id, id, rule_id, version, mode, occurrence, as_of_at, matched, acted, held, seconds,
  started_at)
VALUES (:tenant, :id, :rule, :version, 'dry', :occurrence, :now, :matched, :acted, CAST(:held AS jsonb), 0, :real)
"""
TRIED = """
SELECT matched, acted, started_at FROM rule_run
WHERE tenant_id = :tenant AND rule_id = :rule AND mode = 'dry' AND version = :version AND started_at > :since
ORDER BY started_at DESC LIMIT 1
"""
BEGIN = """
UPDATE rule SET state = :state, shadow_until_on = :shadow_until, spread_cap = :spread_cap,
  spread_until_on = :spread_until, backlog = :backlog
WHERE tenant_id = :tenant AND id = :rule
"""


class NeedsDryRun(Refusal):
    """Nobody has looked lately at what the wording would do."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "needs_dry_run"
    remedy = "Try the rule, look at whom it would reach, and publish it within a day."


class ExamplesFail(Refusal):
    """The wording does not do what its examples say."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "examples_fail"
    remedy = "Correct the rule or its examples."


class RunsInCircles(Refusal):
    """Rules would drive one another."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "runs_in_circles"
    remedy = "Change one of the rules, or say why the circle ends."


class UnknownReferences(Refusal):
    """The wording names what this client does not have."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "unknown_references"
    remedy = "Add what is missing, or name something else."


class NotFrozen(Refusal):
    """There is nothing to release."""

    kind: ClassVar[Kind] = Kind.CONFLICT
    code = "not_frozen"
    remedy = "Reload the page: the rule may have gone on by itself."


@dataclass(frozen=True, slots=True)
class Backlog:
    """What becomes of those that match on the day of publishing: `new` leaves them alone, `all` acts on them, `spread`
    works them off over so many business days."""

    mode: str = "new"
    days: int = 0


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of a wording says besides that it can be read."""

    unknown_groups: tuple[str, ...]
    unknown_endpoints: tuple[str, ...]
    circle: str
    cost: int
    """PostgreSQL's own estimate of one question."""
    dear: bool
    outcomes: tuple[examples.Outcome, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What changes from one wording to another: two sentences and the places."""

    before: str
    after: str
    places: tuple[str, ...]


def check(key: str, *, now: datetime, version: int | None = None) -> Checked:
    """Check a kept wording beyond its form; where nothing may be written, its examples are not played.

    Raises RuleUnknown, RuleRefused.
    """
    kept = rule_book.find(key, version=version)
    rule = language.read(kept.document)
    cost = _cost(rule, now=now)
    circle = graph.circle(rule, _in_force(but=key))
    return Checked(
        portable.unknown_groups(rule),
        webhooks.unknown(rule_book.endpoints(rule)),
        circle.said if circle else "",
        cost,
        cost > DEAR,
        tuple(examples.play(rule, examples.of(kept.id))) if scope.current().write else (),
    )


def try_out(key: str, *, now: datetime, real: datetime, version: int | None = None) -> DryRun:
    """Try a kept wording, and keep that it was tried: publishing asks for that. Raises RuleUnknown."""
    kept = rule_book.find(key, version=version)
    found = dryrun.count(language.read(kept.document), now=now, rule_id=kept.id)
    counts = {"matched": found.matched, "acted": found.would_act, "held": json.dumps(found.held)}
    store.run(
        NOTE, id=ids.new(), rule=kept.id, version=kept.shown, occurrence=str(ids.new()), now=now, real=real, **counts
    )
    return found


def tried(kept: Kept, *, real: datetime) -> RowMapping | None:
    """The last time within a day that somebody looked at what this wording would do."""
    return store.run(TRIED, rule=kept.id, version=kept.shown, since=real - TRIED_WITHIN).mappings().first()


def consent(key: str, *, version: int, now: datetime, reason: str = "") -> None:
    """Agree to a wording as the second person. Raises RuleUnknown, NeedsSecondPerson for the author's own word."""
    rule_book.consent(rule_book.find(key, version=version), now=now, reason=reason)


def difference(key: str, *, old: int, new: int) -> Difference:
    """What changes between two versions. Raises RuleUnknown."""
    was, became = rule_book.find(key, version=old), rule_book.find(key, version=new)
    return Difference(was.sentence, became.sentence, tuple(packs.differences(was.document, became.document)))


def publish(
    key: str,
    *,
    now: datetime,
    real: datetime,
    version: int | None = None,
    backlog: Backlog | None = None,
    shadow_days: int | None = None,
    circle_reason: str = "",
) -> Kept:
    """Make a version the one that acts, or an older one again.

    Without `shadow_days` a rule that writes to customers and never acted before is watched for three business days.
    Raises RuleUnknown, RuleRefused, NeedsDryRun, NeedsSecondPerson, ExamplesFail, RunsInCircles, UnknownReferences.
    """
    kept = rule_book.find(key, version=version)
    rule = language.read(kept.document)
    at = bounds.here(now)
    first = kept.version == 0
    _refuse_untried(kept, real=real)
    _refuse_unknown(rule)
    _refuse_wrong(rule, examples.of(kept.id))
    _refuse_circles(rule, reason=circle_reason)
    published = rule_book.publish(key, now=now, version=kept.shown)
    days = shadow_days if shadow_days is not None else SHADOW_DAYS * (first and rule.writes_to_debtors)
    _begin(published, rule, at, backlog or Backlog(), shadow_days=min(days, LONGEST_SHADOW), first=first)
    if circle_reason:
        history.note("rule.circle_accepted", about=("rule", kept.id), at=now, reason=circle_reason)
    return rule_book.find(key, version=kept.shown)


def release(key: str, *, now: datetime, real: datetime, reason: str) -> int:
    """Let a frozen rule act on what it wanted, at once; returns how many that is. Raises RuleUnknown, NotFrozen."""
    kept = rule_book.find(key)
    wanted = life.wanted(kept.id)
    if wanted is None:
        raise NotFrozen("This rule is not frozen.")
    life.release(kept.id, allowed=wanted)
    history.note("rule.released", about=("rule", kept.id), at=now, became={"allowed": wanted}, reason=reason)
    again = f"released:{real.isoformat()}"
    recording.record("rule.due", key=f"{kept.id}:{again}", now=real, rule_id=str(kept.id), occurrence=again)
    return wanted


def _refuse_untried(kept: Kept, *, real: datetime) -> None:
    if tried(kept, real=real) is None:
        raise NeedsDryRun("Nobody has tried this wording within the last day.")


def _refuse_unknown(rule: Rule) -> None:
    missing = webhooks.unknown(rule_book.endpoints(rule))
    if missing:
        raise UnknownReferences(f"There is no endpoint {', '.join(missing)}.")


def _refuse_wrong(rule: Rule, known: Sequence[RowMapping]) -> None:
    wrong = [each for each in examples.play(rule, known) if not each.passed]
    if wrong:
        said = "; ".join(f"“{each.name}”: {each.found} instead of {each.expected}" for each in wrong[:3])
        raise ExamplesFail(f"{len(wrong)} of its examples fail. {said}.")


def _refuse_circles(rule: Rule, *, reason: str) -> None:
    found = None if reason.strip() else graph.circle(rule, _in_force(but=rule.key))
    if found is not None:
        raise RunsInCircles(f"These rules may drive one another: {found.said}.")


def _begin(kept: Kept, rule: Rule, at: Moment, backlog: Backlog, *, shadow_days: int, first: bool) -> None:
    """Decide about those that match today, and begin in the shadow or at once."""
    asked = compiler.compile(rule, at=at)
    values = {**asked.values, "rule": kept.id}
    left, spread_cap, spread_until = False, None, None
    if backlog.mode == "new" and first:
        left = bool(store.run(statements.noticing(asked, backlog=True), **values).first())
    if backlog.mode == "spread":
        free = int(store.run(statements.tally(asked), **values).one()[1])
        days = max(1, min(backlog.days, LONGEST_SPREAD))
        spread_cap = max(1, math.ceil(free / days))
        spread_until = bounds.day_ahead(Duration(days, "business_days"), at=at)
    shadow_until = bounds.day_ahead(Duration(shadow_days, "business_days"), at=at) if shadow_days else None
    store.run(
        BEGIN,
        rule=kept.id,
        state="shadow" if shadow_until else "live",
        shadow_until=shadow_until,
        spread_cap=spread_cap,
        spread_until=spread_until,
        backlog=left or rule_book.has_backlog(kept.id),
    )


def _in_force(*, but: str) -> dict[str, Rule]:
    """The rules that act or watch, but one; a broken document drives nobody."""
    found = {}
    for row in rule_book.watched():
        try:
            found[str(row["key"])] = rule_book.read(row)
        except RuleRefused:
            continue
    found.pop(but, None)
    return found


def _cost(rule: Rule, *, now: datetime) -> int:
    asked = compiler.compile(rule, at=bounds.here(now))
    sql = f"EXPLAIN (FORMAT JSON) {statements.matching(asked)}"
    plan = store.run(sql, **asked.values, rule=UUID(int=0)).scalar_one()
    return int(plan[0]["Plan"]["Total Cost"])


def author_is_here(kept: Kept) -> bool:
    """Whether the caller worded this version, and so cannot be its second person."""
    return kept.worded_by == scope.current().actor
