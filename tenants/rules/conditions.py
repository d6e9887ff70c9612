"""Decides which conditions a document holds: groups of all, any and not, and leaves about one field or one count.

Limits on depth, width and number make sure that whatever is accepted compiles to one bounded statement.
"""

from dataclasses import dataclass, field
from typing import Any

from tenants.rules import readers
from tenants.rules.counting import COUNTABLE
from tenants.rules.faults import Ledger, keys
from tenants.rules.field import Field, Kind
from tenants.rules.fields import REGISTRY
from tenants.rules.tree import Group, Leaf

DEEPEST = 4
MOST_CHILDREN = 20
MOST_LEAVES = 60
SPAN = ("business_days", "days", "weeks", "hours")


@dataclass(slots=True)
class Reading:
    """One reading of one `if`: what the rule is about, and the leaves found so far."""

    about: str
    faults: Ledger
    leaves: list[Leaf] = field(default_factory=list)


def read(raw: Any, *, about: str, faults: Ledger) -> Group:
    """Read the `if` of a document."""
    reading = Reading(about, faults)
    found = _node(raw, "/if", 1, reading)
    if len(reading.leaves) > MOST_LEAVES:
        faults.add("/if", f"There are {len(reading.leaves)} conditions.", f"Use at most {MOST_LEAVES}.")
    return found if isinstance(found, Group) else Group("/if", "all", (found,) if found else ())


def _node(raw: Any, at: str, depth: int, reading: Reading) -> Leaf | Group | None:
    faults = reading.faults
    if not isinstance(raw, dict):
        faults.add(at, "A condition is an object.", "Write a condition, or a group with all, any or not.")
        return None
    joins = [key for key in raw if key in ("all", "any", "not")]
    if not joins:
        leaf = _count(raw, at, reading) if "count" in raw else _leaf(raw, at, reading)
        reading.leaves.extend([leaf] if leaf else [])
        return leaf
    if len(raw) != 1:
        faults.add(at, "A group has exactly one of all, any and not, and nothing else.", "Nest the groups.")
        return None
    if depth > DEEPEST:
        faults.add(at, f"Groups are nested more than {DEEPEST} deep.", "Flatten the conditions.")
        return None
    return _group(raw, joins[0], at, depth, reading)


def _group(raw: dict[str, Any], join: str, at: str, depth: int, reading: Reading) -> Group | None:
    inside = raw[join]
    if join == "not":
        child = _node(inside, f"{at}/not", depth + 1, reading)
        return Group(at, join, (child,)) if child else None
    if not isinstance(inside, list) or not 1 <= len(inside) <= MOST_CHILDREN:
        reading.faults.add(
            f"{at}/{join}", f"A group holds 1 to {MOST_CHILDREN} conditions.", "Write a list of conditions."
        )
        return None
    parts = [_node(each, f"{at}/{join}/{n}", depth + 1, reading) for n, each in enumerate(inside)]
    return Group(at, join, tuple(part for part in parts if part))


def _leaf(raw: dict[str, Any], at: str, reading: Reading) -> Leaf | None:
    faults, about = reading.faults, reading.about
    name = raw.get("field")
    field = REGISTRY.get(name) if isinstance(name, str) else None
    if field is None:
        shown = f"There is no field “{name[:60]}”." if isinstance(name, str) else "The field is missing."
        faults.add(f"{at}/field", shown, f"Use one of: {', '.join(_fitting(about))}.")
        return None
    if about not in field.subjects:
        faults.add(
            f"{at}/field",
            f"A rule about {about}s cannot ask about {field.key}.",
            f"Make it a rule about {field.subjects[0]}s, or use one of: {', '.join(_fitting(about))}.",
        )
        return None
    op = _operator(raw, at, field, faults)
    if op is None:
        return None
    valueless = op in readers.VALUELESS
    keys(raw, at, required=("field", "op") if valueless else ("field", "op", "value"), optional=(), faults=faults)
    if "value" not in raw or valueless:
        return Leaf(at, field, op, None)
    if field.kind is Kind.NUMBER and isinstance(raw["value"], dict):
        return Leaf(at, field, op, readers.other(raw["value"], op, f"{at}/value", field, faults))
    return Leaf(at, field, op, readers.READERS[field.kind, op](raw["value"], f"{at}/value", field, faults))


def _count(raw: dict[str, Any], at: str, reading: Reading) -> Leaf | None:
    faults, name = reading.faults, raw["count"]
    if reading.about == "segment":
        faults.add(f"{at}/count", "A segment is nobody whose messages could be counted.", "Ask about a share instead.")
        return None
    counted = COUNTABLE.get(name) if isinstance(name, str) else None
    if counted is None:
        faults.add(f"{at}/count", "This cannot be counted.", f"Use one of: {', '.join(COUNTABLE)}.")
        return None
    op = _operator(raw, at, counted.field, faults)
    keys(raw, at, required=("count", "within_last", "op", "value"), optional=(), faults=faults)
    if op is None or "value" not in raw:
        return None
    window = readers.duration(raw.get("within_last"), f"{at}/within_last", faults, units=SPAN)
    value = readers.READERS[Kind.COUNT, op](raw["value"], f"{at}/value", counted.field, faults)
    return Leaf(at, counted.field, op, value, window)


def _operator(raw: dict[str, Any], at: str, field: Field, faults: Ledger) -> str | None:
    op = raw.get("op")
    if isinstance(op, str) and op in field.operators:
        return op
    shown = f"“{op[:40]}” does not fit {field.key}." if isinstance(op, str) else "The operator is missing."
    faults.add(f"{at}/op", shown, f"Use one of: {', '.join(field.operators)}.")
    return None


def _fitting(about: str) -> list[str]:
    return [key for key, field in REGISTRY.items() if about in field.subjects]
