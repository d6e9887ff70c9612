"""Decides how the rows of a long list are held: as the database gave them, with the names of their columns said once.

Whoever shows a row reads it as a dictionary; whoever writes the whole list reads it column by column.
"""

from collections.abc import Iterator, Sequence
from typing import Any, overload

Line = tuple[Any, ...]


class Table(Sequence[dict[str, Any]]):
    """Rows of one answer in their order. It is not changed once it is made."""

    __slots__ = ("_lines", "_names")

    def __init__(self, names: Sequence[str], lines: Sequence[Line]) -> None:
        self._names, self._lines = names, lines

    @overload
    def __getitem__(self, at: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, at: slice) -> "Table": ...
    def __getitem__(self, at: int | slice) -> "dict[str, Any] | Table":
        if isinstance(at, slice):
            return Table(self._names, self._lines[at])
        return dict(zip(self._names, self._lines[at], strict=True))

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (dict(zip(self._names, line, strict=True)) for line in self._lines)

    def __len__(self) -> int:
        return len(self._lines)

    def columns(self, names: Sequence[str]) -> list[Line]:
        """The values of these columns, each from the first row to the last. Raises KeyError for one that is not
        there."""
        held = dict(zip(self._names, zip(*self._lines, strict=True), strict=False))
        return [held[name] for name in names]
