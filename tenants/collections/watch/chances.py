"""Decides what is chance and what is not: shares of small and large mailings compared with their own past.

A campaign differs from the next by more than counting noise, so the plain binomial test storms on large mailings and a
fixed drop storms on small ones. The past is therefore read as beta-binomial: a mean, and a spread between campaigns
that is learned. Rates are shares from 0 to 1.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

PRIOR_SPREAD = 0.06
"""The standard deviation between healthy campaigns that is believed before anything is known: six points."""
PRIOR_WORTH = 24.0
"""How many earlier cohorts that belief is worth."""
LEAST_SPREAD = 0.02
WIDEST = 0.25
"""The most variance between campaigns that is believed, as a share of what is possible."""
Z99 = 2.5758293035489004


@dataclass(frozen=True, slots=True)
class Tally:
    """One cohort: how many could be judged, and how many of them passed."""

    n: int
    k: int

    @property
    def rate(self) -> float:
        """The share that passed; 0 of nothing is 0."""
        return self.k / self.n if self.n else 0.0


@dataclass(frozen=True, slots=True)
class Past:
    """What earlier cohorts say: their mean, the intra-cohort correlation that makes the spread, and on how many it
    rests."""

    mean: float
    correlation: float
    cohorts: int
    trials: int

    @property
    def spread(self) -> float:
        """The standard deviation of a healthy campaign's true rate."""
        return math.sqrt(self.correlation * self.mean * (1 - self.mean))


@dataclass(frozen=True, slots=True)
class Spread:
    """Pooled evidence of how much campaigns differ: a correlation and the degrees of freedom that it rests on."""

    correlation: float
    worth: float


def mean_of(cohorts: Sequence[Tally]) -> float:
    """The mean rate of a unit, one cohort one voice as far as its size allows; held off 0 and 1 by half a trial."""
    trials, passed = sum(each.n for each in cohorts), sum(each.k for each in cohorts)
    return (passed + 0.5) / (trials + 1)


def correlation_of(cohorts: Sequence[Tally]) -> Spread:
    """The moment estimate of the correlation within cohorts (Fleiss and Kuritz's weighting); not below nothing."""
    if len(cohorts) < 2:
        return Spread(0.0, 0.0)
    mean, trials = mean_of(cohorts), sum(each.n for each in cohorts)
    between = sum(each.n * (each.rate - mean) ** 2 for each in cohorts) / (len(cohorts) - 1)
    typical = (trials - sum(each.n**2 for each in cohorts) / trials) / (len(cohorts) - 1)
    noise = mean * (1 - mean)
    if typical <= 1:
        return Spread(0.0, 0.0)
    found = (between - noise) / (noise * (typical - 1))
    # A thin cohort says little about the spread: its counting noise hides it.
    clear = 1 / (1 + 1 / (typical * PRIOR_SPREAD**2 / noise))
    return Spread(min(max(found, 0.0), WIDEST), (len(cohorts) - 1) * clear)


def pooled(units: Sequence[Sequence[Tally]], *, mean: float) -> Spread:
    """The spread of a whole client: each unit weighs by what it knows, the common belief fills the rest."""
    known = [correlation_of(each) for each in units]
    believed = PRIOR_SPREAD**2 / (mean * (1 - mean))
    worth = PRIOR_WORTH + sum(each.worth for each in known)
    total = PRIOR_WORTH * believed + sum(each.correlation * each.worth for each in known)
    return Spread(total / worth, worth)


def past(cohorts: Sequence[Tally], *, spread: Spread) -> Past:
    """What is expected of the next cohort of a unit, given how much this client's campaigns differ."""
    mean = mean_of(cohorts)
    least = LEAST_SPREAD**2 / (mean * (1 - mean))
    return Past(mean, min(max(spread.correlation, least), WIDEST), len(cohorts), sum(each.n for each in cohorts))


def chance_below(cohort: Tally, *, expected: Past) -> float:
    """How likely a healthy campaign of this size passes as few or fewer: the lower tail of the predictive
    beta-binomial. The mean is itself an estimate, which widens it."""
    doubt = expected.correlation / expected.cohorts + (1 - expected.correlation) / max(expected.trials, 1)
    correlation = min(expected.correlation + doubt, WIDEST)
    weight = 1 / correlation - 1
    return beta_binomial_tail(cohort.k, n=cohort.n, a=expected.mean * weight, b=(1 - expected.mean) * weight)


def beta_binomial_tail(k: int, *, n: int, a: float, b: float) -> float:
    """P(X <= k) for a beta-binomial. Terms follow from each other, so a mailing of thousands costs microseconds
    each."""
    if k >= n:
        return 1.0
    term = math.exp(_log_term(k, n, a, b))
    total, index = term, k
    while index > 0 and term > total * 1e-12:
        term *= index * (b + n - index) / ((n - index + 1) * (a + index - 1))
        total += term
        index -= 1
    return min(total, 1.0)


def _log_term(k: int, n: int, a: float, b: float) -> float:
    choose = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return choose + _log_beta(k + a, n - k + b) - _log_beta(a, b)


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def wilson(tally: Tally, *, z: float = Z99) -> tuple[float, float]:
    """The Wilson interval of a share: for showing beside the rate, never for alarms."""
    if not tally.n:
        return 0.0, 1.0
    n, rate = tally.n, tally.rate
    middle = (rate + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(rate * (1 - rate) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def falls(passed: Sequence[bool], *, good: float, bad: float, alpha: float = 0.005, beta: float = 0.1) -> bool | None:
    """Wald's sequential test over messages in the order in which they matured: True when the bad rate is accepted,
    False when the good one is, None while it is open. Looking after every message costs nothing extra."""
    accept, reject = math.log((1 - beta) / alpha), math.log(beta / (1 - alpha))
    up, down = math.log(bad / good), math.log((1 - bad) / (1 - good))
    total = 0.0
    for each in passed:
        total += up if each else down
        if total >= accept:
            return True
        if total <= reject:
            return False
    return None


def discoveries(chances: Sequence[float], *, level: float) -> float:
    """The largest chance that still counts when many units are looked at on one day (Benjamini and Hochberg); 0 when
    none does."""
    kept = [chance for place, chance in enumerate(sorted(chances), 1) if chance <= level * place / len(chances)]
    return kept[-1] if kept else 0.0
