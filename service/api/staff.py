"""The provider's own people: who they are, and the way to add one, to shut one out and to let one back."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import post
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from service.pages import frame
from tenants.directory import staff

face = Blueprint("api_staff", __name__, url_prefix="/api/v1")
ONE = "/provider/people/<ref('per'):colleague_id>"


class ColleagueShown(Schema):
    """Somebody of the provider."""

    id = Ref("per", required=True)
    name = fields.String(required=True)
    email = fields.String(required=True)
    is_admin = fields.Boolean(required=True)
    clients = fields.Integer(required=True)
    has_factor = fields.Boolean(required=True)
    has_a_way_in = fields.Boolean(required=True)
    shut_at = Instant(required=True, allow_none=True)


class ColleaguesShown(Schema):
    """Everybody of the provider."""

    items = fields.List(fields.Nested(ColleagueShown), required=True)


class NewColleague(Schema):
    """Somebody who comes to the provider."""

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    admin = fields.Boolean(load_default=False)


class AdminOrNot(Schema):
    """Whether somebody administers the provider."""

    admin = fields.Boolean(required=True)


class ColleagueChanged(Schema):
    """Who was added or changed."""

    id = Ref("per", required=True)


@endpoint(face, "/provider/people", needs="platform.read", returns=ColleaguesShown)
def list_colleagues() -> dict[str, Any]:
    """Everybody of the provider, those who were shut out last."""
    return {"items": staff.everybody(now=tools().clock.now())}


@endpoint(
    face,
    "/provider/people",
    needs="people.invite",
    method="POST",
    accepts=NewColleague,
    returns=ColleagueChanged,
    status=201,
    once=True,
    fresh=True,
)
def add_colleague(body: dict[str, Any]) -> dict[str, Any]:
    """Add somebody; a letter with a link that opens once is on its way."""
    added = staff.add(**body, now=tools().clock.now(), by=frame.signed_in().name)
    post.wake()
    return {"id": added}


@endpoint(face, f"{ONE}/invitation", needs="people.invite", method="POST", returns=ColleagueChanged, status=202)
def invite_colleague_again(colleague_id: UUID) -> dict[str, Any]:
    """Send one more invitation to somebody who has not come in yet."""
    staff.invite_again(colleague_id, now=tools().clock.now(), by=frame.signed_in().name)
    post.wake()
    return {"id": colleague_id}


@endpoint(face, f"{ONE}/shut", needs="people.invite", method="POST", returns=ColleagueChanged, fresh=True)
def shut_colleague_out(colleague_id: UUID) -> dict[str, Any]:
    """Shut somebody out: every session ends with its next request, and no new one begins."""
    staff.shut(colleague_id, by=own_id(), now=tools().clock.now())
    return {"id": colleague_id}


@endpoint(face, f"{ONE}/back", needs="people.invite", method="POST", returns=ColleagueChanged, fresh=True)
def let_colleague_back(colleague_id: UUID) -> dict[str, Any]:
    """Let somebody who was shut out come in again."""
    staff.let_back(colleague_id, now=tools().clock.now())
    return {"id": colleague_id}


@endpoint(
    face,
    f"{ONE}/admin",
    needs="people.invite",
    method="POST",
    accepts=AdminOrNot,
    returns=ColleagueChanged,
    fresh=True,
)
def change_colleague(colleague_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Make somebody an administrator of the provider, or no longer; there is always one."""
    staff.set_admin(colleague_id, admin=body["admin"], by=own_id(), now=tools().clock.now())
    return {"id": colleague_id}


@endpoint(
    face, f"{ONE}/second-factor/reset", needs="people.invite", method="POST", returns=ColleagueChanged, fresh=True
)
def reset_colleague_factor(colleague_id: UUID) -> dict[str, Any]:
    """Take the second factors of somebody away who lost them; the password stays, every session ends."""
    staff.forget_factors(colleague_id, by=own_id(), by_name=frame.signed_in().name, now=tools().clock.now())
    post.wake()
    return {"id": colleague_id}


def own_id() -> UUID:
    """Whoever is calling; a page of the provider opens to persons alone."""
    caller = frame.signed_in()
    assert caller.person_id is not None
    return caller.person_id
