"""Decides whether the alarm can be trusted: made-up campaigns whose truth is known, judged by the very code that judges
real ones.

Healthy campaigns draw their true rate around the unit's mean; broken ones around the fallen mean. Every number comes
from a seed, so a run can be repeated.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tenants.collections.watch import chances, judging
from tenants.collections.watch.chances import Tally

SIZES = (50, 100, 200, 500, 1_000, 2_000, 5_000)
HEALTHY, FALLEN = 0.45, 0.25
SPREAD = 0.06
EARLIER = 40
"""Business days in eight weeks: one cohort a day."""
UNITS = 3
"""Units of one client that together teach how much campaigns differ."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was found at one size of mailing: shares of checks, 0 to 1."""

    n: int
    spread: float
    checks: int
    false_alarms: float
    found: float


def run(*, checks: int, seed: int, sizes: Sequence[int] = SIZES, spread: float = SPREAD) -> Iterator[Outcome]:
    """Judge so many healthy campaigns and as many broken ones of each size."""
    for n in sizes:
        rng = random.Random(f"{seed}:{n}:{spread}")
        false = found = 0
        for _ in range(checks):
            units = [[campaign(rng, n, HEALTHY, spread) for _ in range(EARLIER)] for _ in range(UNITS)]
            learned = chances.pooled(units, mean=chances.mean_of(units[0]))
            false += judging.judge(campaign(rng, n, HEALTHY, spread), earlier=units[0], spread=learned).fallen
            found += judging.judge(campaign(rng, n, FALLEN, spread), earlier=units[0], spread=learned).fallen
        yield Outcome(n, spread, checks, false / checks, found / checks)


def campaign(rng: random.Random, n: int, mean: float, spread: float) -> Tally:
    """One mailing of this size, whose own rate lies around the mean."""
    weight = mean * (1 - mean) / spread**2 - 1
    return Tally(n, binomial(rng, n, rng.betavariate(mean * weight, (1 - mean) * weight)))


def binomial(rng: random.Random, n: int, rate: float) -> int:
    """Draw how many of n pass, by halving with order statistics: exact, and quick for thousands."""
    passed = 0
    while n > 12:
        middle = 1 + n // 2
        cut = rng.betavariate(middle, n + 1 - middle)
        if cut >= rate:
            n, rate = middle - 1, rate / cut
        else:
            passed, n, rate = passed + middle, n - middle, (rate - cut) / (1 - cut)
    return passed + sum(rng.random() < rate for _ in range(n))
