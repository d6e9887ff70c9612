"""Decides which filters we understand: comparisons by `eq`, joined by `and`; anything else is refused, not guessed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.directory.provisioning.shape import BadFilter
from tenants.values import texts

TERM = re.compile(
    r"""\s*(?P<path>[A-Za-z$][\w$:.-]*)\s+(?P<op>[A-Za-z]+)\s+(?P<value>"(?:[^"\\]|\\.)*"|true|false|null|-?\d+)\s*""",
    re.ASCII,
)
JOINT = re.compile(r"and\b", re.IGNORECASE)
LONGEST = 2000
UNREADABLE = "A text of the filter cannot be read."


@dataclass(frozen=True, slots=True)
class Term:
    """One comparison."""

    name: str
    value: Any

    def fits(self, part: Mapping[str, Any]) -> bool:
        """Whether a value of several parts has this one; texts are compared without their case."""
        found = next((value for name, value in part.items() if name.lower() == self.name.lower()), None)
        if isinstance(found, str) and isinstance(self.value, str):
            return found.lower() == self.value.lower()
        return bool(found == self.value)


def read(text: str) -> Sequence[Term]:
    """The comparisons of a filter, all of which must hold. Raises BadFilter."""
    if len(text) > LONGEST:
        raise BadFilter("The filter is too long.")
    terms, at = [], 0
    while True:
        found = TERM.match(text, at)
        if found is None or found["op"].lower() != "eq":
            raise BadFilter("Filters compare with eq and are joined by and.")
        try:
            value = json.loads(found["value"])
        except ValueError:
            raise BadFilter(UNREADABLE) from None
        if isinstance(value, str) and not texts.is_text(value):
            raise BadFilter(UNREADABLE)
        terms.append(Term(found["path"].rsplit(":", 1)[-1], value))
        at = found.end()
        if at == len(text):
            return terms
        joint = JOINT.match(text, at)
        if joint is None:
            raise BadFilter("Filters compare with eq and are joined by and.")
        at = joint.end()
