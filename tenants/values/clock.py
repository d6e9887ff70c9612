"""Decides where the time comes from: from a clock that somebody hands in, always as an instant in UTC.

Domain functions take `now` or `as_of`; only the edges (request, job, command) hold a clock and ask it once.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Something that can be asked for the time."""

    def now(self) -> datetime:
        """The present instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The present instant in UTC."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved: tests, test mode and replays of the past."""

    def __init__(self, at: datetime) -> None:
        self._at = instant(at)

    def now(self) -> datetime:
        """The instant at which the clock stands."""
        return self._at

    def move(self, by: timedelta) -> datetime:
        """Forward or back by so much; answers the new time."""
        self._at += by
        return self._at

    def stand_at(self, at: datetime) -> None:
        """Jump to an instant."""
        self._at = instant(at)


def instant(at: datetime) -> datetime:
    """The same moment in UTC. A time without a zone is a fault in our code, not a choice of the caller's."""
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC)
