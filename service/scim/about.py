"""What we say of ourselves to a directory: what we can, which kinds there are, and the schema of each."""

from http import HTTPStatus
from typing import Any

from flask import Blueprint
from werkzeug.wrappers import Response

from service import problems
from service.endpoint import DIRECTORY, endpoint
from service.scim import answers
from tenants.directory.provisioning import shape
from tenants.directory.provisioning.shape import GROUP, USER

face = Blueprint("scim_about", __name__, url_prefix=answers.BASE)
CORE = "urn:ietf:params:scim:schemas:core:2.0"
SCHEMAS = {USER: ("User", "Somebody of the client"), GROUP: ("Group", "A group of people of the client")}


@endpoint(face, "/ServiceProviderConfig", needs=DIRECTORY)
def service_provider_config() -> Response:
    """What we can."""
    no = {"supported": False}
    document = {
        "schemas": [f"{CORE}:ServiceProviderConfig"],
        "patch": {"supported": True},
        "bulk": {**no, "maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": answers.MOST},
        "changePassword": no,
        "sort": no,
        "etag": {"supported": True},
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "Bearer token",
                "description": "A token that a tenant admin made for this directory",
                "primary": True,
            }
        ],
        "meta": _meta("ServiceProviderConfig", "ServiceProviderConfig"),
    }
    return answers.plain(document)


@endpoint(face, "/ResourceTypes", needs=DIRECTORY)
def resource_types() -> Response:
    """Which kinds there are."""
    listed = [_resource_type(schema) for schema in SCHEMAS]
    return answers.many(listed, total=len(listed), start=1)


@endpoint(face, "/ResourceTypes/<name>", needs=DIRECTORY)
def resource_type(name: str) -> Response:
    """One kind."""
    schema = next((each for each, (known, _) in SCHEMAS.items() if known == name), None)
    if schema is None:
        raise problems.NotFound("There is no such kind.")
    return answers.plain(_resource_type(schema))


@endpoint(face, "/Schemas", needs=DIRECTORY)
def schemas() -> Response:
    """The schema of each kind."""
    listed = [_schema(each) for each in SCHEMAS]
    return answers.many(listed, total=len(listed), start=1)


@endpoint(face, "/Schemas/<name>", needs=DIRECTORY)
def schema(name: str) -> Response:
    """One schema by its URN."""
    if name not in SCHEMAS:
        raise problems.NotFound("There is no such schema.")
    return answers.plain(_schema(name))


@endpoint(face, "/.search", needs=DIRECTORY, method="POST", writes=False)
def search() -> Response:
    """We do not search several kinds at once."""
    return answers.fault(HTTPStatus.NOT_IMPLEMENTED, "", "Search users and groups each at its own address.")


def _resource_type(schema: str) -> dict[str, Any]:
    name, says = SCHEMAS[schema]
    return {
        "schemas": [f"{CORE}:ResourceType"],
        "id": name,
        "name": name,
        "description": says,
        "endpoint": f"/{answers.KINDS[schema][1]}",
        "schema": schema,
        "meta": _meta("ResourceType", f"ResourceTypes/{name}"),
    }


def _schema(schema: str) -> dict[str, Any]:
    name, says = SCHEMAS[schema]
    return {
        "schemas": [f"{CORE}:Schema"],
        "id": schema,
        "name": name,
        "description": says,
        "attributes": shape.as_schema(shape.TABLES[schema]),
        "meta": _meta("Schema", f"Schemas/{schema}"),
    }


def _meta(kind: str, path: str) -> dict[str, str]:
    return {"resourceType": kind, "location": f"{answers.base()}/{path}"}
