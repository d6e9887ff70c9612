"""Who is calling, in which clients, with which permissions; and the token that changes must carry."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields

from service import identity
from service.endpoint import SIGNED_IN, endpoint, tools
from service.fields import Instant, Ref
from service.identity import Caller
from tenants.directory import permissions
from tenants.directory.access import VisibleClient

face = Blueprint("api_whoami", __name__, url_prefix="/api/v1")


class ClientRoles(Schema):
    """A client that the caller can enter."""

    id = Ref("ten", required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    base_currency = fields.String(required=True)
    time_zone = fields.String(required=True)
    language = fields.String(required=True)
    roles = fields.List(fields.String(), required=True)
    permissions = fields.List(fields.String(), required=True)
    readable_until = Instant(
        required=True, allow_none=True, metadata={"description": "Of a client that was closed: its books are shut then"}
    )


class Whoami(Schema):
    """The caller."""

    id = Ref("per", required=True, allow_none=True, metadata={"description": "The person; null for a machine"})
    name = fields.String(required=True)
    email = fields.Email(required=True, allow_none=True)
    side = fields.String(required=True, metadata={"description": "provider, client or machine"})
    csrf_token = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "To be sent as X-CSRF-Token with each change; null with an access token"},
    )
    client_id = fields.String(required=True, allow_none=True, metadata={"description": "The API client of the token"})
    scopes = fields.List(
        fields.String(), required=True, allow_none=True, metadata={"description": "What the token lets through"}
    )
    provider_roles = fields.List(fields.String(), required=True)
    clients = fields.List(fields.Nested(ClientRoles), required=True)


@endpoint(face, "/whoami", needs=SIGNED_IN, returns=Whoami)
def whoami() -> dict[str, Any]:
    """Who is calling, and what may be done where."""
    caller = identity.caller(tools().clock.now())
    assert caller is not None
    return {
        "id": caller.person_id,
        "name": caller.name,
        "email": caller.email or None,
        "side": caller.side,
        "csrf_token": caller.csrf_token or None,
        "client_id": caller.token and caller.token.client_id,
        "scopes": caller.token and sorted(caller.token.scopes),
        "provider_roles": sorted(caller.provider_roles),
        "clients": [roles_in(client, caller) for client in caller.clients],
    }


def roles_in(client: VisibleClient, caller: Caller) -> dict[str, Any]:
    """A visible client with what may be done there."""
    held = {each for each in permissions.PERMISSIONS if caller.may(each, client)}
    return {
        "id": client.tenant_id,
        "slug": client.slug,
        "name": client.name,
        "base_currency": client.base_currency,
        "time_zone": client.time_zone,
        "language": client.language,
        "roles": sorted(client.roles),
        "permissions": sorted(held),
        "readable_until": client.shut_at,
    }
