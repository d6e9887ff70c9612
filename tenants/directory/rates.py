"""Decides how much one caller and one client may ask of the API: so much a minute, evenly, with a burst of all of it.

The rule is GCRA: each request moves a mark ahead by its share of the window, and a mark that is a whole window ahead
must wait. One number for each key is enough, so a store that forgets it forgives and never locks anybody out.
"""

import math
from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock
from typing import ClassVar, NamedTuple, Protocol

from tenants.values.faults import Kind, Refusal

CALLER, CLIENT, LINK, EXPORTS = "caller", "client", "link", "exports"
MOST_AHEAD = 8


class TooFast(Refusal):
    """More requests than are agreed."""

    kind: ClassVar[Kind] = Kind.TOO_MUCH
    code = "too_fast"
    remedy = "Wait as long as Retry-After says; the header RateLimit tells what is left."

    def __init__(self, detail: str, *, wait_s: int, remedy: str | None = None) -> None:
        super().__init__(detail, remedy=remedy)
        self.wait_s = wait_s


class Limit(NamedTuple):
    """So many requests in so many seconds, for the holder of one key."""

    name: str
    key: str
    most: int
    window_s: int = 60


class Standing(NamedTuple):
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
    left = int((limit.window_s - ahead) / share + 1e-4)  # seconds since 1970 are exact to a fourth of a millionth
    return after, Standing(limit, True, left, math.ceil(ahead - 1e-6), 0)


def ahead(limits: Sequence[Limit]) -> int:
    """How many requests a process may count at once for a holder who asks all the time: at most a hundredth of the
    least limit, so that nobody misses what it then leaves unused."""
    return max(1, min(MOST_AHEAD, *(limit.most // 100 for limit in limits)))


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
