"""Decides how fast mail leaves: as fast as the provider's account allows, shared by all workers, one client never at
the cost of all others.

Each limit is a mark that runs ahead of the clock by one share for each mail (GCRA), so a second's worth may leave at
once and then one share after another. Who must wait is told when to ask again, each at a time of its own: a thousand
mails that came back at once would only be sent away again. Nobody sleeps meanwhile; the work goes back to its queue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

HEADROOM = 0.85
"""How much of what the provider allows is used: its clock is not ours, and others may use the account."""
CLIENT_SHARE = 0.5
"""How much of the account's rate one client may take."""
SECOND, DAY = 1.0, 86_400.0
CLOSED_AGAIN = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Quota:
    """What an account allows: mails a second and a day (0: any number), and whether it may send at all."""

    per_second: float
    per_day: float = 0.0
    open: bool = True


@dataclass(frozen=True, slots=True)
class Pause:
    """Not yet: ask again after a while."""

    wait: timedelta
    reason: str


@dataclass(frozen=True, slots=True)
class Limit:
    """One mark: what it counts, by how many seconds each mail moves it, and how far it may run ahead."""

    key: str
    share_s: float
    ahead_s: float


class Marks(Protocol):
    """Keeps the marks, for all workers together."""

    def take(self, limits: Sequence[Limit], *, now: float) -> float:
        """Count one mail against every limit and return 0, or against none and return the seconds to wait."""
        ...


class Account(Protocol):
    """What is known of the provider's account."""

    def quota(self) -> Quota:
        """What it allows now; never raises, because not knowing must not stop the mail."""
        ...


class Pace:
    """Says of each mail whether it may leave now."""

    def __init__(self, account: Account, marks: Marks) -> None:
        self._account, self._marks = account, marks

    def ask(self, client: UUID, *, now: float) -> Pause | None:
        """None: it may leave, and is counted."""
        quota = self._account.quota()
        if not quota.open:
            return Pause(CLOSED_AGAIN, "account_paused")
        wait = self._marks.take(limits(quota, client=client), now=now)
        return Pause(timedelta(seconds=wait), "sending_rate") if wait > 0 else None


def limits(quota: Quota, *, client: UUID) -> list[Limit]:
    """The marks that one mail of a client moves."""
    rate = quota.per_second * HEADROOM
    if rate <= 0:
        return []
    found = [_limit("account", rate), _limit(f"client:{client}", rate * CLIENT_SHARE)]
    if quota.per_day > 0:
        found.append(Limit("day", DAY / quota.per_day, DAY))
    return found


def _limit(key: str, rate: float) -> Limit:
    """A second's worth at once; of a rate below one a second, one mail."""
    share = 1.0 / rate
    return Limit(key, share, max(SECOND, share))


def step(limit: Limit, mark: float, *, now: float) -> tuple[float, bool]:
    """Where one more mail moves a mark, and whether that is too far."""
    after = max(mark, now) + limit.share_s
    return after, after - now > limit.ahead_s + 1e-9
