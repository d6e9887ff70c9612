"""The provider's own page: its clients, who works for each, and the way to ask to be let in."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from werkzeug.wrappers import Response

from service import post
from service.api import access as access_api
from service.api.access import AccessRequest
from service.api.people import NewMember, RoleEnding
from service.api.provider import FirstAdmin
from service.endpoint import endpoint, tools
from service.pages import frame
from service.pages.people import ROLES
from tenants.directory import access, assignments, clients, closings, openings

face = Blueprint("provider", __name__)
HERE = "/provider"
STATES = {"live": ("open", "good"), "setup": ("being set up", "warn"), "closed": ("closed", "")}


@endpoint(face, HERE, needs="platform.read")
def clients_page() -> str:
    """Every client; not one figure of its books."""
    now = tools().clock.now()
    rows, waiting = access.every_client(now=now), closings.waiting(now=now)
    return frame.show("provider.html", section="provider", states=STATES, rows=rows, closing=waiting)


@endpoint(face, "/provider/clients/<ref('ten'):steered>", needs="platform.read")
def client_page(steered: UUID) -> str:
    """Who works for one client."""
    now, profile = tools().clock.now(), clients.profile()
    return frame.show(
        "provider_client.html",
        section="provider",
        profile=profile,
        state=STATES[profile.state],
        admins=openings.admins(now=now),
        staff=assignments.listed(side="provider", now=now),
        everybody=assignments.staff(),
        roles=ROLES,
        staff_roles=sorted(assignments.STAFF),
    )


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/admins",
    needs="platform.write",
    method="POST",
    accepts=FirstAdmin,
    fresh=True,
)
def invite_admin(steered: UUID, body: dict[str, Any]) -> Response:
    """Invite an admin while none has come in."""
    openings.invite_admin(**body, now=tools().clock.now())
    post.wake()
    return frame.after_change(f"{HERE}/clients/{clients.profile().public_id}")


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/assignments",
    needs="platform.write",
    method="POST",
    accepts=NewMember,
    fresh=True,
)
def assign(steered: UUID, body: dict[str, Any]) -> Response:
    """Let somebody of the provider work for a client."""
    assignments.give(**body, side="provider", now=tools().clock.now())
    return frame.after_change(f"{HERE}/clients/{clients.profile().public_id}")


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/assignments/<ref('mem'):membership_id>/end",
    needs="platform.write",
    method="POST",
    accepts=RoleEnding,
)
def unassign(steered: UUID, membership_id: UUID, body: dict[str, Any]) -> Response:
    """End an assignment."""
    assignments.end(membership_id, side="provider", now=tools().clock.now(), **body)
    return frame.after_change(f"{HERE}/clients/{clients.profile().public_id}")


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/access",
    needs="access.ask",
    method="POST",
    accepts=AccessRequest,
    fresh=True,
)
def ask(steered: UUID, body: dict[str, Any]) -> Response:
    """Ask to be let in for an hour."""
    access_api.ask(body["reason"])
    return frame.after_change(f"{HERE}/clients/{clients.profile().public_id}")
