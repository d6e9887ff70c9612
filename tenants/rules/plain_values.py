"""Decides how values of conditions are typed by people: "3 business days", "1000 EUR", "key, strategic"; and read back.

The builder shows what a document holds and makes the document from what was typed; a value that cannot be read stays as
it was typed, so that the language itself refuses it with its place, reason and remedy.
"""

import re
from typing import Any

from tenants.rules.fields import REGISTRY, Field, Kind
from tenants.rules.readers import VALUELESS, example

SPAN = re.compile(r"(\d+)\s*(business days?|days?|weeks?|hours?)", re.IGNORECASE)
AMOUNT = re.compile(r"([\d.]+)\s*([A-Za-z]{3})")
RANGE = re.compile(r"(.+?)\s*(?:\.\.|–| to )\s*(.+)")
LISTS = ("any_of", "none_of", "in", "not_in")
DURATIONS = ("due_in", "past_by", "within_last", "older_than")
COUNTED = (Kind.NUMBER, Kind.COUNT, Kind.SHARE)


def typed(value: Any) -> str:
    """A value of a document as a person would type it."""
    if isinstance(value, dict) and "amount" in value:
        return f"{value['amount']} {value['currency']}"
    if isinstance(value, dict) and len(value) == 1:
        ((unit, count),) = value.items()
        return f"{count} {str(unit).replace('_', ' ')}"
    if isinstance(value, list):
        return ", ".join(typed(each) for each in value)
    return "" if value is None else str(value)


def read(text: str, *, field: Field, op: str) -> Any:
    """What was typed, as the language has it; what makes no sense stays text."""
    said = text.strip()
    if op == "between":
        parts = RANGE.fullmatch(said) or re.fullmatch(r"(.+?),\s*(.+)", said)
        return [_one(part, field, op) for part in parts.groups()] if parts else said
    if op in LISTS:
        return [part.strip() for part in said.split(",") if part.strip()]
    if op in DURATIONS:
        found = SPAN.fullmatch(said)
        return {_unit(found[2]): int(found[1])} if found else said
    if field.kind is Kind.MONEY and "," in said:
        return [_one(part.strip(), field, op) for part in said.split(",")]
    return _one(said, field, op)


def suggestion(key: str, op: str) -> str:
    """What to type for a field and an operator, to begin with."""
    return typed(example(REGISTRY[key], op).get("value"))


def condition(key: str, op: str, text: str, *, negated: bool = False) -> dict[str, Any]:
    """One condition from what was chosen and typed."""
    leaf: dict[str, Any] = {"field": key, "op": op}
    if op not in VALUELESS:
        leaf["value"] = read(text, field=REGISTRY[key], op=op) if key in REGISTRY else text
    return {"not": leaf} if negated else leaf


def _one(text: str, field: Field, op: str) -> Any:
    money = AMOUNT.fullmatch(text.strip())
    if field.kind is Kind.MONEY and money:
        return {"amount": money[1], "currency": money[2].upper()}
    if field.kind in COUNTED:
        return _number(text.strip())
    return text.strip()


def _number(text: str) -> Any:
    try:
        return int(text) if text.lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _unit(words: str) -> str:
    plural = words.lower().rstrip("s") + "s"
    return plural.replace(" ", "_")
