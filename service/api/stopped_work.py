"""Work that was given up at any client, for the provider: how much and by what fault, never what it was about."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.directory import clients
from tenants.events import dead_letters

face = Blueprint("api_stopped_work", __name__, url_prefix="/api/v1")


class StoppedWork(Schema):
    """Work of one kind that stopped at one client for one cause."""

    client_id = Ref("ten", attribute="tenant_id", required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    lane = fields.String(required=True)
    kind = fields.String(required=True)
    error_class = fields.String(required=True, allow_none=True)
    count = fields.Integer(attribute="items", required=True)
    oldest_at = Instant(required=True)


class AllStoppedWork(Schema):
    """What stopped, the oldest first."""

    items = fields.List(fields.Nested(StoppedWork), required=True)


class Cause(Schema):
    """Which work goes round again."""

    kind = fields.String(required=True, validate=validate.Length(1, 80))
    error_class = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class SentRound(Schema):
    """How much is being tried again."""

    count = fields.Integer(required=True)


@endpoint(face, "/provider/stopped-work", needs="platform.read", returns=AllStoppedWork)
def list_stopped_work() -> dict[str, Any]:
    """Work that was given up, by client, kind and cause; what it was about is the client's alone."""
    return {"items": dead_letters.everywhere()}


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/stopped-work/redrive",
    needs="platform.write",
    method="POST",
    accepts=Cause,
    returns=SentRound,
)
def redrive_stopped_work(steered: UUID, body: dict[str, Any]) -> dict[str, int]:
    """Send all of one kind and cause at one client round again; it stands in that client's history."""
    clients.profile()
    cause = body["error_class"] or None
    return {"count": dead_letters.redrive_all(kind=body["kind"], error_class=cause, now=tools().clock.now())}
