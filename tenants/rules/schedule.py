"""Decides which rules are due when a client's day opens, and at what instant on the wall each of them runs.

A day that nobody opened (an outage, a weekend for a monthly rule) is caught up once, with the newest occurrence and
not with all of them.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from uuid import UUID

from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.rules import bounds, precedence, ranking, rule_book, timing
from tenants.rules.bounds import Moment
from tenants.rules.faults import RuleRefused
from tenants.rules.tree import When
from tenants.values import calendars

STEP = timedelta(milliseconds=100)
"""Rules of one time run in the order of their weight."""
LOOK_BACK = 6
"""Days in which a missed occurrence is caught up; long enough for a holiday week, short of repeating a weekly rule."""


def open_day(now: datetime, *, real: datetime) -> int:
    """Record an occurrence of every live rule that is due today or was missed; return how many are new.

    `now` is the client's instant and `real` the one on the wall; a moved clock is the difference between the two.
    """
    at = bounds.here(now)
    found: list[Occurrence] = []
    due: list[tuple[datetime, int, UUID, date]] = []
    for kept in rule_book.watched():
        try:
            rule = rule_book.read(kept)
        except RuleRefused:
            # The run itself turns the rule red, where it is told to people.
            found.append(_occurrence(kept["id"], at.today, real))
            continue
        on = _newest(rule.when, at, since=calendars.local_day(kept["changed_at"], zone=at.zone))
        if on is not None:
            client_at = calendars.at_local_time(on, rule.when.at, zone=at.zone)
            due.append((real + max(client_at - now, now - now), ranking.rank(rule), kept["id"], on))
    precedence.forget(at.today)
    return recording.record_many("rule.due", [*found, *_in_turn(due)], now=real)


def _newest(when: When, at: Moment, *, since: date) -> date | None:
    on = timing.newest(when, at.today, back=LOOK_BACK, calendar=at.calendar)
    return on if on is not None and (on == at.today or on > since) else None


def _occurrence(rule_id: UUID, on: date, run_at: datetime) -> Occurrence:
    return Occurrence(f"{rule_id}:{on}", {"rule_id": str(rule_id), "occurrence": on.isoformat()}, run_at)


def _in_turn(due: Sequence[tuple[datetime, int, UUID, date]]) -> Iterator[Occurrence]:
    """Rules of one instant come one after the other, and whose word weighs more comes first."""
    for run_at, group in groupby(sorted(due), key=lambda each: each[0]):
        for place, (_, _, rule_id, on) in enumerate(group):
            yield _occurrence(rule_id, on, run_at + place * STEP)
