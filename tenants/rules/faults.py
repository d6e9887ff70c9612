"""Decides how a rule is refused: every fault at once, each with its place in the document, the reason and the way
out."""

from dataclasses import dataclass
from typing import Any, ClassVar

from tenants.values.faults import Kind, Refusal


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong; `pointer` is a JSON pointer."""

    pointer: str
    reason: str
    remedy: str


class RuleRefused(Refusal, ValueError):
    """The document is no rule."""

    code = "bad_rule"
    remedy = "Correct the places that are named."

    def __init__(self, faults: list[Fault]) -> None:
        first = faults[0]
        super().__init__(first.reason, remedy=first.remedy, pointer=first.pointer)
        self.faults = faults


class RuleUnknown(Refusal, LookupError):
    """No such rule, or none of this client."""

    kind: ClassVar[Kind] = Kind.UNKNOWN
    code = "rule_unknown"
    remedy = "Open the list of rules and choose one of them."


class Ledger:
    """Collects faults during one reading, so that a person sees them all at once."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, pointer: str, reason: str, remedy: str) -> None:
        """Note one fault; reading goes on."""
        self.faults.append(Fault(pointer, reason, remedy))


def keys(raw: dict[str, Any], at: str, *, required: tuple[str, ...], optional: tuple[str, ...], faults: Ledger) -> None:
    """Name what is missing and what is not known; an unknown key is never ignored."""
    for key in required:
        if key not in raw:
            faults.add(f"{at}/{key}", f"“{key}” is missing.", f"Add “{key}”.")
    for key in raw:
        if key not in required and key not in optional:
            faults.add(
                f"{at}/{escaped(key)}",
                f"“{key[:40]}” is not known here.",
                f"Use only: {', '.join((*required, *optional)) or 'nothing'}.",
            )


def escaped(key: str) -> str:
    """A key as a step of a JSON pointer."""
    return key[:60].replace("~", "~0").replace("/", "~1")
