"""Where an id can stand in a request: in its path, its query, its body or behind a cursor."""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields

from service.endpoint import Route
from service.fields import Ref
from service.openapi import PART
from tenants.values import ids
from tests.unit.service.asking import Ask

KEYS = ("rule", "key")
"""Parts of a path that are the key of a rule, which each client writes for itself."""
CURSORS = ("cursor", "after")
RAW = "uuid"
NO_OBJECTS = ("request_id", "client_id")
"""The name of a request in our log, and that of a program at a sign-in provider: texts of their own."""


@dataclass(frozen=True)
class Slot:
    """One place; `kind` is the prefix of what stands there."""

    where: str
    way: tuple[str | int, ...]
    kind: str
    raw: bool = False

    def __str__(self) -> str:
        return f"{self.where}:{'/'.join(map(str, self.way))}"

    def written(self, value: UUID | str) -> str:
        """The value as it stands in the request."""
        if isinstance(value, str):
            return value
        return str(value) if self.raw else ids.show(self.kind, value)


def of(route: Route) -> list[Slot]:
    """Every place of a route, from its declaration alone."""
    found = []
    for part in PART.finditer(route.rule):
        if part["kind"] == "ref":
            found.append(Slot("path", (part["prefix"],), part["prefix"]))
        elif part["name"] in KEYS:
            found.append(Slot("path", (part["name"],), "rule"))
    if route.query is not None:
        found += [Slot("query", *rest) for rest in _named(route.query(), ())]
        found += [Slot("cursor", (name,), "cursor") for name in route.query().fields if name in CURSORS]
    if route.accepts is not None:
        found += [Slot("body", *rest) for rest in _named(route.accepts(), ())]
    return found


def _named(schema: Schema, at: tuple[str | int, ...]) -> list[tuple[tuple[str | int, ...], str, bool]]:
    found: list[tuple[tuple[str | int, ...], str, bool]] = []
    for name, each in schema.fields.items():
        many = isinstance(each, fields.List)
        inner = each.inner if isinstance(each, fields.List) else each
        way = (*at, name, 0) if many else (*at, name)
        if isinstance(inner, Ref):
            found.append((way, inner.prefix, False))
        elif isinstance(inner, fields.UUID):
            found.append((way, name.removesuffix("_id"), True))
        elif isinstance(inner, fields.Nested):
            found += _named(inner.schema, way)
    return found


def put(ask: Ask, slot: Slot, value: UUID | str) -> Ask:
    """The same request with another value in one place. Raises LookupError when the request has no such place."""
    if slot.where == "path":
        return replace(ask, path={**ask.path, str(slot.way[0]): value})
    if slot.where in ("query", "cursor"):
        return replace(ask, query={**ask.query, str(slot.way[0]): slot.written(value)})
    return replace(ask, body=_put(ask.body or {}, slot.way, slot.written(value)))


def _put(node: Any, way: tuple[str | int, ...], value: str) -> Any:
    if not way:
        return value
    here, rest = way[0], way[1:]
    copy = list(node) if isinstance(node, list) else dict(node)
    if isinstance(copy, list):
        copy[int(here)] = _put(copy[int(here)], rest, value)
    elif rest:
        empty: Any = {} if rest[0] != 0 else [""] if len(rest) == 1 else [{}]
        copy[str(here)] = _put(copy.get(str(here), empty), rest, value)
    else:
        copy[str(here)] = value
    return copy


def unreferenced(schema: type[Schema]) -> list[str]:
    """Fields that look as if they named an object and do not say of which kind."""
    wrong = []
    for name, each in schema().fields.items():
        inner = each.inner if isinstance(each, fields.List) else each
        looks = (name not in NO_OBJECTS and name.endswith(("_id", "_ids"))) or name in ("ref", "parent")
        if looks and not isinstance(inner, Ref | fields.UUID | fields.Nested) and not each.dump_only:
            wrong.append(f"{schema.__name__}.{name}")
    return wrong
