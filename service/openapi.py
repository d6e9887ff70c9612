"""The OpenAPI 3.1 document, written from the declared routes: what is not declared is not documented, and the
other way round."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from marshmallow import Schema, fields

from service.endpoint import JSON, PUBLIC, ROUTES, SAFE, SIGNED_IN, Route
from service.fields import Actor, MoneyField, Ref
from service.identity import COOKIE

PREFIX = "/api/"
OURS = "service.api."
TEXT: dict[str, Any] = {"type": "string"}
PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": TEXT,
        "status": {"type": "integer"},
        "detail": TEXT,
        "code": TEXT,
        "remedy": TEXT,
        "request_id": TEXT,
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["pointer", "code", "detail"],
                "properties": {"pointer": TEXT, "code": TEXT, "detail": TEXT},
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
TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "An access token of /oauth/token; bound to a key it is sent as `DPoP`, with a proof beside it",
}
CSRF = {
    "name": "X-CSRF-Token",
    "required": False,
    "schema": TEXT,
    "description": "With a session: the token that /api/v1/whoami tells. Not needed with an access token",
}
REFUSALS = {
    HTTPStatus.UNAUTHORIZED: "Nobody is signed in",
    HTTPStatus.FORBIDDEN: "The permission is missing, or the CSRF token is",
    HTTPStatus.NOT_FOUND: "No such object, or another client's: the two are answered alike",
    HTTPStatus.CONFLICT: "The state of things forbids it",
    HTTPStatus.PRECONDITION_FAILED: "Somebody changed the object since you looked at it",
    HTTPStatus.PRECONDITION_REQUIRED: "The change does not say which state of the object it is meant for",
    HTTPStatus.TOO_MANY_REQUESTS: "More requests than are agreed; Retry-After says how long to wait",
    HTTPStatus.UNPROCESSABLE_ENTITY: "Something in the request is not right; `errors` says what",
}
KEY_OF_REQUEST: dict[str, Any] = {
    "name": "Idempotency-Key",
    "required": True,
    "description": "A random text of your own; the same request with the same key has no second effect for 7 days",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
}
STATE_LOOKED_AT: dict[str, Any] = {
    "name": "If-Match",
    "required": True,
    "description": "The ETag of the object as you looked at it; * changes it whatever it is now",
    "schema": TEXT,
}
SLUG = "^[a-z0-9][a-z0-9_-]{1,62}$"
KEY = "^[a-z0-9][a-z0-9-]{1,62}$"
PART = re.compile(r"<(?:(?P<kind>\w+)(?:\('(?P<prefix>\w+)'\))?:)?(?P<name>\w+)>")


class Plugin(MarshmallowPlugin):
    """Teaches apispec our own field types."""

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        assert self.converter is not None
        self.converter.add_attribute_function(_own_type)  # type: ignore[no-untyped-call]
        self.converter.field_mapping[Ref] = ("string", None)
        self.converter.field_mapping[Actor] = ("string", None)
        self.converter.field_mapping[MoneyField] = ("object", None)


def _own_type(_converter: Any, field: fields.Field[Any], ret: dict[str, Any], **_options: Any) -> dict[str, Any]:
    if isinstance(field, MoneyField):
        ret.clear()
        return _or_null({"$ref": "#/components/schemas/Money"}, field)
    if isinstance(field, Ref):
        return {"pattern": f"^{field.prefix}_[0-9a-v]{{26}}$"}
    if isinstance(field, fields.Decimal):
        return {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}
    if "pattern" in ret:  # the ends of a text are written in another way outside Python
        return {"pattern": ret["pattern"].replace(r"\A", "^").replace(r"\Z", "$")}
    return {}


def _or_null(schema: dict[str, Any], field: fields.Field[Any]) -> dict[str, Any]:
    return {"anyOf": [schema, {"type": "null"}]} if field.allow_none else schema


def document(version: str = "1") -> dict[str, Any]:
    """Return the whole document as plain data, in a stable order."""
    plugin = Plugin(schema_name_resolver=_schema_name)
    spec = APISpec(title="Goodterms", version=version, openapi_version="3.1.0", plugins=[plugin])
    spec.components.schema("Problem", PROBLEM)
    spec.components.schema("Money", MONEY)
    spec.components.security_scheme("session", {"type": "apiKey", "in": "cookie", "name": COOKIE})
    spec.components.security_scheme("token", TOKEN)
    spec.components.parameter("Csrf", "header", CSRF)
    spec.components.parameter("IdempotencyKey", "header", KEY_OF_REQUEST)
    spec.components.parameter("IfMatch", "header", STATE_LOOKED_AT)
    for status, said in REFUSALS.items():
        spec.components.response(_component(status), {"description": said, "content": _problem()})
    spec.components.response("Problem", {"description": "A problem document", "content": _problem()})
    paths: dict[str, dict[str, Any]] = {}
    for route in described():
        paths.setdefault(PART.sub(r"{\g<name>}", route.rule), {})[route.method.lower()] = _operation(route)
    for path, operations in paths.items():
        spec.path(path=path, operations=operations)
    return spec.to_dict()


def described() -> list[Route]:
    """The routes of the API in the order of the document."""
    return sorted(
        (route for route in ROUTES if route.rule.startswith(PREFIX)), key=lambda each: (each.rule, each.method)
    )


def schemas() -> set[type[Schema]]:
    """Every schema that a route takes or gives; guards walk their fields."""
    return {schema for route in ROUTES for schema in (route.accepts, route.query, route.returns) if schema is not None}


def _schema_name(schema: Any) -> str:
    """The name of a schema; where several files have one of that name, each carries that of its file."""
    kind = schema if isinstance(schema, type) else type(schema)
    name = str(kind.__name__)
    alike = {each for each in _kinds(Schema) if each.__name__ == name and each.__module__.startswith(OURS)}
    if len(alike) < 2:
        return name
    return kind.__module__.rsplit(".", 1)[1].title().replace("_", "") + name


def _kinds(kind: type[Schema]) -> Iterator[type[Schema]]:
    for each in kind.__subclasses__():
        yield each
        yield from _kinds(each)


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": route.view.__name__,
        "summary": (route.view.__doc__ or "").strip().split("\n", 1)[0],
        "tags": [route.blueprint.removeprefix("api_")],
        "security": [] if route.needs == PUBLIC else [{"session": []}, {"token": []}],
        "x-needs": route.needs,
        "parameters": [_path_parameter(found) for found in PART.finditer(route.rule)],
        "responses": {str(route.status): _success(route), **_refusals(route), "default": "Problem"},
    }
    if route.query is not None:
        operation["parameters"].append({"in": "query", "schema": route.query})
    if route.method not in SAFE:
        operation["parameters"].append("Csrf")
    if route.once:
        operation["parameters"].append("IdempotencyKey")
    if route.changes is not None:
        operation["parameters"].append("IfMatch")
    if route.accepts is not None:
        operation["requestBody"] = {"required": True, "content": {JSON: {"schema": route.accepts}}}
    elif route.consumes != JSON:
        file = {"type": "object", "properties": {"file": {}}, "required": ["file"]}
        operation["requestBody"] = {
            "required": True,
            "content": {route.consumes: {}, "multipart/form-data": {"schema": file}},
        }
    return operation


def _success(route: Route) -> dict[str, Any]:
    said = HTTPStatus(route.status).phrase
    if route.produces != JSON:
        return {"description": said, "content": {route.produces: {}}}
    return {"description": said, "content": {JSON: {"schema": route.returns or {"type": "object"}}}}


def _refusals(route: Route) -> dict[str, str]:
    """The refusals that the declaration of a route makes possible."""
    possible = {
        HTTPStatus.UNAUTHORIZED: route.needs != PUBLIC,
        HTTPStatus.FORBIDDEN: route.needs not in (PUBLIC, SIGNED_IN),
        HTTPStatus.NOT_FOUND: "<" in route.rule,
        HTTPStatus.CONFLICT: route.method not in SAFE,
        HTTPStatus.PRECONDITION_FAILED: route.changes is not None,
        HTTPStatus.PRECONDITION_REQUIRED: route.changes is not None,
        HTTPStatus.TOO_MANY_REQUESTS: route.needs != PUBLIC,
        HTTPStatus.UNPROCESSABLE_ENTITY: True,
    }
    return {str(int(status)): _component(status) for status, fits in possible.items() if fits}


def _component(status: HTTPStatus) -> str:
    return status.name.title().replace("_", "")


def _problem() -> dict[str, Any]:
    return {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}


def _path_parameter(found: re.Match[str]) -> dict[str, Any]:
    patterns = {"ref": f"^{found['prefix']}_[0-9a-v]{{26}}$", "client": SLUG, "key": KEY}
    return {
        "in": "path",
        "name": found["name"],
        "required": True,
        "schema": TEXT | ({"pattern": patterns[found["kind"]]} if found["kind"] in patterns else {}),
    }
