"""The OpenAPI 3.1 document, written from the declared routes: what is not declared is not documented, and the
other way round."""

import re
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from service.endpoint import ROUTES, Route
from service.fields import MoneyField, Ref

PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "remedy": {"type": "string"},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {"pointer": {"type": "string"}, "code": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}
MONEY: dict[str, Any] = {
    "type": "object",
    "required": ["amount", "currency"],
    "additionalProperties": False,
    "properties": {
        "amount": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$", "examples": ["1234.50"]},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "examples": ["EUR"]},
    },
}
PART = re.compile(r"<(?:(?P<kind>\w+)(?:\('(?P<prefix>\w+)'\))?:)?(?P<name>\w+)>")


class Plugin(MarshmallowPlugin):
    """Teaches apispec our own field types."""

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        self.converter.add_attribute_function(_money)
        self.converter.field_mapping[Ref] = ("string", None)
        self.converter.field_mapping[MoneyField] = ("object", None)


def _money(_converter: Any, field: fields.Field[Any], ret: dict[str, Any], **_options: Any) -> dict[str, Any]:
    if isinstance(field, MoneyField):
        ret.clear()
        return {"$ref": "#/components/schemas/Money"}
    if isinstance(field, Ref):
        return {"pattern": f"^{field.prefix}_[0-9a-v]{{26}}$"}
    return {}


def document(version: str = "1") -> dict[str, Any]:
    """Return the whole document as plain data, in a stable order."""
    plugin = Plugin(schema_name_resolver=lambda schema: _schema_name(schema))
    spec = APISpec(title="Goodterms", version=version, openapi_version="3.1.0", plugins=[plugin])
    spec.components.schema("Problem", PROBLEM)
    spec.components.schema("Money", MONEY)
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": "gt_session"})
    paths: dict[str, dict[str, Any]] = {}
    for route in sorted(ROUTES, key=lambda each: (each.rule, each.method)):
        if route.rule.startswith("/api/") and route.name != "api.openapi_document":
            paths.setdefault(PART.sub(r"{\g<name>}", route.rule), {})[route.method.lower()] = _operation(route)
    for path, operations in paths.items():
        spec.path(path=path, operations=operations)
    return spec.to_dict()  # type: ignore[no-any-return]


def _schema_name(schema: Any) -> str:
    kind = schema if isinstance(schema, type) else type(schema)
    return str(kind.__name__.removesuffix("Schema"))


def _operation(route: Route) -> dict[str, Any]:
    text = (route.view.__doc__ or "").strip()
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "summary": text.split("\n", 1)[0],
        "tags": [route.blueprint],
        "security": [{"session": []}],
        "x-needs": route.needs,
        "parameters": [_path_parameter(found) for found in PART.finditer(route.rule)],
        "responses": {
            str(route.status): _success(route),
            "default": {
                "description": "A problem document",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            },
        },
    }
    if route.query is not None:
        operation["parameters"].append({"in": "query", "schema": route.query})
    if route.accepts is not None:
        operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": route.accepts}}}
    return operation


def _success(route: Route) -> dict[str, Any]:
    if route.returns is None:
        return {"description": "Done"}
    return {"description": "The answer", "content": {"application/json": {"schema": route.returns}}}


def _path_parameter(found: re.Match[str]) -> dict[str, Any]:
    pattern = f"^{found['prefix']}_[0-9a-v]{{26}}$" if found["kind"] == "ref" else "^[a-z0-9][a-z0-9_-]{1,62}$"
    return {"in": "path", "name": found["name"], "required": True, "schema": {"type": "string", "pattern": pattern}}


def schemas() -> set[type[Schema]]:
    """Every schema that a route takes or gives; guards walk their fields."""
    return {schema for route in ROUTES for schema in (route.accepts, route.query, route.returns) if schema is not None}
