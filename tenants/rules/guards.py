"""Decides when a rule that may run had better not: when it wants far more than usual, and when the data it would write
to customers about is not fresh.

Both are what a bad import looks like from here. The run is written down with its reason, nothing is done, and a person
is asked; nothing is lost, because the same question is asked again.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

from tenants import store
from tenants.rules import rule_book
from tenants.rules.tree import Rule
from tenants.values.counts import counted

TIMES_USUAL = 3
ALWAYS_FINE = 20
"""So few are never too many, whatever is usual."""
LEAST_RUNS, LOOKED_AT = 3, 10
LEAST_LOADS, PATIENCE = 4, timedelta(days=1)
USUAL = """
SELECT CAST(percentile_cont(0.5) WITHIN GROUP (ORDER BY x.acted) AS integer) AS usual, count(*) AS runs FROM (
  SELECT r.acted FROM rule_run r
  WHERE r.tenant_id = :tenant AND r.rule_id = :rule AND r.mode = 'live' AND r.acted > 0
  ORDER BY r.started_at DESC LIMIT :most) x
"""
LAST_FILE = """
SELECT r.state, r.received_at FROM import_run r
WHERE r.tenant_id = :tenant AND r.received_at <= :now ORDER BY r.received_at DESC, r.id DESC LIMIT 1
"""
LOADS = """
SELECT r.loaded_at FROM import_run r
WHERE r.tenant_id = :tenant AND r.loaded_at <= :now ORDER BY r.loaded_at DESC LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Stop:
    """Why nothing is done now: the label for the run, and the words for people."""

    label: str
    what: str
    reason: str


def freshness(rule: Rule, *, now: datetime) -> Stop | None:
    """Whether the ledger is too old, or its last file failed, to write to customers about it."""
    if not rule.writes_to_debtors:
        return None
    last = store.run(LAST_FILE, now=now).one_or_none()
    if last is not None and last.state == "refused":
        words = f"The ledger file of {last.received_at:%-d %B %Y} was refused, so somebody may have paid unseen."
        return Stop("data", "waits for data", words)
    loads = list(store.run(LOADS, now=now, most=LOOKED_AT).scalars())
    if len(loads) < LEAST_LOADS:
        return None
    gaps = sorted(later - earlier for later, earlier in pairwise(loads))
    age, usual = now - loads[0], gaps[len(gaps) // 2]
    if age <= max(TIMES_USUAL * usual, PATIENCE) + PATIENCE:
        return None
    words = f"The ledger is {counted(age.days, 'day')} old; a file usually comes after {max(1, usual.days)}."
    return Stop("data", "waits for data", words)


def storm(rule_id: UUID, *, wanted: int, released: int | None) -> Stop | None:
    """Whether a run wants far more than its runs usually act on, and nobody has allowed it."""
    if wanted <= ALWAYS_FINE or wanted <= (released or 0):
        return None
    row = store.run(USUAL, rule=rule_id, most=LOOKED_AT).one()
    if row.runs < LEAST_RUNS or wanted <= TIMES_USUAL * row.usual:
        return None
    words = (
        f"It wants to act on {wanted}, and {row.usual} is usual. Nothing was done. Look whether an import went wrong; "
        "then release the rule, or pause it."
    )
    return Stop(rule_book.FROZEN, "is frozen", words)
