"""Decides how the domain says no: one kind for the face that answers, one code for machines, one remedy for people.

Only the web face turns a kind into an HTTP status. A refusal without a remedy leaves somebody stuck, so every
subclass states one, or the place that raises it does.
"""

from enum import StrEnum
from typing import ClassVar


class Kind(StrEnum):
    """What sort of no it is; the caller's next move depends on this and on nothing else."""

    MALFORMED = "malformed"
    """The words were wrong: send it again, corrected."""
    UNKNOWN = "unknown"
    """Not there, or not yours: the two are answered alike."""
    FORBIDDEN = "forbidden"
    CONFLICT = "conflict"
    """The words were right but the state of things forbids it."""
    OVER = "over"
    """It was there, the caller may know that, and it does not come back."""
    UNAUTHENTICATED = "unauthenticated"
    TOO_MUCH = "too_much"
    STALE = "stale"
    """The object is not what the caller looked at."""
    UNCONDITIONAL = "unconditional"
    """The caller does not say what it looked at."""
    UNAVAILABLE = "unavailable"
    """Something that we lean on is away: the same request may work later."""


class Refusal(Exception):
    """The base of every no. `detail` is shown to people: it never carries SQL, paths or another client's data."""

    kind: ClassVar[Kind] = Kind.MALFORMED
    code: ClassVar[str] = "refused"
    remedy: str = ""
    pointer: str = ""
    """A JSON pointer to the offending part of the request, empty when the whole is meant."""

    def __init__(self, detail: str, *, remedy: str | None = None, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if remedy is not None:
            self.remedy = remedy
        if pointer is not None:
            self.pointer = pointer
