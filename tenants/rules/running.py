"""Decides what one run of a rule does: match in one statement, write down the firings up to the cap, act, all in one
transaction.

The ledger of firings makes a doubled run harmless and a crash before the commit leaves nothing, so a run can be
repeated at will. A rule that cannot run turns broken and says so; "false on error" would be a reminder or a warning
that silently never comes.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError

from tenants import store
from tenants.collections import alerts
from tenants.collections.alerts import NewAlert
from tenants.rules import acting, bounds, compiler, rule_book, statements, wording
from tenants.rules.acting import Firing
from tenants.rules.bounds import Moment
from tenants.rules.compiler import Question
from tenants.rules.faults import RuleRefused
from tenants.rules.tree import Rule
from tenants.store import db
from tenants.values import ids

TIMEOUT_MS = 5000
CAP_SHARE, LEAST_CAP = 20, 50
"""Without a cap of its own a rule acts on a twentieth of the open subjects, and on fifty in any case."""
PASSING = ("40001", "40P01", "55P03", "57P01")
"""Faults of the moment: the work item is tried again, and the rule is not to blame."""

# A plan that was made for clients of all sizes would be wrong for the largest and for the smallest.
BOUNDED = "SET LOCAL statement_timeout = {ms}; SET LOCAL plan_cache_mode = force_custom_plan"
UNBOUNDED = "SET LOCAL statement_timeout = DEFAULT; SET LOCAL plan_cache_mode = DEFAULT"
LOCK = """
SELECT r.id, r.key, r.version, v.document FROM rule r
JOIN rule_version v ON v.tenant_id = :tenant AND v.rule_id = r.id AND v.version = r.version
WHERE r.tenant_id = :tenant AND r.id = :rule AND r.state = 'live' FOR NO KEY UPDATE OF r
"""
BEGIN = """
INSERT INTO rule_run (tenant_id, id, rule_id, version, mode, occurrence, as_of_at, started_at)
VALUES (:tenant, :id, :rule, :version, 'live', :occurrence, :now, :real)
ON CONFLICT (tenant_id, rule_id, mode, occurrence) DO NOTHING RETURNING id
"""
END = """
UPDATE rule_run SET bounds = CAST(:bounds AS jsonb), matched = :matched, acted = :acted, held = CAST(:held AS jsonb),
  seconds = :seconds, fault = :fault
WHERE tenant_id = :tenant AND id = :id
"""
REMEMBER = """
INSERT INTO rule_state (tenant_id, rule_id, subject_id, matched_since, last_fired_at, fire_count)
SELECT :tenant, f.rule_id, f.subject_id, f.fired_at, f.fired_at, 1 FROM rule_firing f
WHERE f.tenant_id = :tenant AND f.run_id = :run
ON CONFLICT (tenant_id, rule_id, subject_id)
DO UPDATE SET matched_since = excluded.matched_since, last_fired_at = excluded.last_fired_at,
  fire_count = rule_state.fire_count + 1
"""
FIRED = {
    "invoice": """
SELECT f.subject_id, f.episode, f.explanation, d.id AS debtor_id, i.id AS invoice_id, d.owner_id
FROM rule_firing f
JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.subject_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE f.tenant_id = :tenant AND f.run_id = :run ORDER BY i.due_on, i.id
""",
    "customer": """
SELECT f.subject_id, f.episode, f.explanation, d.id AS debtor_id, CAST(NULL AS uuid) AS invoice_id, d.owner_id
FROM rule_firing f JOIN debtor d ON d.tenant_id = :tenant AND d.id = f.subject_id
WHERE f.tenant_id = :tenant AND f.run_id = :run ORDER BY d.id
""",
}
POPULATION = {
    "invoice": "SELECT COALESCE(sum(open_count), 0) FROM open_balance WHERE tenant_id = :tenant",
    "customer": "SELECT count(*) FROM debtor WHERE tenant_id = :tenant",
}


@dataclass(frozen=True, slots=True)
class Run:
    """What one run found and did; `held` counts by what kept a match back, `cap` included."""

    id: UUID
    rule_id: UUID
    key: str
    matched: int = 0
    acted: int = 0
    held: dict[str, int] = field(default_factory=dict)
    subjects: tuple[UUID, ...] = ()
    fault: str = ""


def run(
    rule_id: UUID, *, occurrence: str, now: datetime, real: datetime, invoice_ids: Sequence[UUID] | None = None
) -> Run | None:
    """Run a live rule for one occurrence; None when it is not live or this occurrence was run before.

    `now` is the client's instant, `real` the one on the wall. With `invoice_ids` the same question is asked about
    these only.
    """
    kept = store.run(LOCK, rule=rule_id).mappings().one_or_none()
    if kept is None:
        return None
    run_id = store.run(
        BEGIN, id=ids.new(), rule=rule_id, version=kept["version"], occurrence=occurrence, now=now, real=real
    ).scalar_one_or_none()
    if run_id is None:
        return None
    begun = time.perf_counter()
    question: Question | None = None
    try:
        with db.session.connection().begin_nested():
            rule = rule_book.read(kept)
            question = compiler.compile(rule, at=bounds.here(now), few=invoice_ids is not None)
            done = _match(question, kept, run_id, invoice_ids)
    except RuleRefused as refused:
        done = _broken(kept, run_id, f"{refused.detail} ({refused.pointer or 'document'})", now)
    except DBAPIError as fault:
        done = _broken(kept, run_id, _told(fault), now)
    else:
        _act(rule, done, at=question.moment, occurrence=occurrence, real=real)
    _end(done, question, time.perf_counter() - begun)
    return done


def run_on(event: str, *, invoice_ids: Sequence[UUID], key: str, now: datetime, real: datetime) -> list[Run]:
    """Run every live rule that listens to the event, for the invoices that it concerns; `key` tells this event from all
    others."""
    ran = []
    for kept in rule_book.live():
        if event in kept["document"].get("when", {}).get("on", []):
            ran.append(run(kept["id"], occurrence=f"{event}:{key}", now=now, real=real, invoice_ids=invoice_ids))
    return [each for each in ran if each]


def cap(rule: Rule) -> int:
    """On how many subjects one run may act."""
    return rule.per_run or max(LEAST_CAP, int(store.run(POPULATION[rule.about]).scalar_one()) // CAP_SHARE)


def _match(asked: Question, kept: Any, run_id: UUID, invoice_ids: Sequence[UUID] | None) -> Run:
    """Count, then fire: the count says what holds and the cap keep back, and most runs end with it because nothing
    matches."""
    some = invoice_ids is not None
    values = {**asked.values, "rule": kept["id"], **({"ids": list(invoice_ids or ())} if some else {})}
    db.session.connection().exec_driver_sql(BOUNDED.format(ms=TIMEOUT_MS))
    if asked.rule.again.mode == "rematch" and not some:
        store.run(statements.forgetting(asked), **values)
    matched, free, *held = store.run(statements.tally(asked, some=some), **values).one()
    counts = {part.label: count for part, count in zip(asked.holds, held, strict=True) if count}
    most = cap(asked.rule) if free else 0
    fired: tuple[UUID, ...] = ()
    if free:
        more = {"run": run_id, "version": kept["version"], "now": asked.moment.now, "cap": most}
        fired = tuple(store.run(statements.firing(asked, some=some), **values, **more).scalars())
        store.run(REMEMBER, run=run_id)
    db.session.connection().exec_driver_sql(UNBOUNDED)
    if free > most:
        counts["cap"] = free - most
    return Run(run_id, kept["id"], asked.rule.key, matched, len(fired), counts, fired)


def _act(rule: Rule, done: Run, *, at: Moment, occurrence: str, real: datetime) -> None:
    if done.acted:
        firings = [Firing(*row) for row in store.run(FIRED[rule.about], run=done.id)]
        acting.act(rule, firings, at=at, occurrence=occurrence, real=real)
    if "cap" in done.held:
        reason = (
            f"It acted on {done.acted} and stopped: {done.held['cap']} more match. "
            "Look whether an import went wrong; the next run goes on."
        )
        _warn(done.key, "stopped at its cap", reason, at.now)


def _broken(kept: Any, run_id: UUID, fault: str, now: datetime) -> Run:
    rule_book.mark_broken(kept["key"], fault=fault, now=now)
    _warn(kept["key"], "is broken and does not run", fault, now)
    return Run(run_id, kept["id"], kept["key"], fault=fault)


def _warn(key: str, what: str, reason: str, now: datetime) -> None:
    title = f"The rule “{wording.title(key)}” {what}"
    draft = NewAlert(
        f"rule-trouble:{key}",
        title,
        reason,
        cause=f"rule-trouble:{key}",
        severity="high",
        rule_key=key,
        ends_when="done",
    )
    alerts.raise_many([draft], now=now)


def _told(fault: DBAPIError) -> str:
    """Why the database refused, in words; a fault of the moment is raised again for the work item's next attempt."""
    state = getattr(fault.orig, "sqlstate", None)
    if fault.connection_invalidated or state is None or state in PASSING:
        raise fault
    return "It took too long and was stopped." if state == "57014" else f"The database refused its question ({state})."


def _end(done: Run, asked: Question | None, seconds: float) -> None:
    limits = json.dumps(asked.bounds if asked else {})
    store.run(
        END,
        id=done.id,
        bounds=limits,
        matched=done.matched,
        acted=done.acted,
        held=json.dumps(done.held),
        seconds=seconds,
        fault=done.fault,
    )
