"""The provider's own page: its clients, who works for each, and the way to ask to be let in."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors, post
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
LINES = 50
STATES = {"live": ("open", "good"), "setup": ("being set up", "warn"), "closed": ("closed", "")}


class Which(Schema):
    """Which clients, and which page of them."""

    q = fields.String(load_default="", validate=validate.Length(max=80))
    after = fields.String(load_default="", validate=validate.Length(max=2000))


@endpoint(face, HERE, needs="platform.read", query=Which)
def clients_page(query: dict[str, str]) -> str:
    """Clients by name; not one figure of their books."""
    now, words = tools().clock.now(), " ".join(query["q"].split())
    found = cursors.read(f"clients:{words}", query["after"])
    place = (str(found[0]), UUID(str(found[1]))) if found else None
    rows = access.every_client(now=now, words=words, after=place, limit=LINES + 1)
    last = rows[LINES - 1] if len(rows) > LINES else None
    more = cursors.write(f"clients:{words}", [last.name, str(last.id)] if last else None)
    return frame.show(
        "provider.html",
        section="provider",
        states=STATES,
        rows=rows[:LINES],
        closing=closings.waiting(now=now),
        words=words,
        further=url_for("provider.clients_page", q=words or None, after=more) if more else "",
        start=url_for("provider.clients_page", q=words or None) if place else "",
    )


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
