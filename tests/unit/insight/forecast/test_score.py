"""The forecast on made-up ledgers: what it learns, how sure it is, and which columns it refuses to look at."""

import random
from datetime import date

import pytest

from tenants.insight import forecast_inputs
from tenants.insight.forecast_habits import Habits
from tenants.insight.forecast_inputs import Column, LeakRefused
from tenants.insight.forecast_ranges import Ranges
from tenants.insight.forecast_replay import NEVER, Paper, Replay
from tenants.insight.forecast_score import score

START = date(2024, 1, 1).toordinal()
CUT = START + 365


def ledger(seed: int, *, kind: str = "plain", count: int = 2500) -> list[tuple[Paper, int]]:
    """Two years of a hundred customers, each with its own habit; a few invoices get lost for weeks."""
    chance = random.Random(seed)
    habits = [(chance.gauss(0, 5), chance.uniform(0.5, 4)) for _ in range(100)]
    found = []
    for _ in range(count):
        who, issued = int(100 * chance.random() ** 2), START + chance.randrange(730)
        late = round(chance.gauss(*habits[who]))
        late = 0 if kind == "ties" and chance.random() < 0.5 else late
        late += (issued - START) // 90 if kind == "drift" else 0
        late += int(chance.expovariate(1 / 25)) if chance.random() < 0.06 else 0
        settled = NEVER if kind == "open" and chance.random() < 0.1 else max(issued + 1, issued + 30 + late)
        found.append((Paper(issued, issued + 30, settled, f"C{who}", f"G{who % 5}"), chance.randint(1, 900)))
    return found


@pytest.mark.parametrize("kind", ["plain", "ties", "drift", "open"])
def test_it_beats_what_everybody_gets_for_nothing_and_its_ranges_hold(kind):
    found = score(ledger(7, kind=kind), cut=CUT)
    for_nothing = min(found.due_date_mae_days, found.one_median_mae_days)
    # Where half of all pay on the very day, there is nothing to be won.
    assert found.mae_days < for_nothing * (1.03 if kind == "ties" else 1)
    assert 0.76 <= found.coverage <= 0.84
    assert found.within_3_days <= found.within_5_days and found.week_error < found.due_date_week_error
    assert (found.unpaid > 0) == (kind == "open") and found.too_early == 0
    assert 0.5 < found.late_auc <= 1


def test_nothing_after_the_day_of_issue_changes_what_is_said_on_it():
    papers = sorted(paper for paper, _ in ledger(3, count=600))
    told = {each.paper: each for each in Replay().walk(papers)}
    day = papers[450].issued
    # Whatever is unknown on that day may as well never happen.
    blind = [
        Paper(p.issued, p.due, p.settled if p.settled < day else NEVER, p.customer, p.group)
        for p in papers
        if p.issued <= day
    ]
    seen = [each for each in Replay().walk(blind) if each.paper.issued == day]
    first = [each for paper, each in told.items() if paper.issued == day]
    assert [(each.habit, each.range) for each in seen] == [(each.habit, each.range) for each in first]


def test_with_few_payments_a_customer_is_drawn_to_its_group():
    habits = Habits()
    for at in range(60):
        habits.learn(f"C{at % 12}", group="slow" if at % 12 < 6 else "fast", days=20 if at % 12 < 6 else 0)
    assert habits.expected("new", group="slow").days > 10 > habits.expected("new", group="fast").days
    assert habits.expected("C0", group="slow").basis == "customer"
    assert habits.expected("new", group="nowhere").basis == "all"
    habits.learn("early", group="slow", days=-10)
    once = habits.expected("early", group="slow").days
    for _ in range(10):
        habits.learn("early", group="slow", days=-10)
    assert -10 <= habits.expected("early", group="slow").days < once < 20


def test_too_little_says_nothing():
    habits, ranges = Habits(), Ranges()
    for _ in range(19):
        habits.learn("C1", group="", days=3)
        ranges.learn(3, expected=3.0, scale=1.0)
    assert habits.expected("C1", group="") is None and ranges.around(3.0, scale=1.0) is None
    assert score([], cut=CUT) is None


def test_a_range_that_keeps_failing_grows_and_one_that_always_holds_shrinks():
    ranges = Ranges()
    before = ranges.missed
    for _ in range(100):
        ranges.judge(held=False, waiting=1)
    assert ranges.missed < before
    for _ in range(1000):
        ranges.judge(held=True, waiting=1)
    assert ranges.missed > before


def test_the_chance_to_be_paid_grows_week_by_week_and_starts_anew_when_late():
    ranges = Ranges()
    for days in range(100):
        ranges.learn(days, expected=0.0, scale=1.0)
    said = {"expected": 0.0, "scale": 1.0}
    chances = [ranges.share_until(day, late=0, **said) for day in (0, 10, 50, 99)]
    assert chances == sorted(chances) and chances[-1] == 1.0
    assert ranges.share_until(60, late=50, **said) == 0.22
    middle, around = ranges.still_out(0.0, scale=1.0, late=50)
    assert 50 <= around.first <= middle <= around.last <= 99
    assert ranges.still_out(0.0, scale=1.0, late=500) is None and ranges.share_until(900, late=500, **said) == 0.0


def column(name, *, days=(), numbers=()):
    return Column(name, days, numbers)


def test_what_is_known_only_afterwards_is_refused_by_name_or_by_its_values():
    issued = date(2026, 1, 1)
    columns = [
        column("Kunde"),
        column("Disputed"),
        column("ClearedOn"),
        column("EDate", days=[(issued, issued), (date(2026, 2, 1), issued)]),
        column("X1", numbers=[(float(at), at, at - 30) for at in range(40)]),
        column("X2", numbers=[(float(max(at - 30, 0)), at, at - 30) for at in range(60)]),
        column("Weight", numbers=[(1.0, at, at - 30) for at in range(40)]),
    ]
    found = forecast_inputs.refused(columns, fields={"Kunde": "debtor_number", "ClearedOn": "settled_on"})
    assert [each.column for each in found] == ["Disputed", "ClearedOn", "EDate", "X1", "X2"]
    assert "used for nothing else" in found[1].reason
    late = forecast_inputs.shadows(["EDate", "EmailDate", "EmailBill"], found=[
        forecast_inputs.Refused("EmailDate", forecast_inputs.LATER)
    ])  # fmt: skip
    assert [each.column for each in late] == ["EmailBill"]
    forecast_inputs.refuse(["Kunde", "Weight"], found=found)
    with pytest.raises(LeakRefused, match="Disputed"):
        forecast_inputs.refuse(["Disputed"], found=found)
