"""Decides what a PATCH makes of a resource: add, replace and remove, at a path or without one (RFC 7644, 3.5.2).

The document is changed in memory and read again as a whole, so that a patch can make nothing that a PUT could not.
"""

import copy
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenants.directory.provisioning import filters, shape
from tenants.directory.provisioning.filters import Term
from tenants.directory.provisioning.shape import Attr, BadPath, BadValue, NoTarget, Untouchable

PATH = re.compile(r"(?P<name>[A-Za-z$][\w$-]*)(?:\[(?P<filter>.*)\])?(?:\.(?P<sub>[A-Za-z$][\w$-]*))?", re.ASCII)
OPERATIONS = ("add", "replace", "remove")
MOST = 1000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a patch works: an attribute, which of its values, which of their parts."""

    attr: Attr
    terms: Sequence[Term] | None
    sub: Attr | None


def patched(schema: str, said: Mapping[str, Any], operations: object) -> dict[str, Any]:
    """The document after these operations. Raises BadValue, BadPath, NoTarget, Untouchable, BadFilter."""
    if not isinstance(operations, list) or not 0 < len(operations) <= MOST:
        raise BadValue("A patch is a list of operations.")
    document = copy.deepcopy(dict(said))
    for each in operations:
        if not isinstance(each, Mapping):
            raise BadValue("An operation is made of op, path and value.")
        words = {str(name).lower(): value for name, value in each.items()}
        _apply(schema, document, words)
    return shape.read(schema, document)


def _apply(schema: str, document: dict[str, Any], words: Mapping[str, Any]) -> None:
    op, path, value = str(words.get("op", "")).lower(), words.get("path"), words.get("value")
    if op not in OPERATIONS:
        raise BadValue("An operation adds, replaces or removes.")
    if path is None:
        if op == "remove":
            raise NoTarget("To remove something, name it.")
        if not isinstance(value, Mapping):
            raise BadValue("Without a path the value is made of attributes.")
        for name, part in value.items():
            if _attribute(schema, str(name)) is not None:
                _at(document, _place(schema, str(name)), op, part)
        return
    _at(document, _place(schema, path), op, value)


def _attribute(schema: str, name: str) -> Attr | None:
    found = PATH.fullmatch(_bare(schema, name))
    return shape.attribute(schema, found["name"]) if found else None


def _bare(schema: str, path: str) -> str:
    return path[len(schema) + 1 :] if path.lower().startswith(schema.lower() + ":") else path


def _place(schema: str, path: object) -> Place:
    found = PATH.fullmatch(_bare(schema, path)) if isinstance(path, str) and len(path) <= 2000 else None
    attr = shape.attribute(schema, found["name"]) if found else None
    if found is None or attr is None:
        raise BadPath("The path names no attribute that we keep.")
    if attr.mutability == "readOnly":
        raise Untouchable(f"{attr.name} is not yours to write.")
    sub = attr.sub(found["sub"]) if found["sub"] else None
    if (found["sub"] and sub is None) or (found["filter"] is not None and not attr.multi):
        raise BadPath("The path names no part that we keep.")
    if sub is not None and sub.mutability == "readOnly":
        raise Untouchable(f"{attr.name}.{sub.name} is not yours to write.")
    return Place(attr, filters.read(found["filter"]) if found["filter"] is not None else None, sub)


def _at(document: dict[str, Any], place: Place, op: str, value: Any) -> None:
    if place.terms is not None or (place.attr.multi and place.sub is not None):
        _values(document, place, op, value)
    elif place.sub is not None:
        _part(document, place, op, value)
    elif op == "remove":
        _remove(document, place.attr, value)
    elif shape.is_nothing(value):
        if op == "replace":
            document.pop(place.attr.name, None)
    else:
        _write(document, place.attr, op, shape.checked(place.attr, value))


def _write(document: dict[str, Any], attr: Attr, op: str, value: Any) -> None:
    kept = document.get(attr.name)
    if attr.multi and op == "add":
        fresh = [each for each in value if each not in (kept or [])]
        if any(isinstance(each, dict) and each.get("primary") for each in fresh):
            kept = [{**each, "primary": False} if each.get("primary") else each for each in kept or []]
        document[attr.name] = [*(kept or []), *fresh]
    elif attr.kind == "complex" and not attr.multi and isinstance(kept, dict):
        document[attr.name] = {**kept, **value}
    else:
        document[attr.name] = value


def _remove(document: dict[str, Any], attr: Attr, value: Any) -> None:
    """Remove an attribute, or those of its values that are listed, as some directories say it."""
    if attr.multi and isinstance(value, list) and value:
        gone = {str(each.get("value")) for each in value if isinstance(each, Mapping)}
        document[attr.name] = [each for each in document.get(attr.name, []) if str(each.get("value")) not in gone]
        return
    if attr.required:
        raise Untouchable(f"{attr.name} is needed.")
    document.pop(attr.name, None)


def _part(document: dict[str, Any], place: Place, op: str, value: Any) -> None:
    assert place.sub is not None
    kept = document.setdefault(place.attr.name, {})
    if op == "remove" or shape.is_nothing(value):
        kept.pop(place.sub.name, None)
    else:
        kept[place.sub.name] = value


def _values(document: dict[str, Any], place: Place, op: str, value: Any) -> None:
    """Change, or remove, the values that a filter chooses; without a filter, all."""
    kept: list[dict[str, Any]] = document.get(place.attr.name, [])
    chosen = [each for each in kept if all(term.fits(each) for term in place.terms or ())]
    if op == "remove" and place.sub is None:
        document[place.attr.name] = [each for each in kept if each not in chosen]
        return
    if not chosen and op == "add" and place.terms is not None:
        chosen = [{term.name: term.value for term in place.terms}]
        document[place.attr.name] = [*kept, *chosen]
    if not chosen and op != "remove":
        raise NoTarget("The path fits none of the values.")
    for each in chosen:
        if place.sub is None:
            each.update(_alone(place.attr, value))
        elif op == "remove":
            each.pop(place.sub.name, None)
        else:
            each[place.sub.name] = value


def _alone(attr: Attr, value: Any) -> dict[str, Any]:
    """The parts of the one value that is put in the place of the chosen ones. Raises BadValue for none or several."""
    parts = shape.checked(attr, value)
    if len(parts) != 1:
        raise BadValue(f"In the place of one value of {attr.name} stands one value.")
    return dict(parts[0])
