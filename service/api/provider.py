"""The provider's own view: which clients there are and who works for each; never what is in their books."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields

from service.api.people import GivenRole, Members, NewMember, RoleEnding
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.directory import access, assignments, clients

face = Blueprint("api_provider", __name__, url_prefix="/api/v1")


class PlatformClient(Schema):
    """One client."""

    id = Ref("ten", required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    created_at = Instant(required=True)
    staff = fields.Integer(required=True)


class PlatformClients(Schema):
    """Every client."""

    items = fields.List(fields.Nested(PlatformClient), required=True)


@endpoint(face, "/provider/clients", needs="platform.read", returns=PlatformClients)
def list_all_clients() -> dict[str, Any]:
    """Every client with how many of the provider's people work for it."""
    return {"items": access.every_client(now=tools().clock.now())}


@endpoint(face, "/provider/clients/<ref('ten'):steered>/assignments", needs="platform.read", returns=Members)
def list_staff(steered: UUID) -> dict[str, Any]:
    """Who of the provider works for a client."""
    clients.profile()
    return {"items": assignments.listed(side="provider", now=tools().clock.now())}


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/assignments",
    needs="platform.write",
    method="POST",
    accepts=NewMember,
    returns=GivenRole,
    status=201,
    fresh=True,
)
def assign_staff(steered: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Let somebody of the provider work for a client."""
    clients.profile()
    return {"id": assignments.give(**body, side="provider", now=tools().clock.now())}


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/assignments/<ref('mem'):membership_id>/end",
    needs="platform.write",
    method="POST",
    accepts=RoleEnding,
    returns=GivenRole,
)
def end_staff(steered: UUID, membership_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """End an assignment."""
    assignments.end(membership_id, side="provider", now=tools().clock.now(), **body)
    return {"id": membership_id}
