"""Decides how sure a forecast is: ranges that held four times out of five on the client's own latest payments.

Ranges are taken from recent errors (split conformal), in whole days as they are shown, and the level is moved a little
by each range that held or failed, so that they keep their promise when habits change. A range has failed on the day
after its last, whether the payment came or not: whoever has not paid yet is not left out.
"""

from bisect import bisect_left, insort
from collections import deque
from dataclasses import dataclass, field

COVERED = 0.8
KEPT, FEWEST = 500, 30
SPEED, CALMEST, LOOSEST = 0.5, 0.02, 0.5
HALF_DAY = 0.5


@dataclass(frozen=True, slots=True)
class Range:
    """Days after the due date between which the payment is expected, both ends included."""

    first: int
    last: int

    def holds(self, days: int) -> bool:
        """Whether a payment came within."""
        return self.first <= days <= self.last


@dataclass
class _Errors:
    """The newest errors, in order of time and in order of size."""

    ordered: list[float] = field(default_factory=list)
    newest: deque[float] = field(default_factory=deque)

    def add(self, error: float) -> None:
        self.newest.append(error)
        insort(self.ordered, error)
        if len(self.newest) > KEPT:
            self.ordered.pop(bisect_left(self.ordered, self.newest.popleft()))

    def at(self, level: float) -> float:
        return self.ordered[min(len(self.ordered) - 1, max(0, int(level * len(self.ordered))))]


@dataclass
class Ranges:
    """What recent errors say."""

    missed: float = 1 - COVERED
    """The level that is asked of the errors now, so that one range in five fails in the end."""
    _errors: _Errors = field(default_factory=_Errors)
    _from_below: _Errors = field(default_factory=_Errors)
    _from_above: _Errors = field(default_factory=_Errors)

    def learn(self, days: int, *, expected: float, scale: float) -> None:
        """A payment came so many days after its due date."""
        self._errors.add((days - expected) / scale)
        self._from_below.add((days + HALF_DAY - expected) / scale)
        self._from_above.add((days - HALF_DAY - expected) / scale)

    def judge(self, *, held: bool, waiting: int) -> None:
        """A range held or failed while so many others are still out: the more are out, the smaller the step."""
        step = SPEED / max(FEWEST, waiting) * (1 - COVERED - (not held))
        self.missed = min(LOOSEST, max(CALMEST, self.missed + step))

    def around(self, expected: float, *, scale: float) -> Range | None:
        """The range around an expectation; none as long as there are too few errors."""
        if len(self._errors.ordered) < FEWEST:
            return None
        first = round(expected + scale * self._from_below.at(self.missed / 2))
        last = round(expected + scale * self._from_above.at(1 - self.missed / 2))
        middle = round(expected)
        return Range(min(first, middle), max(last, middle))

    def still_out(self, expected: float, *, scale: float, late: int) -> tuple[float, Range] | None:
        """Expectation and range given that nothing came until so many days after the due date: none if none such was
        ever seen."""
        errors = self._errors.ordered
        at = bisect_left(errors, (late - HALF_DAY - expected) / scale)
        rest = len(errors) - at
        if not rest:
            return None
        first, middle, last = (
            expected + scale * errors[at + min(rest - 1, int(level * rest))]
            for level in (self.missed / 2, 0.5, 1 - self.missed / 2)
        )
        return max(middle, late), Range(max(late, round(first)), max(late, round(last)))

    def seen_as_late(self, expected: float, *, scale: float, late: int) -> int:
        """How many payments came that late or later."""
        return len(self._errors.ordered) - bisect_left(self._errors.ordered, (late - HALF_DAY - expected) / scale)

    def share_until(self, days: int, *, expected: float, scale: float, late: int) -> float:
        """The chance that what is open is paid by so many days after the due date, given nothing came until `late`."""
        errors = self._errors.ordered
        at = bisect_left(errors, (late - HALF_DAY - expected) / scale)
        rest = len(errors) - at
        if not rest:
            return 0.0
        return max(0, bisect_left(errors, (days + HALF_DAY - expected) / scale) - at) / rest
