"""Decides how late is late: every whole number of days falls into exactly one bucket, whatever edges a client sets.

A bucket is closed at both ends; what is not late yet has a bucket of its own and is never mixed with the first days.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise

from tenants.values.faults import Refusal

EDGES = (30, 60, 90, 120)
NOT_DUE = "not_due"
OVERDUE = "overdue"
ALL = "all"


class BadEdges(Refusal):
    """The edges do not divide the days."""

    code = "bad_edges"
    remedy = "Give whole days above 0, each greater than the one before."


class UnknownBucket(Refusal):
    """No bucket has this name."""

    code = "unknown_bucket"
    remedy = "Use a bucket of the report."


@dataclass(frozen=True, slots=True)
class Span:
    """The days of lateness that a bucket holds, both ends included; None is without end."""

    key: str
    first: int | None
    last: int | None

    def dates(self, day: date) -> tuple[date, date]:
        """From and to which date something is due that is so late on the day."""
        earliest = date.min if self.last is None else day - timedelta(days=self.last)
        latest = date.max if self.first is None else day - timedelta(days=self.first)
        return earliest, latest


def spans(edges: Sequence[int] = EDGES) -> tuple[Span, ...]:
    """The buckets between the edges, the one of what is not due first. Raises BadEdges."""
    if not edges or edges[0] < 1 or any(late <= early for early, late in pairwise(edges)):
        raise BadEdges("The edges of the buckets do not grow.")
    firsts = [1, *(edge + 1 for edge in edges)]
    closed = [Span(f"{first}-{last}", first, last) for first, last in zip(firsts, edges, strict=False)]
    return Span(NOT_DUE, None, 0), *closed, Span(f"{firsts[-1]}+", firsts[-1], None)


def floors(edges: Sequence[int] = EDGES) -> list[int]:
    """The first day of each bucket of late items, as `width_bucket` wants them."""
    return [span.first for span in spans(edges) if span.first is not None]


def named(key: str, edges: Sequence[int] = EDGES) -> Span:
    """The bucket with this key; also `overdue` and `all`. Raises UnknownBucket."""
    known = {span.key: span for span in spans(edges)} | {OVERDUE: Span(OVERDUE, 1, None), ALL: Span(ALL, None, None)}
    if key not in known:
        raise UnknownBucket(f"There is no bucket “{key[:20]}”.", pointer="/bucket")
    return known[key]
