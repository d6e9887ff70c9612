"""Decides how much one caller and one client may ask of the API: so much a minute, evenly, with a burst of all of it.

The rule is GCRA: each request moves a mark ahead by its share of the window, and a mark that is a whole window ahead
must wait. One number for each key is enough, so a store that forgets it forgives and never locks anybody out.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import ClassVar, Protocol

from tenants.values.faults import Kind, Refusal

CALLER, CLIENT, LINK, EXPORTS = "caller", "client", "link", "exports"


class TooFast(Refusal):
    """More requests than are agreed."""

    kind: ClassVar[Kind] = Kind.TOO_MUCH
    code = "too_fast"
    remedy = "Wait as long as Retry-After says; the header RateLimit tells what is left."

    def __init__(self, detail: str, *, wait_s: int, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        self.wait_s = wait_s


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests in so many seconds, for the holder of one key."""

    name: str
    key: str
    most: int
    window_s: int = 60


@dataclass(frozen=True, slots=True)
class Standing:
    """How a holder stands after a request: what is left, and after how many seconds everything is left again."""

    limit: Limit
    allowed: bool
    left: int
    reset_s: int
    wait_s: int


class Counter(Protocol):
    """Keeps the marks."""

    def take(self, limits: Sequence[Limit], *, now: float) -> Sequence[Standing]:
        """Count one request against every limit, or against none of them when one is used up."""
        ...


def step(limit: Limit, mark: float | None, *, now: float) -> tuple[float, Standing]:
    """Where the mark of a key goes with one more request, and how its holder then stands."""
    share = limit.window_s / limit.most
    before = max(mark or 0.0, now)
    after = before + share
    ahead = after - now
    if ahead > limit.window_s + 1e-9:
        wait = math.ceil(ahead - limit.window_s)
        return before, Standing(limit, False, 0, math.ceil(before - now), wait)
    return after, Standing(limit, True, int((limit.window_s - ahead) / share + 1e-9), math.ceil(ahead), 0)


class LocalCounter:
    """Marks in this process alone: what is left when the shared ones are out of reach."""

    HOLDERS: ClassVar[int] = 10_000

    def __init__(self) -> None:
        self._marks: OrderedDict[str, float] = OrderedDict()
        self._lock = Lock()

    def take(self, limits: Sequence[Limit], *, now: float) -> Sequence[Standing]:
        """Count one request."""
        with self._lock:
            steps = [step(limit, self._marks.get(limit.key), now=now) for limit in limits]
            if all(standing.allowed for _, standing in steps):
                for limit, (mark, _) in zip(limits, steps, strict=True):
                    self._marks[limit.key] = mark
                    self._marks.move_to_end(limit.key)
            while len(self._marks) > self.HOLDERS:
                self._marks.popitem(last=False)
        return [standing for _, standing in steps]
