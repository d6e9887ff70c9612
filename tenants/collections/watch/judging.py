"""Decides whether one matured cohort fell: enough messages, enough past, a fall that matters, and too unlikely to be
chance. A unit is one message template to one group of mailbox providers at one client; only cohorts that were scored by
the same ruleset are compared.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tenants.collections.watch import chances
from tenants.collections.watch.chances import Spread, Tally

LEAST_MESSAGES = 50
LEAST_COHORTS = 8
LEAST_FALL = 0.05
ALPHA = 0.004
"""The chance below which a fall is no chance. The bar is one false alarm in 200 checks; what is learned from few
cohorts takes the rest."""
NEAR = 0.02
"""Within two points of the baseline a unit counts as recovered."""

Answer = Literal["fallen", "healthy", "thin", "young", "level"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of one cohort, with the figures that an alert must carry."""

    answer: Answer
    tally: Tally
    baseline: float = 0.0
    chance: float = 1.0
    interval: tuple[float, float] = (0.0, 1.0)
    cohorts: int = 0

    @property
    def fallen(self) -> bool:
        """Whether this cohort lies below its past beyond chance."""
        return self.answer == "fallen"

    @property
    def recovered(self) -> bool:
        """Whether this cohort is back where its past was."""
        return self.answer in ("healthy", "level") and self.tally.rate >= self.baseline - NEAR


def judge(cohort: Tally, *, earlier: Sequence[Tally], spread: Spread) -> Verdict:
    """Judge one matured cohort by the earlier ones of its unit and the spread of its client."""
    if cohort.n < LEAST_MESSAGES:
        return Verdict("thin", cohort)
    known = [each for each in earlier if each.n]
    if len(known) < LEAST_COHORTS:
        return Verdict("young", cohort, cohorts=len(known))
    expected = chances.past(known, spread=spread)
    said = (expected.mean, chances.chance_below(cohort, expected=expected), chances.wilson(cohort), len(known))
    if cohort.rate > expected.mean - LEAST_FALL:
        return Verdict("level", cohort, *said)
    return Verdict("fallen" if said[1] < ALPHA else "healthy", cohort, *said)


def spared(verdict: Verdict) -> Verdict:
    """The same figures, but not called a fall: one of many units looked at on one day."""
    return replace(verdict, answer="healthy")
