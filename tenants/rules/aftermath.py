"""Decides what is said about what came of a rule: of the invoices on which it acted, how many were seen, answered, paid
or disputed within one and within two weeks.

What came after is not what came of it: nobody knows who would have paid anyway, and a backtest says how many did.
A rule that leaves a share of the customers alone can tell: the same is counted of those, from the day on which it
would have acted, beside its first acts since then.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from tenants import store

WEEKS = (7, 14)
LOOK_BACK = timedelta(days=90)
MOST = 5_000
# The newest acts whose days are over; of each only what happened in its own days.
CAME = """
SELECT count(*) AS acted,
  count(*) FILTER (WHERE EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.invoice_id = f.subject_id
    AND e.level >= 4 AND e.occurred_at > f.fired_at AND e.occurred_at <= f.over_at)) AS seen,
  count(*) FILTER (WHERE EXISTS (SELECT FROM evidence e WHERE e.tenant_id = :tenant AND e.invoice_id = f.subject_id
    AND e.kind = 'reply' AND e.occurred_at > f.fired_at AND e.occurred_at <= f.over_at)) AS answered,
  count(*) FILTER (WHERE i.settled_on >= CAST(f.fired_at AS date) AND i.settled_on <= CAST(f.over_at AS date)
    AND i.voided_on IS NULL) AS paid,
  count(*) FILTER (WHERE EXISTS (SELECT FROM hold h WHERE h.tenant_id = :tenant AND h.invoice_id = f.subject_id
    AND h.kind = 'dispute' AND h.opened_at > f.fired_at AND h.opened_at <= f.over_at)) AS disputed
FROM ({which} LIMIT :most) f
JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.subject_id
"""
ACTED = """
  SELECT r.subject_id, r.fired_at, r.fired_at + CAST(:span AS interval) AS over_at
  FROM rule_run x JOIN rule_firing r ON r.tenant_id = :tenant AND r.run_id = x.id{only}
  WHERE x.tenant_id = :tenant AND x.rule_id = :rule AND x.acted > 0 AND x.as_of_at > :since AND x.as_of_at <= :until
  ORDER BY x.as_of_at DESC, r.subject_id"""
SPARED = """
  SELECT q.subject_id, q.spared_at AS fired_at, q.spared_at + CAST(:span AS interval) AS over_at FROM rule_spared q
  WHERE q.tenant_id = :tenant AND q.rule_id = :rule AND q.spared_at > :since AND q.spared_at <= :until
    AND NOT EXISTS (SELECT FROM rule_firing r
      WHERE r.tenant_id = :tenant AND r.rule_id = :rule AND r.subject_id = q.subject_id)
  ORDER BY q.spared_at DESC, q.subject_id"""
EVER = CAME.format(which=ACTED.format(only=""))
FIRST = CAME.format(which=ACTED.format(only=" AND r.episode = 1"))
NEVER = CAME.format(which=SPARED)
BEGUN = "SELECT min(spared_at) FROM rule_spared WHERE tenant_id = :tenant AND rule_id = :rule"
ENOUGH = 30
"""With fewer on either side a difference is chance."""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Of so many acts, what happened within so many days."""

    days: int
    acted: int
    seen: int
    answered: int
    paid: int
    disputed: int

    def share(self, count: int) -> float:
        """In percent of the acts."""
        return 100 * count / self.acted


@dataclass(frozen=True, slots=True)
class Compared:
    """Within so many days: what came after first acts, and what came to those who were left alone."""

    days: int
    acted: Aftermath
    spared: Aftermath

    @property
    def tells(self) -> bool:
        """Whether there are enough of both to say anything."""
        return min(self.acted.acted, self.spared.acted) >= ENOUGH


def of(rule_id: UUID, *, now: datetime) -> tuple[Aftermath, ...]:
    """What came after the acts of a rule about invoices, within one and two weeks; nothing where no week is over."""
    found = (_within(EVER, rule_id, days, since=now - LOOK_BACK, now=now) for days in WEEKS)
    return tuple(each for each in found if each.acted)


def compared(rule_id: UUID, *, now: datetime) -> tuple[Compared, ...]:
    """The same beside those whom a rule left alone; nothing where it left nobody alone, or no week is over."""
    begun = store.run(BEGUN, rule=rule_id).scalar_one()
    if begun is None:
        return ()
    since = max(begun - timedelta(seconds=1), now - LOOK_BACK)
    sides = [[_within(sql, rule_id, days, since=since, now=now) for sql in (FIRST, NEVER)] for days in WEEKS]
    return tuple(Compared(acted.days, acted, spared) for acted, spared in sides if acted.acted and spared.acted)


def _within(sql: str, rule_id: UUID, days: int, *, since: datetime, now: datetime) -> Aftermath:
    span = timedelta(days=days)
    return Aftermath(days, *store.run(sql, rule=rule_id, span=span, since=since, until=now - span, most=MOST).one())
