"""The last days of a client's API traffic: who asked for what, when, and how it was answered."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Actor, Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.events import api_calls
from tenants.events.api_calls import Wanted

face = Blueprint("api_calls", __name__, url_prefix="/api/v1")
METHODS = ("", "GET", "POST", "PATCH", "PUT", "DELETE")


class Calls(paging.PageQuery):
    """Which requests."""

    method = fields.String(load_default="", validate=validate.OneOf(METHODS))
    status = fields.Integer(load_default=None, validate=validate.Range(100, 599))
    failed = fields.Boolean(load_default=None)
    request_id = fields.String(load_default="", validate=validate.Length(max=64))


class ApiCall(Schema):
    """One request."""

    id = Ref("cal", required=True)
    at = Instant(required=True)
    caller = Actor(required=True)
    method = fields.String(required=True)
    path = fields.String(required=True)
    status = fields.Integer(required=True)
    code = fields.String(required=True, metadata={"description": "Code of the problem; empty when there was none"})
    ms = fields.Integer(required=True)
    request_id = fields.String(required=True)


@endpoint(
    face, "/tenants/<client:client>/api-calls", needs="api_clients.read", query=Calls, returns=paging.page_of(ApiCall)
)
def list_api_calls(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Requests to the API in the last seven days, the newest first."""
    wanted = Wanted(query["method"], query["status"], query["failed"], "", query["request_id"])
    found = api_calls.page(
        wanted,
        now=tools().clock.now(),
        after=paging.start("api-calls", query, datetime.fromisoformat, UUID),
        limit=query["limit"] + 1,
    )
    return paging.cut("api-calls", query, found, lambda call: (call.at, call.id))
