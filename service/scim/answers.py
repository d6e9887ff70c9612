"""How answers to a directory are written: its media type, its shape of resources, lists and faults."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from flask import current_app, jsonify, request
from werkzeug.wrappers import Response

from tenants.directory.provisioning import groups, users
from tenants.directory.provisioning.shape import GROUP, USER, BadValue
from tenants.directory.provisioning.users import Resource
from tenants.values import ids

BASE = "/scim/v2"
TYPE = "application/scim+json"
FAULT = "urn:ietf:params:scim:api:messages:2.0:Error"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
KINDS = {USER: ("User", "Users", users.PREFIX), GROUP: ("Group", "Groups", groups.PREFIX)}
SCIM_TYPES = {"invalidValue", "invalidPath", "invalidFilter", "noTarget", "mutability", "uniqueness", "invalidSyntax"}
MOST, USUAL = 200, 100


def fault(status: HTTPStatus, code: str, detail: str) -> Response:
    """A fault as RFC 7644 writes it; what is malformed is 400 there."""
    told = HTTPStatus.BAD_REQUEST if status == HTTPStatus.UNPROCESSABLE_ENTITY else status
    document: dict[str, Any] = {"schemas": [FAULT], "status": str(int(told)), "detail": detail}
    if told == HTTPStatus.BAD_REQUEST or code in SCIM_TYPES:
        document["scimType"] = code if code in SCIM_TYPES else "invalidSyntax"
    answer = _json(document, int(told))
    if told == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def one(schema: str, found: Resource, *, more: Mapping[str, Any] | None = None, status: int = 200) -> Response:
    """One resource with its entity tag and its place."""
    document = written(schema, found, more=more)
    answer = _json(_narrowed(document), status)
    answer.headers["ETag"] = document["meta"]["version"]
    answer.headers["Location"] = document["meta"]["location"]
    if request.method == "GET" and request.headers.get("If-None-Match") == document["meta"]["version"]:
        answer = Response(status=304, headers={"ETag": document["meta"]["version"]})
    return answer


def many(documents: Sequence[Mapping[str, Any]], *, total: int, start: int) -> Response:
    """A page of a list."""
    listed = [_narrowed(dict(each)) for each in documents]
    said = {"schemas": [LIST], "totalResults": total, "startIndex": start, "itemsPerPage": len(listed)}
    return _json({**said, "Resources": listed}, 200)


def plain(document: Mapping[str, Any]) -> Response:
    """A document about ourselves."""
    return _json(dict(document), 200)


def written(schema: str, found: Resource, *, more: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """A resource as it is shown."""
    kind, _, prefix = KINDS[schema]
    said = {**found.said, **(more or {})}
    if schema == GROUP:
        said["members"] = [{**each, "$ref": f"{base()}/Users/{each['value']}"} for each in said.get("members", [])]
    return {
        "schemas": [schema],
        "id": ids.show(prefix, found.id),
        **said,
        "meta": {
            "resourceType": kind,
            "created": _instant(found.made_at),
            "lastModified": _instant(found.changed_at),
            "location": place(schema, found.id),
            "version": f'W/"{found.version}"',
        },
    }


def groups_told(listed: Sequence[tuple[UUID, str]]) -> dict[str, Any]:
    """The groups of a user as they are shown."""
    told = [
        {"value": ids.show(groups.PREFIX, group), "$ref": place(GROUP, group), "display": name}
        for group, name in listed
    ]
    return {"groups": told} if told else {}


def place(schema: str, resource_id: UUID) -> str:
    """Where a resource is."""
    _, noun, prefix = KINDS[schema]
    return f"{base()}/{noun}/{ids.show(prefix, resource_id)}"


def window() -> tuple[int, int]:
    """From which resource on, and how many. Raises BadValue for what is no number."""
    try:
        start, count = int(request.args.get("startIndex", 1)), int(request.args.get("count", USUAL))
    except ValueError:
        raise BadValue("startIndex and count are numbers.") from None
    if max(abs(start), abs(count)) > 10**9:
        raise BadValue("startIndex and count are smaller than that.")
    return max(start, 1), min(max(count, 0), MOST)


def wanted_version() -> int | None:
    """The version that the directory believes to change. Raises BadValue for a tag that we never gave."""
    tag = request.headers.get("If-Match", "*").strip()
    if tag == "*":
        return None
    digits = tag.removeprefix("W/").strip('"')
    if not digits.isascii() or not digits.isdecimal() or len(digits) > 9:
        return 0
    return int(digits)


def _narrowed(document: dict[str, Any]) -> dict[str, Any]:
    """Only the attributes that were asked for, or all but those that were not wanted."""
    wanted, unwanted = _names("attributes"), _names("excludedAttributes")
    always = {"schemas", "id", "meta"}
    if wanted:
        return {name: value for name, value in document.items() if name in always or name.lower() in wanted}
    return {name: value for name, value in document.items() if name in always or name.lower() not in unwanted}


def _names(parameter: str) -> set[str]:
    listed = ",".join(request.args.getlist(parameter)).split(",")
    names = (each.strip().lower() for each in listed if each.strip())
    return {each.rsplit(":", 1)[-1].split(".")[0] for each in names}


def base() -> str:
    """Where our provisioning begins."""
    return str(current_app.config["PUBLIC_URL"]).rstrip("/") + BASE


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _json(document: dict[str, Any], status: int) -> Response:
    answer = jsonify(document)
    answer.status_code = status
    answer.content_type = TYPE
    return answer
