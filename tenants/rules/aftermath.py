"""Decides what is said about what came of a rule: of the invoices on which it acted, how many were seen, answered, paid
or disputed within one and within two weeks.

What came after is not what came of it: nobody knows who would have paid anyway, and a backtest says how many did.
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
FROM (
  SELECT r.subject_id, r.fired_at, r.fired_at + CAST(:span AS interval) AS over_at
  FROM rule_run x JOIN rule_firing r ON r.tenant_id = :tenant AND r.run_id = x.id
  WHERE x.tenant_id = :tenant AND x.rule_id = :rule AND x.acted > 0 AND x.as_of_at > :since AND x.as_of_at <= :until
  ORDER BY x.as_of_at DESC, r.subject_id LIMIT :most) f
JOIN invoice i ON i.tenant_id = :tenant AND i.id = f.subject_id
"""


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


def of(rule_id: UUID, *, now: datetime) -> tuple[Aftermath, ...]:
    """What came after the acts of a rule about invoices, within one and two weeks; nothing where no week is over."""
    found = (_within(rule_id, days, now=now) for days in WEEKS)
    return tuple(each for each in found if each.acted)


def _within(rule_id: UUID, days: int, *, now: datetime) -> Aftermath:
    span = timedelta(days=days)
    row = store.run(CAME, rule=rule_id, span=span, since=now - LOOK_BACK, until=now - span, most=MOST).one()
    return Aftermath(days, *row)
