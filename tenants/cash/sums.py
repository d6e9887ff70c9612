"""Decides which open invoices one payment pays together: the fewest that add up to it, and whether in one way only.

The work is bounded: sums of pairs are kept, so that four together cost no more than looking at every pair twice; and
what leaves out one or two of all is found by what is missing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

MOST_ITEMS = 40
MOST_TOGETHER = 4
MOST_LEFT_OUT = 2
FEWEST_OF_PAIRS = 3
"""From so many on, the sums of pairs are needed."""


@dataclass(frozen=True, slots=True)
class Sum:
    """Positions that add up to the amount; `only` when no other choice of so many does."""

    at: tuple[int, ...]
    only: bool


def find(amounts: Sequence[int], *, wanted: int) -> Sum | None:
    """The fewest of the amounts that add up to what is wanted, or None: up to four of them, or all but up to two."""
    usable = {at: minor for at, minor in enumerate(amounts[:MOST_ITEMS]) if 0 < minor <= wanted}
    missing = sum(usable.values()) - wanted
    if missing < 0 or not usable:
        return None
    if missing == 0:
        return Sum(tuple(usable), True)
    found = _fewest(usable, wanted, most=MOST_TOGETHER)
    if found is None and len(usable) > MOST_TOGETHER + 1:
        left_out = _fewest(usable, missing, most=MOST_LEFT_OUT)
        if left_out is not None:
            found = Sum(tuple(at for at in usable if at not in left_out.at), left_out.only)
    return found


def _fewest(usable: dict[int, int], wanted: int, *, most: int) -> Sum | None:
    singles = [at for at, minor in usable.items() if minor == wanted]
    if singles:
        return Sum((singles[0],), len(singles) == 1)
    pairs: Pairs = {}
    for count, ways in ((2, _twos), (3, _threes), (4, _fours)):
        if count > most:
            break
        if count == FEWEST_OF_PAIRS:
            pairs = _pairs(usable)
        found: set[tuple[int, ...]] = set()
        for way in ways(usable, pairs, wanted):
            found.add(way)
            if len(found) > 1:
                break
        if found:
            return Sum(min(found), len(found) == 1)
    return None


Pairs = dict[int, list[tuple[int, int]]]


def _pairs(usable: dict[int, int]) -> Pairs:
    """All pairs by what they add up to."""
    pairs: Pairs = {}
    for (first, one), (second, other) in combinations(usable.items(), 2):
        pairs.setdefault(one + other, []).append((first, second))
    return pairs


def _twos(usable: dict[int, int], _: Pairs, wanted: int) -> Iterator[tuple[int, ...]]:
    """Needs no pairs: most searches end here, and what is missing of each amount is looked for alone."""
    seen: dict[int, list[int]] = {}
    for second, minor in usable.items():
        yield from ((first, second) for first in seen.get(wanted - minor, ()))
        seen.setdefault(minor, []).append(second)


def _threes(usable: dict[int, int], pairs: Pairs, wanted: int) -> Iterator[tuple[int, ...]]:
    for at, minor in usable.items():
        for first, second in pairs.get(wanted - minor, ()):
            if at < first:
                yield (at, first, second)


def _fours(_: dict[int, int], pairs: Pairs, wanted: int) -> Iterator[tuple[int, ...]]:
    for total, some in pairs.items():
        others = pairs.get(wanted - total)
        if others is None or total > wanted - total:
            continue
        for left in some:
            for right in others:
                if not set(left) & set(right):
                    yield tuple(sorted((*left, *right)))
