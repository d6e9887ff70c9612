"""Decides which kinds of evidence may act alone at a client: those whose weight is enough, until proved wrong.

Precision is counted over decisions, not promised: what was applied and stands, against what a person undid or chose
otherwise. A kind that has shown itself at one client says nothing about another.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tenants import store
from tenants.cash import judging
from tenants.cash.evidence import Band, Proposal

WANTED = 0.995
"""What may act alone is right in so many of all cases."""
LOOKED_AT = timedelta(days=365)
LEAST_TO_FALL = 12
Z = 1.96
# A line that a person decided otherwise than proposed counts against the pattern, even before anything was applied.
COUNTS = """
SELECT pattern, count(*) FILTER (WHERE state IN ('applied', 'returned')) AS stands,
  count(*) FILTER (WHERE state IN ('undone', 'replaced')) AS wrong,
  count(*) FILTER (WHERE state IN ('applied', 'returned', 'undone', 'replaced') AND actor = '') AS alone
FROM cash_match WHERE tenant_id = :tenant AND pattern <> '' AND decided_at >= :since GROUP BY pattern ORDER BY pattern
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """How often a kind of evidence was right at this client."""

    pattern: str
    right: int
    wrong: int
    alone: int
    """How often it acted without a person."""

    @property
    def precision(self) -> float | None:
        """Right out of all; None before anything was decided."""
        decided = self.right + self.wrong
        return self.right / decided if decided else None

    @property
    def bounds(self) -> tuple[float, float]:
        """Between which shares the truth lies, by Wilson's interval."""
        n = self.right + self.wrong
        if not n:
            return 0.0, 1.0
        p, z2 = self.right / n, Z * Z
        middle, half = p + z2 / (2 * n), Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
        return (middle - half) / (1 + z2 / n), (middle + half) / (1 + z2 / n)


def measured(*, now: datetime) -> Mapping[str, Measured]:
    """Every kind of evidence that was decided on in the last year."""
    rows = store.run(COUNTS, since=now - LOOKED_AT)
    return {pattern: Measured(pattern, stands, wrong, alone) for pattern, stands, wrong, alone in rows}


def of(proposal: Proposal | None, *, known: Mapping[str, Measured]) -> Band:
    """Who decides on a proposal."""
    if proposal is None:
        return Band.MANUAL
    if proposal.doubt or not proposal.parts:
        return Band.SUGGESTED
    found = known.get(proposal.pattern)
    if proposal.score >= judging.AUTOMATIC:
        return Band.SUGGESTED if found and _fallen(found) else Band.AUTOMATIC
    return Band.AUTOMATIC if found and found.bounds[0] >= WANTED else Band.SUGGESTED


def overall(found: Sequence[Measured]) -> Measured:
    """All that acted alone, as one."""
    acting = [each for each in found if each.alone]
    return Measured(
        "", sum(each.right for each in acting), sum(each.wrong for each in acting), sum(each.alone for each in acting)
    )


def _fallen(found: Measured) -> bool:
    return found.right + found.wrong >= LEAST_TO_FALL and found.bounds[1] < WANTED
