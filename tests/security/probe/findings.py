"""What the probes count and what they find."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Finding:
    """One thing that must not be."""

    what: str
    route: str
    caller: str
    slot: str
    said: str

    def __str__(self) -> str:
        return f"{self.what}: {self.route} by {self.caller}, {self.slot}: {self.said}"


@dataclass
class Findings:
    """Everything that one walk learned."""

    counted: Counter[str] = field(default_factory=Counter)
    leaks: list[Finding] = field(default_factory=list)
    """Something of another client was seen or changed, or its being there could be told."""
    others: list[Finding] = field(default_factory=list)
    """Answers other than the one for a missing object."""
    broken: list[Finding] = field(default_factory=list)
    """Requests with the caller's own ids that were not answered as the matrix says: then a probe proves nothing."""
    uncovered: dict[str, list[str]] = field(default_factory=lambda: {"routes": [], "references": [], "jobs": []})
    lists: dict[str, list[str]] = field(default_factory=lambda: {"unequal": [], "unknown": []})

    def add(self, other: "Findings") -> None:
        """Take in what another walk learned."""
        self.counted += other.counted
        self.leaks, self.others = self.leaks + other.leaks, self.others + other.others
        self.broken = self.broken + other.broken
        for own, theirs in ((self.uncovered, other.uncovered), (self.lists, other.lists)):
            for name, found in theirs.items():
                own[name] = own[name] + found

    @property
    def clean(self) -> bool:
        found = (self.leaks, self.others, self.broken, *self.uncovered.values(), *self.lists.values())
        return not any(found)

    @property
    def places(self) -> set[tuple[str, str]]:
        """What was found where, without the words of it."""
        found = (*self.leaks, *self.others, *self.broken)
        listed = {(name, each) for name, all_of in {**self.uncovered, **self.lists}.items() for each in all_of}
        return {(each.what, each.route) for each in found} | listed

    def told(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "probes": sum(self.counted.values()),
            "foreign": self.counted["foreign"],
            "counted": dict(sorted(self.counted.items())),
            "leaks": len(self.leaks),
            "other_answers": len(self.others),
            "broken": len(self.broken),
            "uncovered": {name: sorted(set(found)) for name, found in self.uncovered.items()},
            "lists": {name: sorted(set(found)) for name, found in self.lists.items()},
            "found": [str(each) for each in (*self.leaks, *self.others, *self.broken)][:50],
            "pass": self.clean,
        }
