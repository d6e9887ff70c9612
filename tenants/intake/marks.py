"""Decides how many different keys a file holds and which came twice, in eight bytes per row.

A set of a million numbers would take a hundred megabytes. Hashes of 64 bits are kept in drawers and sorted drawer by
drawer at the end; only when two are equal are those few rows looked at again.
"""

from array import array
from collections.abc import Iterator
from itertools import groupby

_DRAWERS = 64


class Marks:
    """The hashes of the keys of a file."""

    def __init__(self) -> None:
        self._drawers = [array("q") for _ in range(_DRAWERS)]

    def add(self, key: object) -> None:
        """Take note of one key."""
        mark = hash(key)
        self._drawers[mark % _DRAWERS].append(mark)

    def distinct(self) -> int:
        """How many different keys came."""
        return sum(1 for _ in self._counted())

    def repeated(self) -> frozenset[int]:
        """The hashes that came more than once; empty for almost every file."""
        return frozenset(mark for mark, count in self._counted() if count > 1)

    def _counted(self) -> Iterator[tuple[int, int]]:
        for drawer in self._drawers:
            for mark, same in groupby(sorted(drawer)):
                yield mark, sum(1 for _ in same)
