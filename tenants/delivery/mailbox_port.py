"""What taking in mail needs from the outside: a mailbox that can be emptied without losing anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Waiting:
    """One mail in a mailbox: by what it is put away, and its bytes."""

    handle: str
    raw: bytes


class Mailbox(Protocol):
    """Where mail for us collects."""

    def fetch(self) -> Sequence[Waiting]:
        """Some of what was not put away yet, the oldest first. Raises OSError."""
        ...

    def done(self, mail: Waiting) -> None:
        """Put away one mail that was kept; what is not put away comes again. Raises OSError."""
        ...
