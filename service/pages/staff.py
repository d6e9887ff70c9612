"""The provider's own people: who they are, how they come in, and the way to add one and to shut one out."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from werkzeug.wrappers import Response

from service import post
from service.api.staff import AdminOrNot, NewColleague, own_id
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.directory import staff

face = Blueprint("staff", __name__)
HERE = "/provider/people"
ONE = f"{HERE}/<ref('per'):colleague_id>"


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


@endpoint(face, f"{ONE}/invitation", needs="people.invite", method="POST")
def invite_again(colleague_id: UUID) -> Response:
    """Send one more invitation."""
    staff.invite_again(colleague_id, now=tools().clock.now(), by=frame.signed_in().name)
    post.wake()
    return frame.after_change(HERE)


@endpoint(face, f"{ONE}/shut", needs="people.invite", method="POST", fresh=True)
def shut(colleague_id: UUID) -> Response:
    """Shut somebody out, from their next click on."""
    staff.shut(colleague_id, by=own_id(), now=tools().clock.now())
    return frame.after_change(HERE)


@endpoint(face, f"{ONE}/back", needs="people.invite", method="POST", fresh=True)
def let_back(colleague_id: UUID) -> Response:
    """Let somebody come in again."""
    staff.let_back(colleague_id, now=tools().clock.now())
    return frame.after_change(HERE)


@endpoint(face, f"{ONE}/second-factor/reset", needs="people.invite", method="POST", fresh=True)
def reset_factor(colleague_id: UUID) -> Response:
    """Take the second factors of somebody away who lost them."""
    staff.forget_factors(colleague_id, by=own_id(), by_name=frame.signed_in().name, now=tools().clock.now())
    post.wake()
    return frame.after_change(HERE)


@endpoint(face, f"{ONE}/admin", needs="people.invite", method="POST", accepts=AdminOrNot, fresh=True)
def set_admin(colleague_id: UUID, body: dict[str, Any]) -> Response:
    """Make somebody an administrator, or no longer."""
    staff.set_admin(colleague_id, admin=body["admin"], by=own_id(), now=tools().clock.now())
    return frame.after_change(HERE)
