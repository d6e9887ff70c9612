"""What the provider did about people and clients, over all clients; nothing of what is in any books."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields

from service.api import paging
from service.api.history import public_id
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.directory import provider_history

face = Blueprint("api_provider_history", __name__, url_prefix="/api/v1")


class ProviderActShown(Schema):
    """One act."""

    id = Ref("act", required=True)
    at = Instant(required=True)
    actor = Actor(required=True)
    actor_name = fields.String(required=True)
    act = fields.String(required=True)
    object = fields.Function(lambda row: public_id(row.object_kind, row.object_id), metadata={"type": "string"})
    object_kind = fields.String(required=True)
    object_name = fields.String(required=True)
    became = fields.Dict(required=True)
    reason = fields.String(required=True)
    request_id = fields.String(required=True)


@endpoint(
    face,
    "/provider/history",
    needs="platform.read",
    query=paging.PageQuery,
    returns=paging.page_of(ProviderActShown),
)
def list_provider_history(query: dict[str, Any]) -> dict[str, Any]:
    """Clients opened, people added and shut out, assignments, requests to enter: the newest first."""
    after = paging.start("provider history", query, UUID)
    found = provider_history.page(after=after[0] if after else None, limit=query["limit"] + 1)
    return paging.cut("provider history", query, found, lambda row: (row.id,))
