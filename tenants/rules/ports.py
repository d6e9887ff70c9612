"""What rules need from the outside: a way to call a client's own program."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Hook:
    """One signed call."""

    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Heard:
    """How a call ended: the status that was answered, or 0 and why there was none."""

    status: int
    detail: str = ""


class HookCaller(Protocol):
    """Calls an address on the open internet, once; outside faults become an answer, never an exception."""

    def call(self, hook: Hook) -> Heard:
        """Post the body and say what came back."""
        ...
