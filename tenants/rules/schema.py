"""Decides what the JSON Schema of goodterms.rule/1 says: made from the registry, for editors and programs that write
rules. What is refused, and why, is decided by the reading itself; the schema is never stricter than it."""

from functools import lru_cache
from typing import Any

from tenants.rules import actions, quiet, readers, senders, stages, timing
from tenants.rules.conditions import MOST_CHILDREN, SPAN
from tenants.rules.counting import COUNTABLE
from tenants.rules.field import SUBJECTS, Field, Kind
from tenants.rules.fields import HOLDS, REGISTRY
from tenants.rules.fields_of_segments import GROUP_BY
from tenants.rules.language import FORMAT, MOST_PER_RUN

AMOUNT = {
    "type": "object",
    "properties": {"amount": {"type": "string"}, "currency": {"type": "string", "pattern": "^[A-Z]{3}$"}},
    "required": ["amount", "currency"],
    "additionalProperties": False,
}
DAYS = ("business_days", "days", "weeks")


@lru_cache(maxsize=1)
def of_rules() -> dict[str, Any]:
    """The whole schema."""
    leaves = [_leaf(field, op) for field in REGISTRY.values() for op in field.operators]
    counts = [_count(name) for name in COUNTABLE]
    node = {"$ref": "#/$defs/condition"}
    many = {"type": "array", "items": node, "minItems": 1, "maxItems": MOST_CHILDREN}
    groups = [_object({"all": many}), _object({"any": many}), _object({"not": node})]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": FORMAT,
        "type": "object",
        "properties": _properties(node),
        "required": ["key", "about", "when", "if", "then", "again"],
        "additionalProperties": False,
        "$defs": {
            "condition": {"oneOf": [*groups, *leaves, *counts]},
            "action": {"oneOf": [_action(do) for do in actions.SHAPES]},
        },
    }


def _properties(node: dict[str, Any]) -> dict[str, Any]:
    return {
        "format": {"const": FORMAT},
        "key": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,62}$"},
        "about": {"enum": list(SUBJECTS)},
        "when": {
            "type": "object",
            "properties": {
                "every": {"enum": list(timing.EVERY)},
                "at": {"type": "string", "pattern": "^([01][0-9]|2[0-3]):([0-5][0-9])$"},
                "on": {"type": "array", "items": {"enum": list(timing.events())}},
                "on_day": {"enum": [*timing.WEEKDAYS, *range(1, timing.LAST_DAY_OF_ALL_MONTHS + 1)]},
            },
            "required": ["every", "at"],
            "additionalProperties": False,
        },
        "if": node,
        "hold_for": _duration((*DAYS, "hours")),
        "then": _list({"$ref": "#/$defs/action"}, actions.MOST),
        "again": {
            "oneOf": [
                _object({"never": {"const": True}}),
                _object({"on": {"const": "rematch"}}),
                _object({"after": _duration(DAYS), "max": _whole(1, 100)}),
            ]
        },
        "skip_while": {"type": "array", "items": {"enum": list(HOLDS)}},
        "caps": {"type": "object", "properties": {"per_run": _whole(1, MOST_PER_RUN)}, "additionalProperties": False},
        "priority": _whole(0, 100),
        "quiet_share": _whole(1, quiet.MOST),
        "group_by": {"enum": list(GROUP_BY)},
        "window": _duration(("days", "weeks")),
    }


def _leaf(field: Field, op: str) -> dict[str, Any]:
    told: dict[str, Any] = {"field": {"const": field.key}, "op": {"const": op}}
    return _object(told if op in readers.VALUELESS else {**told, "value": _value(field, op)})


def _count(name: str) -> dict[str, Any]:
    operators = list(COUNTABLE[name].field.operators)
    pair = {"type": "array", "items": _whole(0, readers.LARGEST_NUMBER), "minItems": 2, "maxItems": 2}
    value = {"oneOf": [_whole(0, readers.LARGEST_NUMBER), pair]}
    return _object(
        {"count": {"const": name}, "within_last": _duration(SPAN), "op": {"enum": operators}, "value": value}
    )


def _value(field: Field, op: str) -> dict[str, Any]:
    if field.words and field.kind is not Kind.KEYS:
        one: dict[str, Any] = {"enum": list(field.words)}
        return _list(one, readers.MOST_KEYS) if op in ("in", "not_in") else one
    if op in ("in", "not_in", "any_of", "none_of"):
        return _list({"type": "string"}, readers.MOST_KEYS)
    plain = _plain(field, op)
    if op == "between":
        return {"type": "array", "items": plain, "minItems": 2, "maxItems": 2}
    if field.kind is Kind.MONEY:
        return {"oneOf": [plain, _list(plain, readers.MOST_CURRENCIES)]}
    others = [key for key, ops in field.than.items() if op in ops]
    if others:
        other = {"type": "object", "properties": {"field": {"enum": others}, "plus": _whole(0, readers.LARGEST_NUMBER)}}
        return {"oneOf": [plain, {**other, "required": ["field"], "additionalProperties": False}]}
    return plain


def _plain(field: Field, op: str) -> dict[str, Any]:
    if field.kind is Kind.MONEY:
        return AMOUNT
    if field.kind is Kind.NUMBER:
        return _whole(0, readers.LARGEST_NUMBER)
    if field.kind is Kind.SHARE:
        return {"type": "number", "minimum": 0, "maximum": readers.MOST_SHARE}
    if field.kind in (Kind.TEXT, Kind.CODE):
        return {"type": "string"}
    if op in ("before", "after"):
        return {"type": "string", "format": "date"}
    return _duration((*DAYS, "hours") if field.kind is Kind.INSTANT else DAYS)


def _action(do: str) -> dict[str, Any]:
    required, optional = actions.SHAPES[do]
    shapes = {key: _part(do, key) for key in (*required, *optional)}
    return {
        "type": "object",
        "properties": {"do": {"const": do}, **shapes},
        "required": ["do", *required],
        "additionalProperties": False,
    }


def _part(do: str, key: str) -> dict[str, Any]:
    """What one key of an action may be: the widest that reading takes for any subject."""
    chosen: dict[str, tuple[str, ...]] = {
        "alert.severity": actions.SEVERITIES,
        "send.to": actions.CONTACTS,
        "send.template": actions.TEMPLATES,
        "send.as": senders.SENDERS,
        "send.bundle": ("customer",),
        "assign.to": actions.TAKERS,
        "stage.to": stages.STAGES,
        "pause.what": ("invoice", "customer"),
        "approve.from": actions.DECIDERS,
        "set.field": tuple(actions.SETTABLE),
        **{f"{tells}.to": actions.PEOPLE for tells in ("alert", "task", "digest")},
    }
    if key == "then":
        return _list({"$ref": "#/$defs/action"}, actions.MOST)
    if key in ("due", "for", "within"):
        return _duration(DAYS)
    options = chosen.get(f"{do}.{key}")
    return {"enum": list(options)} if options else {"type": "string"}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _list(items: dict[str, Any], most: int) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


def _duration(units: tuple[str, ...]) -> dict[str, Any]:
    return {"oneOf": [_object({unit: _whole(1, readers.LONGEST[unit])}) for unit in units]}


def _whole(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}
