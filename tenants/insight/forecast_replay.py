"""Decides in which order a forecast learns: invoices in order of issue, each told only what was known on its day.

A payment is learned on the day after it came; that a range failed is learned on the day after its last, paid or not.
The same walk makes the forecast of today and the score of a past cut.
"""

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from tenants.insight.forecast_habits import Habit, Habits
from tenants.insight.forecast_ranges import Range, Ranges

NEVER = 10**7


@dataclass(frozen=True, slots=True, order=True)
class Paper:
    """One invoice as the forecast sees it; days are ordinals. `settled` is a day long to come while it is open."""

    issued: int
    due: int
    settled: int
    customer: str
    group: str = ""

    @property
    def days(self) -> int:
        """How late it was paid."""
        return self.settled - self.due


@dataclass(frozen=True, slots=True)
class Told:
    """What was said about an invoice on the day of its issue."""

    paper: Paper
    habit: Habit
    range: Range | None


@dataclass
class Replay:
    """A forecast that learns as time passes."""

    habits: Habits = field(default_factory=Habits)
    ranges: Ranges = field(default_factory=Ranges)
    _payments: list[tuple[int, int, Paper, Told | None]] = field(default_factory=list)
    _verdicts: list[tuple[int, int, bool]] = field(default_factory=list)
    _count: int = 0

    def walk(self, papers: Iterable[Paper]) -> Iterator[Told]:
        """Go through invoices in order of issue and tell of each what is expected; those too early are left out."""
        for paper in papers:
            self.learn_until(paper.issued)
            habit = self.habits.expected(paper.customer, group=paper.group)
            told = Told(paper, habit, self.ranges.around(habit.days, scale=habit.scale)) if habit else None
            self._count += 1
            heapq.heappush(self._payments, (paper.settled, self._count, paper, told))
            if told is None:
                continue
            if told.range is not None:
                held, failed = told.range.holds(paper.days), paper.due + told.range.last + 1
                heapq.heappush(self._verdicts, (min(paper.settled, failed), self._count, held))
            yield told

    def learn_until(self, day: int) -> None:
        """Take in everything that became known before a day."""
        while self._payments and self._payments[0][0] < day:
            _, _, paper, told = heapq.heappop(self._payments)
            self.habits.learn(paper.customer, group=paper.group, days=paper.days)
            if told is not None:
                self.ranges.learn(paper.days, expected=told.habit.days, scale=told.habit.scale)
        while self._verdicts and self._verdicts[0][0] < day:
            _, _, held = heapq.heappop(self._verdicts)
            self.ranges.judge(held=held, waiting=len(self._verdicts) + 1)
