"""The provider's own people: who they are, how they come in, and the way to add one and to shut one out."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import post
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.directory import staff

face = Blueprint("staff", __name__)
HERE = "/provider/people"


class NewColleague(Schema):
    """Somebody who comes to the provider."""

    email = fields.Email(required=True, validate=validate.Length(max=254))
    name = fields.String(required=True, validate=validate.Length(1, 200))
    admin = fields.Boolean(load_default=False)


class Address(Schema):
    """One of them."""

    email = fields.Email(required=True, validate=validate.Length(max=254))


@endpoint(face, HERE, needs="platform.read")
def people_page() -> str:
    """Everybody of the provider."""
    toolbox = tools()
    return frame.show(
        "staff.html",
        section="staff",
        rows=staff.everybody(now=toolbox.clock.now()),
        factor_needed=toolbox.settings.staff_second_factor,
    )


@endpoint(face, HERE, needs="people.invite", method="POST", accepts=NewColleague, fresh=True)
def add(body: dict[str, Any]) -> Response:
    """Add somebody; a letter with a link that opens once is on its way."""
    staff.add(body["email"], name=body["name"], admin=body["admin"], now=tools().clock.now(), by=frame.signed_in().name)
    post.wake()
    return frame.after_change(HERE)


@endpoint(face, f"{HERE}/invitation", needs="people.invite", method="POST", accepts=Address)
def invite_again(body: dict[str, Any]) -> Response:
    """Send one more invitation."""
    staff.invite_again(body["email"], now=tools().clock.now(), by=frame.signed_in().name)
    post.wake()
    return frame.after_change(HERE)


@endpoint(face, f"{HERE}/shut", needs="people.invite", method="POST", accepts=Address, fresh=True)
def shut(body: dict[str, Any]) -> Response:
    """Shut somebody out, from their next click on."""
    caller = frame.signed_in()
    assert caller.person_id is not None
    staff.shut(body["email"], by=caller.person_id, now=tools().clock.now())
    return frame.after_change(HERE)
