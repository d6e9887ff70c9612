"""The provider's own view: which clients there are and who works for each; never what is in their books."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import post
from service.api import paging
from service.api.people import GivenRole, Members, NewMember, RoleEnding
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.delivery import words
from tenants.directory import access, assignments, clients, openings

face = Blueprint("api_provider", __name__, url_prefix="/api/v1")


class PlatformClient(Schema):
    """One client."""

    id = Ref("ten", required=True)
    slug = fields.String(required=True)
    name = fields.String(required=True)
    state = fields.String(required=True)
    created_at = Instant(required=True)
    staff = fields.Integer(required=True)


class ClientsQuery(paging.PageQuery):
    """Which clients."""

    q = fields.String(
        load_default="",
        validate=validate.Length(max=80),
        metadata={"description": "A part of the name or of the short name"},
    )


class NewClient(Schema):
    """What must be known of a client before its books can be opened."""

    slug = fields.String(required=True, validate=validate.Length(2, 62))
    legal_name = fields.String(required=True, validate=validate.Length(1, openings.LONGEST_NAME))
    base_currency = fields.String(required=True, validate=validate.Length(equal=3))
    time_zone = fields.String(required=True, validate=validate.Length(1, 60))
    country = fields.String(required=True, validate=validate.Length(equal=2))
    language = fields.String(load_default="en", validate=validate.OneOf(words.LANGUAGES))
    admin_email = fields.Email(required=True, validate=validate.Length(max=254))
    admin_name = fields.String(load_default="", validate=validate.Length(max=200))


class FirstAdmin(Schema):
    """Who shall administer a client to which nobody has come yet."""

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(load_default="", validate=validate.Length(max=200))


class OpenedClient(Schema):
    """A client that has just begun, in test mode, and who was invited to it."""

    id = Ref("ten", required=True)
    slug = fields.String(required=True)
    admin_email = fields.String(required=True)


@endpoint(face, "/provider/clients", needs="platform.read", query=ClientsQuery, returns=paging.page_of(PlatformClient))
def list_all_clients(query: dict[str, Any]) -> dict[str, Any]:
    """Clients by name, each with how many of the provider's people work for it."""
    place = paging.start("clients", query, str, UUID)
    now, limit = tools().clock.now(), query["limit"] + 1
    found = access.every_client(now=now, words=query["q"], after=place, limit=limit)
    return paging.cut("clients", query, found, lambda row: (row.name, row.id))


@endpoint(
    face,
    "/provider/clients",
    needs="platform.write",
    method="POST",
    accepts=NewClient,
    returns=OpenedClient,
    status=201,
    once=True,
    fresh=True,
    opens=True,
)
def open_client(body: dict[str, Any]) -> openings.Opened:
    """Open a client in test mode and invite its first admin. A short name that is in use is refused."""
    opened = openings.begin(**body, now=tools().clock.now())
    post.wake()
    return opened


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/admins",
    needs="platform.write",
    method="POST",
    accepts=FirstAdmin,
    returns=GivenRole,
    status=201,
    once=True,
    fresh=True,
)
def invite_first_admin(steered: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Invite another admin, or the same once more, while none has come in; afterwards the client decides."""
    clients.profile()
    given = openings.invite_admin(**body, now=tools().clock.now())
    post.wake()
    return {"id": given}


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
    once=True,
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
