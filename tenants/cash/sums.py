"""Decides which open invoices one payment pays together: the fewest that add up to it, and whether in one way only.

The search is bounded by steps, not by luck: beyond them the answer is that nobody knows.
"""

from collections.abc import Sequence
from dataclasses import dataclass

MOST_ITEMS = 40
MOST_STEPS = 6_000
MOST_TOGETHER = 12


@dataclass(frozen=True, slots=True)
class Sum:
    """Positions that add up to the amount; `only` when no other choice of at most so many does."""

    at: tuple[int, ...]
    only: bool


def find(amounts: Sequence[int], *, wanted: int) -> Sum | None:
    """The fewest of the amounts that add up to what is wanted, or None. The order breaks ties: the first come first."""
    usable = [(minor, at) for at, minor in enumerate(amounts[:MOST_ITEMS]) if 0 < minor <= wanted]
    total = sum(minor for minor, _ in usable)
    if total < wanted or not usable:
        return None
    if total == wanted:
        return Sum(tuple(sorted(at for _, at in usable)), True)
    search = _Search(sorted(usable, key=lambda item: (-item[0], item[1])))
    for count in range(1, min(len(usable), MOST_TOGETHER) + 1):
        search.choose(0, count, wanted, ())
        if search.found:
            return Sum(tuple(sorted(search.found[0])), len(search.found) == 1 and not search.tired)
        if search.tired:
            return None
    return None


class _Search:
    def __init__(self, items: list[tuple[int, int]]) -> None:
        self._items = items
        self._left = [0] * (len(items) + 1)
        for at in range(len(items) - 1, -1, -1):
            self._left[at] = self._left[at + 1] + items[at][0]
        self._last_of = {minor: at for at, (minor, _) in enumerate(items)}
        self._steps = 0
        self.found: list[tuple[int, ...]] = []

    @property
    def tired(self) -> bool:
        """Whether the search was given up."""
        return self._steps > MOST_STEPS

    def choose(self, start: int, count: int, wanted: int, chosen: tuple[int, ...]) -> None:
        """Every way to reach what is wanted with exactly so many from here on; two ways are enough to know."""
        if count == 1:
            self._last(start, wanted, chosen)
            return
        for at in range(start, len(self._items) - count + 1):
            self._steps += 1
            minor, place = self._items[at]
            if len(self.found) > 1 or self.tired or self._left[at] < wanted or minor * count < wanted:
                return
            if minor < wanted:
                self.choose(at + 1, count - 1, wanted - minor, (*chosen, place))

    def _last(self, start: int, wanted: int, chosen: tuple[int, ...]) -> None:
        at = self._last_of.get(wanted, -1)
        self._steps += 1
        while at >= start and self._items[at][0] == wanted and len(self.found) < 2:
            self.found.append((*chosen, self._items[at][1]))
            at -= 1
