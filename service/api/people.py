"""Who acts in a client: its own people, let in by its admin, and its specialists, assigned by their lead."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import post
from service.endpoint import endpoint, tools
from service.fields import Actor, Instant, Ref
from tenants.directory import assignments
from tenants.directory.access import VisibleClient

face = Blueprint("api_people", __name__, url_prefix="/api/v1")


class Member(Schema):
    """One role of one person."""

    id = Ref("mem", required=True)
    person_id = Ref("per", required=True)
    person_name = fields.String(required=True)
    person_email = fields.String(required=True)
    role = fields.String(required=True)
    starts_at = Instant(required=True)
    ends_at = Instant(required=True, allow_none=True)
    granted_by = Actor(required=True)
    reason = fields.String(required=True)


class Members(Schema):
    """Everybody of one side."""

    items = fields.List(fields.Nested(Member), required=True)


class NewMember(Schema):
    """Who is let in, and as what."""

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(load_default="", validate=validate.Length(max=200))
    role = fields.String(required=True, validate=validate.Length(max=40))
    reason = fields.String(load_default="", validate=validate.Length(max=300))


class RoleEnding(Schema):
    """Why a role ends, or a factor goes."""

    reason = fields.String(load_default="", validate=validate.Length(max=300))


class GivenRole(Schema):
    """The role that was given, or ended."""

    id = Ref("mem", required=True)


@endpoint(face, "/tenants/<client:client>/people", needs="people.read", returns=Members)
def list_people(client: VisibleClient) -> dict[str, Any]:
    """The client's own people and their roles."""
    return {"items": assignments.listed(side="client", now=tools().clock.now())}


@endpoint(
    face,
    "/tenants/<client:client>/people",
    needs="people.write",
    method="POST",
    accepts=NewMember,
    returns=GivenRole,
    status=201,
    fresh=True,
)
def let_person_in(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Give somebody of the client a role; whoever is new gets a letter with a link that opens once."""
    given = assignments.give(**body, side="client", now=tools().clock.now())
    post.wake()
    return {"id": given}


@endpoint(
    face,
    "/tenants/<client:client>/people/<ref('mem'):membership_id>/invitation",
    needs="people.write",
    method="POST",
    returns=GivenRole,
    status=202,
)
def invite_person_again(client: VisibleClient, membership_id: UUID) -> dict[str, Any]:
    """Send one more invitation to somebody who has not come in yet."""
    assignments.invite_again(membership_id, now=tools().clock.now())
    post.wake()
    return {"id": membership_id}


@endpoint(
    face,
    "/tenants/<client:client>/people/<ref('mem'):membership_id>/second-factor/reset",
    needs="people.write",
    method="POST",
    accepts=RoleEnding,
    returns=GivenRole,
    fresh=True,
)
def reset_person_factor(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Take the second factors of somebody of the client away who lost them; the password stays, every session ends."""
    assignments.forget_factors(membership_id, now=tools().clock.now(), **body)
    post.wake()
    return {"id": membership_id}


@endpoint(
    face,
    "/tenants/<client:client>/people/<ref('mem'):membership_id>/end",
    needs="people.end",
    method="POST",
    accepts=RoleEnding,
    returns=GivenRole,
)
def end_role(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """End a role; it opens nothing from the next request on."""
    assignments.end(membership_id, side="client", now=tools().clock.now(), **body)
    return {"id": membership_id}


@endpoint(face, "/tenants/<client:client>/assignments", needs="people.read", returns=Members)
def list_assignments(client: VisibleClient) -> dict[str, Any]:
    """The provider's people who work for the client."""
    return {"items": assignments.listed(side="provider", now=tools().clock.now())}


@endpoint(
    face,
    "/tenants/<client:client>/assignments",
    needs="team.write",
    method="POST",
    accepts=NewMember,
    returns=GivenRole,
    status=201,
)
def assign_specialist(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Let somebody of the provider work for the client."""
    return {"id": assignments.give(**body, side="provider", now=tools().clock.now())}


@endpoint(
    face,
    "/tenants/<client:client>/assignments/<ref('mem'):membership_id>/end",
    needs="team.end",
    method="POST",
    accepts=RoleEnding,
    returns=GivenRole,
)
def end_assignment(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """End an assignment; it opens nothing from the next request on."""
    assignments.end(membership_id, side="provider", now=tools().clock.now(), **body)
    return {"id": membership_id}
