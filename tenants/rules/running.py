"""Decides what one run of a rule does: match in one statement, write down the firings up to the cap, act, all in one
transaction.

The ledger of firings makes a doubled run harmless and a crash before the commit leaves nothing, so a run can be
repeated at will. A rule that cannot run turns broken and says so; "false on error" would be a reminder or a warning
that silently never comes. A rule in the shadow is asked and counted, and nothing follows.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from tenants import store
from tenants.rules import (
    acting,
    bounds,
    compiler,
    firings,
    guards,
    life,
    precedence,
    rule_book,
    runs,
    statements,
    trouble,
)
from tenants.rules.acting import Doing
from tenants.rules.bounds import Moment
from tenants.rules.compiler import Question
from tenants.rules.faults import RuleRefused
from tenants.rules.firings import Firing
from tenants.rules.guards import Stop
from tenants.rules.runs import Run
from tenants.rules.sources import OUTRANKED, QUIET
from tenants.rules.tree import Rule
from tenants.store import db
from tenants.values.faults import Refusal

TIMEOUT_MS, WRITE_MS = 5000, 1
"""How long a question may take, and how much longer for each subject that is written down."""
CAP_SHARE, LEAST_CAP = 20, 50
"""Without a cap of its own a rule acts on a twentieth of the open subjects, and on fifty in any case."""
PASSING = ("40001", "40P01", "55P03", "57P01")
"""Faults of the moment: the work item is tried again, and the rule is not to blame."""

BOUNDED = "SET LOCAL statement_timeout = {ms}"
UNBOUNDED = "SET LOCAL statement_timeout = DEFAULT"
LOCK = """
SELECT r.id, r.key, r.state, r.version, r.owner, r.shadow_until_on, r.spread_cap, r.spread_until_on, r.backlog,
  r.frozen_count, r.released_count, v.document
FROM rule r
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = r.id AND v.version = r.version
WHERE r.tenant_id = :tenant AND r.id = :rule AND r.state IN ('live', 'shadow') FOR NO KEY UPDATE OF r
"""
REMEMBER = """
INSERT INTO rule_state (tenant_id, rule_id, subject_id, matched_since, last_fired_at, fire_count)
SELECT :tenant, f.rule_id, f.subject_id, f.fired_at, f.fired_at, 1 FROM rule_firing f
WHERE f.tenant_id = :tenant AND f.run_id = :run
ON CONFLICT (tenant_id, rule_id, subject_id)
DO UPDATE SET matched_since = COALESCE(rule_state.matched_since, excluded.matched_since),
  last_fired_at = excluded.last_fired_at, fire_count = rule_state.fire_count + 1
"""
POPULATION = {
    "invoice": "SELECT COALESCE(sum(open_count), 0) FROM open_balance WHERE tenant_id = :tenant",
    "customer": "SELECT count(*) FROM debtor WHERE tenant_id = :tenant",
    "segment": "SELECT 0 WHERE CAST(:tenant AS uuid) IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One run as it was asked for: the rule's row, the occurrence, and the invoices that an event named."""

    kept: Any
    run_id: UUID
    occurrence: str
    now: datetime
    real: datetime
    invoice_ids: tuple[UUID, ...] | None
    shadow: bool

    @property
    def some(self) -> bool:
        """Whether only some subjects are asked about."""
        return self.invoice_ids is not None


def run(
    rule_id: UUID, *, occurrence: str, now: datetime, real: datetime, invoice_ids: Sequence[UUID] | None = None
) -> Run | None:
    """Run a live rule for one occurrence; None when it is not live or this occurrence was run before.

    `now` is the client's instant, `real` the one on the wall. With `invoice_ids` the same question is asked about
    these only.
    """
    precedence.take_turns()
    kept = store.run(LOCK, rule=rule_id).mappings().one_or_none()
    if kept is None:
        return None
    at = bounds.here(now)
    shadow = kept["state"] == "shadow" and not life.step_out(kept, today=at.today, now=now)
    run_id = runs.begin(kept, mode="shadow" if shadow else "live", occurrence=occurrence, now=now, real=real)
    if run_id is None:
        return None
    named = tuple(invoice_ids) if invoice_ids is not None else None
    asking = Asking(kept, run_id, occurrence, now, real, named, shadow)
    begun = time.perf_counter()
    done, question = _tried(asking, at)
    runs.end(done, bounds=question.bounds if question else {}, seconds=time.perf_counter() - begun)
    return done


def cap(rule: Rule) -> int:
    """On how many subjects one run may act."""
    return rule.per_run or max(LEAST_CAP, int(store.run(POPULATION[rule.about]).scalar_one()) // CAP_SHARE)


def _tried(asking: Asking, at: Moment) -> tuple[Run, Question | None]:
    """Match and act, or turn the rule broken with the reason; its effects are then undone."""
    kept, question = asking.kept, None
    try:
        with db.session.connection().begin_nested():
            rule = rule_book.read(kept)
            question = compiler.compile(rule, at=at, few=asking.some)
            with store.planned_anew():  # a plan for clients of all sizes is wrong for the largest and the smallest
                done = _matched(question, asking)
            _act(rule, done, asking, at)
    except RuleRefused as refused:
        done = _broken(asking, f"{refused.detail} ({refused.pointer or 'document'})")
    except Refusal as refused:
        done = _broken(asking, refused.detail)
    except DBAPIError as fault:
        done = _broken(asking, _told(fault))
    return done, question


def _matched(asked: Question, asking: Asking) -> Run:
    """Count, then fire: the count says what holds and the cap keep back, and most runs end with it because nothing
    matches."""
    rule, kept = asked.rule, asking.kept
    values = {**asked.values, "rule": kept["id"], **({"ids": list(asking.invoice_ids or ())} if asking.some else {})}
    db.session.connection().exec_driver_sql(BOUNDED.format(ms=TIMEOUT_MS))
    _remember_matches(asked, asking, values)
    matched, free, *held = store.run(statements.tally(asked, some=asking.some), **values).one()
    counts = {part.label: count for part, count in zip(asked.holds, held, strict=True) if count}
    if OUTRANKED in counts:
        precedence.tell_losers(asked, kept["id"], losing=statements.debtors(asked), occurrence=asking.occurrence)
    stop = _stopped(rule, asking, free)
    if stop is not None and free:
        counts[stop.label] = free
    fired: tuple[UUID, ...] = ()
    if free and stop is None:
        most = life.allowed(kept, cap(rule), today=asked.moment.today)
        db.session.connection().exec_driver_sql(BOUNDED.format(ms=TIMEOUT_MS + WRITE_MS * min(free, most)))
        fired = _fire(asked, asking, values, most=most, choose=free > most)
        counts |= {"cap": free - most} if free > most else {}
    if QUIET in counts and stop is None:
        share = int(asked.values["quiet"])
        spare = -(-len(fired) * share // (100 - share)) if "cap" in counts else None
        store.run(statements.sparing(asked, some=asking.some), **values, run=asking.run_id, most=spare)
    if any(action.do == "alert" for action in rule.actions) and not (asking.some or asking.shadow):
        resolved = {"cause": f"rule:{rule.key}", "skip": len(f"rule:{rule.key}:") + 1}
        store.run(statements.resolving(asked), **values, **resolved)
    db.session.connection().exec_driver_sql(UNBOUNDED)
    done = Run(asking.run_id, kept["id"], rule.key, matched, len(fired), counts, fired)
    return replace(done, stopped=stop)


def _remember_matches(asked: Question, asking: Asking, values: dict[str, Any]) -> None:
    """Start new episodes for what matches no longer, and note since when the rest does, where the rule asks for it."""
    rule = asked.rule
    if (rule.again.mode == "rematch" or rule.hold_for or asking.kept["backlog"]) and not asking.some:
        store.run(statements.forgetting(asked), **values)
    if rule.hold_for:
        store.run(statements.noticing(asked, some=asking.some), **values)


def _stopped(rule: Rule, asking: Asking, free: int) -> Stop | None:
    if asking.shadow:
        return Stop("shadow", "", "")
    if not free:
        return None
    kept = asking.kept
    stop = guards.freshness(rule, now=asking.now)
    if stop is None and not asking.some:
        stop = guards.storm(kept["id"], wanted=free, released=kept["released_count"])
        life.note_storm(kept, wanted=free if stop else None)
    return stop


def _fire(asked: Question, asking: Asking, values: dict[str, Any], *, most: int, choose: bool) -> tuple[UUID, ...]:
    more = {"run": asking.run_id, "version": asking.kept["version"], "cap": most}
    sql = statements.firing(asked, some=asking.some, choose=choose)
    fired = tuple(store.run(sql, **values, **more).scalars())
    store.run(REMEMBER, run=asking.run_id)
    return fired


def _act(rule: Rule, done: Run, asking: Asking, at: Moment) -> None:
    kept = asking.kept
    if done.acted:
        doing = Doing(rule, kept["id"], kept["version"], at, asking.occurrence, asking.real)
        precedence.claim(rule, kept["id"], subject_ids=done.subjects, at=at)
        acting.act(doing, _fired(rule, done))
    if done.stopped and done.stopped.what:
        trouble.warn(done.key, done.stopped.what, done.stopped.reason, now=at.now)
    if "cap" in done.held and not life.is_spreading(kept, today=at.today):
        reason = (
            f"It acted on {done.acted} and stopped: {done.held['cap']} more match. "
            "Look whether an import went wrong; the next run goes on."
        )
        trouble.warn(done.key, "stopped at its cap", reason, now=at.now)


def _fired(rule: Rule, done: Run) -> Sequence[Firing]:
    """What a run acts on, with as much about each as its actions need: most reminders need only which."""
    does = {action.do for action in rule.actions}
    if does <= acting.BY_ID:
        return firings.bare(done.subjects, about=rule.about)
    return firings.of_run(done.id, about=rule.about, told=not does.isdisjoint(acting.TELLING))


def _broken(asking: Asking, fault: str) -> Run:
    kept = asking.kept
    rule_book.mark_broken(kept["key"], fault=fault, now=asking.now)
    trouble.broke(
        kept["key"], fault=fault, owner=kept["owner"], version=kept["version"], now=asking.now, real=asking.real
    )
    return Run(asking.run_id, kept["id"], kept["key"], fault=fault)


def _told(fault: DBAPIError) -> str:
    """Why the database refused, in words; a fault of the moment is raised again for the work item's next attempt."""
    state = getattr(fault.orig, "sqlstate", None)
    if fault.connection_invalidated or state is None or state in PASSING:
        raise fault
    return "It took too long and was stopped." if state == "57014" else f"The database refused its question ({state})."
