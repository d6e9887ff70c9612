"""Decides how long a browser stays signed in: for the provider's people, who see many clients' books, half an hour
without a click and a working day in all; for a client's people longer, and for weeks on a device that they call theirs.

What opens more than looking asks for a fresh proof anyway, however long the session lasts. A client's people alone can
be kept: a forgotten browser of the provider must not open twenty clients' books the next morning.
"""

from dataclasses import dataclass
from datetime import timedelta

PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Span:
    """How long one session lasts."""

    idle: timedelta
    """So long nobody may click."""
    longest: timedelta
    is_kept: bool = False
    """Whether it outlives the closing of the browser."""


@dataclass(frozen=True, slots=True)
class Spans:
    """How long sessions of each side last on this installation."""

    provider: Span = Span(timedelta(minutes=30), timedelta(hours=12))
    client: Span = Span(timedelta(hours=8), timedelta(hours=24))
    kept: timedelta = timedelta(days=30)
    """So long on a device that its person calls theirs; none: nobody is kept."""

    def of(self, side: str, *, keep: bool) -> Span:
        """What holds for somebody of this side who wishes to be kept, or does not."""
        if side == PROVIDER:
            return self.provider
        return Span(self.kept, self.kept, is_kept=True) if keep and self.kept else self.client
