"""Decides what a rule would have done on each of many past days: the same question, asked about the books as they were,
with its own memory of whom it would have acted on.

It runs as a job a few days at a time, so that people see it advance and a worker that dies costs a few days of it.
"""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.events import recording
from tenants.isolation import scope
from tenants.rules import as_of, bounds, compiler, daily, language, outcomes, running, sentence, statements, timing
from tenants.rules.bounds import Moment
from tenants.rules.tree import Rule
from tenants.values import calendars, ids
from tenants.values.faults import Kind, Refusal

LONGEST = 366
SLICE_S = 4.0
"""How long one turn works before it shows how far it has come."""
ADD = """
INSERT INTO backtest (tenant_id, id, rule_id, document, sentence, from_on, to_on, next_on, state, days, asked_by,
  asked_at)
VALUES (:tenant, :id, :rule, CAST(:document AS jsonb), :sentence, :from_on, :to_on, :from_on, 'waiting', :days, :actor,
  :now)
"""
FIND = """
SELECT id, rule_id, document, sentence, from_on, to_on, next_on, state, days, days_done, seconds, result, fault,
  asked_by, asked_at, done_at
FROM backtest WHERE tenant_id = :tenant AND id = :id
"""
LATEST = """
SELECT id, sentence, from_on, to_on, state, days, days_done, seconds, result, fault, asked_by, asked_at, done_at
FROM backtest WHERE tenant_id = :tenant AND (CAST(:rule AS uuid) IS NULL OR rule_id = :rule)
ORDER BY asked_at DESC, id DESC LIMIT :limit
"""
LOCK = "SELECT id FROM backtest WHERE tenant_id = :tenant AND id = :id FOR UPDATE"
MOVE = """
UPDATE backtest SET state = :state, next_on = :next_on, days_done = :days_done, seconds = seconds + :seconds,
  result = CAST(:result AS jsonb), fault = :fault, done_at = :done_at
WHERE tenant_id = :tenant AND id = :id
"""
FIRED = """
SELECT subject_id, count(*), max(fired_on) FROM backtest_firing
WHERE tenant_id = :tenant AND backtest_id = :id GROUP BY subject_id
"""
FIRE = """
INSERT INTO backtest_firing (tenant_id, backtest_id, subject_id, fired_on, debtor_id)
SELECT :tenant, :id, r.subject_id, :day, r.debtor_id
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(subject_id uuid, debtor_id uuid)
ON CONFLICT (tenant_id, backtest_id, subject_id, fired_on) DO NOTHING
"""


class BacktestUnknown(Refusal, LookupError):
    """No such backtest, or none of this client."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "backtest_unknown"
    remedy = "Reload the rule's page."


class BadSpan(Refusal, ValueError):
    """The days make no sense."""

    code = "bad_span"
    remedy = f"Choose at most {LONGEST} days that are over, the first one first."


@dataclass(slots=True)
class Memory:
    """Whom the rule has acted on so far: how often, when last, and who has gone on matching since."""

    times: dict[UUID, int] = field(default_factory=dict)
    last_on: dict[UUID, date] = field(default_factory=dict)
    matching: set[UUID] = field(default_factory=set)
    since: dict[UUID, date] = field(default_factory=dict)

    def fires(self, subject: UUID, rule: Rule, at: Moment) -> bool:
        """Whether `again` and `hold_for` let the rule act on a match."""
        if rule.hold_for and self.since.get(subject, at.today) > at.today - (at.today - _back(rule.hold_for, at)):
            return False
        if rule.again.mode == "rematch":
            return subject not in self.matching
        if subject not in self.times:
            return True
        if rule.again.mode == "never" or rule.again.after is None or self.times[subject] >= rule.again.most:
            return False
        return self.last_on[subject] <= bounds.day_back(rule.again.after, at=at)

    def note(self, matches: Sequence[UUID], fired: Sequence[UUID], rule: Rule, on: date) -> None:
        """Remember a day."""
        there = set(matches)
        self.since = {each: self.since.get(each, on) for each in there}
        self.matching = (self.matching & there) | set(fired)
        for each in fired:
            self.times[each] = self.times.get(each, 0) + 1
            self.last_on[each] = on


def ask(
    document: Any,
    *,
    from_on: date,
    to_on: date,
    today: date,
    now: datetime,
    real: datetime,
    rule_id: UUID | None = None,
) -> UUID:
    """Ask for a backtest of a document over past days. Raises RuleRefused, BadSpan."""
    rule = language.read(document)
    if not from_on <= to_on < today or (to_on - from_on).days >= LONGEST:
        raise BadSpan("A backtest looks at past days.")
    backtest_id = ids.new()
    values = {"rule": rule_id, "document": rule.canonical, "sentence": sentence.of(rule), "from_on": from_on}
    days = len(_days(rule, bounds.here(now), from_on, to_on))
    store.run(ADD, id=backtest_id, to_on=to_on, days=days, actor=scope.current().actor, now=now, **values)
    recording.record("backtest.asked", key=str(backtest_id), now=real, backtest_id=str(backtest_id))
    return backtest_id


def find(backtest_id: UUID) -> RowMapping:
    """One backtest with its progress or its result. Raises BacktestUnknown."""
    row = store.run(FIND, id=backtest_id).mappings().one_or_none()
    if row is None:
        raise BacktestUnknown("There is no such backtest.")
    return row


def latest(*, rule_id: UUID | None = None, limit: int = 10) -> Sequence[RowMapping]:
    """The newest backtests, of one rule or of all."""
    return store.run(LATEST, rule=rule_id, limit=limit).mappings().all()


def advance(backtest_id: UUID, *, now: datetime, seconds: float = SLICE_S) -> bool:
    """Work through some more days; True when there are more to come. Raises BacktestUnknown."""
    store.run(LOCK, id=backtest_id)
    test = find(backtest_id)
    if test["state"] in ("done", "failed"):
        return False
    begun = time.perf_counter()
    store.plan_for_sets()
    rule, here = language.read(json.loads(json.dumps(test["document"]))), bounds.here(now)
    if test["state"] == "waiting":
        daily.fill(test["from_on"], today=here.today, zone=here.zone.key)
    days = _days(rule, here, test["next_on"], test["to_on"])
    memory, most = _memory(test, rule, here), running.cap(rule)
    done = 0
    for day in days:
        _play(backtest_id, rule, _moment(rule, here, day), memory, most)
        done += 1
        if time.perf_counter() - begun >= seconds:
            break
    more = done < len(days)
    result = {} if more else outcomes.of(backtest_id, rule, days=test["days"], untold=as_of.untold(rule))
    store.run(
        MOVE,
        id=backtest_id,
        state="running" if more else "done",
        next_on=days[done] if more else test["to_on"],
        days_done=test["days_done"] + done,
        seconds=time.perf_counter() - begun,
        result=json.dumps(result),
        fault="",
        done_at=None if more else now,
    )
    return more


def _days(rule: Rule, here: Moment, from_on: date, to_on: date) -> list[date]:
    span = (from_on + timedelta(days=n) for n in range((to_on - from_on).days + 1))
    return [day for day in span if timing.falls_on(rule.when, day, calendar=here.calendar)]


def _moment(rule: Rule, here: Moment, day: date) -> Moment:
    return replace(here, now=calendars.at_local_time(day, rule.when.at, zone=here.zone))


def _memory(test: RowMapping, rule: Rule, here: Moment) -> Memory:
    """What earlier turns left: the firings are rows; who has gone on matching is asked of the day before."""
    memory = Memory()
    for row in store.run(FIRED, id=test["id"]):
        memory.times[row[0]], memory.last_on[row[0]] = row[1], row[2]
    earlier = _days(rule, here, test["from_on"], test["next_on"] - timedelta(days=1))
    lasting = 10 if rule.hold_for else 1
    for day in earlier[-lasting:] if rule.again.mode == "rematch" or rule.hold_for else []:
        found = [subject for subject, _ in _matches(rule, _moment(rule, here, day))]
        memory.note(found, [], rule, day)
        memory.matching = {each for each in found if each in memory.times}
    return memory


def _matches(rule: Rule, at: Moment) -> list[tuple[UUID, UUID | None]]:
    asked = compiler.compile(rule, at=at)
    return [tuple(row) for row in store.run(as_of.then(statements.found(asked)), **asked.values)]


def _play(backtest_id: UUID, rule: Rule, at: Moment, memory: Memory, most: int) -> None:
    matches = _matches(rule, at)
    fired = [(subject, debtor) for subject, debtor in matches if memory.fires(subject, rule, at)][:most]
    if fired:
        rows = [{"subject_id": subject, "debtor_id": debtor} for subject, debtor in fired]
        store.run(FIRE, id=backtest_id, day=at.today, rows=json.dumps(rows, default=str))
    memory.note([subject for subject, _ in matches], [subject for subject, _ in fired], rule, at.today)


def _back(span: Any, at: Moment) -> date:
    return at.today if span.unit == "hours" else bounds.day_back(span, at=at)
