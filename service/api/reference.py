"""The API about itself: the OpenAPI document, and every code that a problem may carry."""

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, jsonify
from marshmallow import Schema, fields

from service import openapi, problems
from service.endpoint import PUBLIC, endpoint
from tenants.values.faults import Refusal

face = Blueprint("api_reference", __name__, url_prefix="/api/v1")
OTHERS = {
    "invalid": (422, "Some fields are not right.", "Mend the fields that are named."),
    "database_away": (503, "The database does not answer.", "Try again in a moment; nothing was changed."),
    "internal": (
        500,
        "The request could not be completed; nothing was changed.",
        "Try again, and quote the request id.",
    ),
    "method_not_allowed": (405, "The address knows other methods.", "Use one of those that the answer allows."),
    "unsupported_media_type": (415, "The body is of another type.", "Send JSON with the type application/json."),
    "request_entity_too_large": (413, "The body is too large.", "Send less at once."),
}
"""Codes that no refusal of the domain carries."""


class ProblemCode(Schema):
    """One code of a problem document."""

    code = fields.String(required=True)
    status = fields.Integer(required=True)
    meaning = fields.String(required=True)
    remedy = fields.String(required=True)


class ProblemCodes(Schema):
    """All codes by name."""

    items = fields.List(fields.Nested(ProblemCode), required=True)


@endpoint(face, "/openapi.json", needs=PUBLIC)
def openapi_document() -> Response:
    """This API in the words of OpenAPI 3.1."""
    return jsonify(openapi.document())


@endpoint(face, "/problems", needs=PUBLIC, returns=ProblemCodes)
def list_problems() -> dict[str, Any]:
    """Every code that a problem may carry, its status, and what to do about it."""
    return {"items": codes()}


def codes() -> list[dict[str, Any]]:
    """The registry of codes, read from the refusals themselves."""
    found = {
        code: {"code": code, "status": status, "meaning": meaning, "remedy": remedy}
        for code, (status, meaning, remedy) in OTHERS.items()
    }
    for refusal in sorted(_refusals(Refusal), key=lambda each: (each.__module__, each.__qualname__)):
        known = {
            "code": refusal.code,
            "status": int(problems.STATUS[refusal.kind]),
            "meaning": (refusal.__doc__ or "").strip().split("\n", 1)[0],
            "remedy": refusal.remedy or "The answer itself says what to do.",
        }
        found.setdefault(refusal.code, known)
    return [found[code] for code in sorted(found)]


def _refusals(parent: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith(("tenants.", "service.")):
            yield child
        yield from _refusals(child)
