"""What is chance and what is not: the sums against brute force, the bars against campaigns whose truth is known.

GOODTERMS_FULL=1 looks at three times as many campaigns.
"""

import math
import os
import random

import pytest

from tenants.collections.watch import chances, judging, simulation
from tenants.collections.watch.chances import Spread, Tally

KNOWN = Spread(0.06**2 / (0.45 * 0.55), 40.0)


def brute(k, *, n, a, b):
    def term(i):
        beta = math.lgamma(i + a) + math.lgamma(n - i + b) - math.lgamma(n + a + b)
        return math.comb(n, i) * math.exp(beta - math.lgamma(a) - math.lgamma(b) + math.lgamma(a + b))

    return sum(term(i) for i in range(k + 1))


@pytest.mark.parametrize(("k", "n", "a", "b"), [(0, 1, 1, 1), (3, 10, 2, 5), (12, 60, 30, 37), (40, 200, 31, 38)])
def test_the_tail_equals_the_sum_of_its_terms(k, n, a, b):
    assert chances.beta_binomial_tail(k, n=n, a=a, b=b) == pytest.approx(brute(k, n=n, a=a, b=b), rel=1e-9)


def test_the_tail_is_whole_at_its_end_and_the_flat_one_is_flat():
    assert chances.beta_binomial_tail(9, n=9, a=3, b=4) == 1.0
    assert [chances.beta_binomial_tail(k, n=4, a=1, b=1) for k in range(4)] == pytest.approx([0.2, 0.4, 0.6, 0.8])


def test_the_wilson_interval_of_a_textbook_and_of_nothing():
    low, high = chances.wilson(Tally(100, 50), z=1.959964)
    assert (low, high) == (pytest.approx(0.4038, abs=1e-4), pytest.approx(0.5962, abs=1e-4))
    assert chances.wilson(Tally(0, 0)) == (0.0, 1.0)
    assert Tally(0, 0).rate == 0.0


def test_the_spread_between_campaigns_is_learned():
    rng = random.Random(3)
    for truth in (0.03, 0.09):
        units = [[simulation.campaign(rng, 400, 0.45, truth) for _ in range(60)] for _ in range(6)]
        found = math.sqrt(chances.pooled(units, mean=0.45).correlation * 0.45 * 0.55)
        assert found == pytest.approx(truth, abs=0.015)


def test_without_a_past_the_common_belief_holds():
    assert chances.correlation_of([Tally(10, 3)]) == Spread(0.0, 0.0)
    assert chances.correlation_of([Tally(1, 0), Tally(1, 1)]) == Spread(0.0, 0.0)
    believed = chances.pooled([], mean=0.5)
    assert math.sqrt(believed.correlation * 0.25) == pytest.approx(chances.PRIOR_SPREAD)


def test_a_healthy_sequence_is_let_go_and_a_fallen_one_is_caught():
    assert chances.falls([True, False] * 60, good=0.45, bad=0.30) is False
    assert chances.falls([True, False, False, False, False] * 30, good=0.45, bad=0.30) is True
    assert chances.falls([True, False], good=0.45, bad=0.30) is None


def test_false_discoveries_as_in_the_published_example():
    published = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719]
    assert chances.discoveries([*published, 0.6528, 0.7590, 1.0], level=0.05) == 0.0095
    assert chances.discoveries([0.4, 0.9], level=0.05) == 0.0


@pytest.mark.parametrize(
    ("cohort", "earlier", "answer"),
    [
        (Tally(49, 0), 40, "thin"),
        (Tally(200, 20), 7, "young"),
        (Tally(200, 84), 40, "level"),
        (Tally(200, 72), 40, "healthy"),
        (Tally(200, 40), 40, "fallen"),
    ],
)
def test_a_fall_needs_messages_a_past_and_a_difference_that_matters(cohort, earlier, answer):
    verdict = judging.judge(cohort, earlier=[Tally(200, 90)] * earlier, spread=KNOWN)
    assert verdict.answer == answer
    assert verdict.fallen is (answer == "fallen")


def test_recovered_is_back_within_two_points():
    past = [Tally(200, 90)] * 20
    assert judging.judge(Tally(200, 87), earlier=past, spread=KNOWN).recovered
    assert not judging.judge(Tally(200, 80), earlier=past, spread=KNOWN).recovered
    assert not judging.judge(Tally(20, 20), earlier=past, spread=KNOWN).recovered


def test_draws_are_binomial():
    rng = random.Random(11)
    drawn = [simulation.binomial(rng, 1000, 0.3) for _ in range(2000)]
    mean = sum(drawn) / len(drawn)
    deviation = math.sqrt(sum((each - mean) ** 2 for each in drawn) / len(drawn))
    assert mean == pytest.approx(300, abs=2)
    assert deviation == pytest.approx(math.sqrt(210), abs=1)


def test_the_alarm_is_quiet_for_the_healthy_and_sees_the_fallen():
    (small, large) = simulation.run(checks=600 if os.environ.get("GOODTERMS_FULL") else 200, seed=4, sizes=(200, 1000))
    assert max(small.false_alarms, large.false_alarms) <= 0.008
    assert small.found >= 0.58
    assert large.found >= 0.68
