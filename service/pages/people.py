"""People and roles of one client, the provider's people who work for it, and who was let in for an hour."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import post
from service.api import access as access_api
from service.api.people import NewMember, RoleEnding
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.directory import access_grants, assignments, people
from tenants.directory.access import VisibleClient

face = Blueprint("people", __name__)
ROLES = {
    "client_viewer": "Viewer",
    "client_approver": "Approver",
    "tenant_admin": "Admin",
    "specialist": "Specialist",
    "specialist_manager": "Lead",
}
STATES = {
    "asked": ("waits for a second person", "warn"),
    "approved": ("open", "info"),
    "refused": ("refused", ""),
    "ended": ("ended", ""),
    "lapsed": ("nobody decided", ""),
}


class Choice(Schema):
    """A decision by one of two buttons."""

    allow = fields.Boolean(required=True)
    why = fields.String(load_default="", validate=validate.Length(max=300))


@endpoint(face, "/c/<client:client>/people", needs="people.read")
def people_page(client: VisibleClient) -> str:
    """Who may do what here."""
    now = tools().clock.now()
    own = assignments.listed(side="client", now=now)
    return frame.show(
        "people.html",
        section="people",
        stamp=frame.stamp(),
        own=own,
        invited=people.without_a_way_in([each.person_id for each in own]),
        staff=assignments.listed(side="provider", now=now),
        roles=ROLES,
        own_roles=sorted(assignments.OWN),
        staff_roles=sorted(assignments.STAFF),
    )


@endpoint(face, "/c/<client:client>/people", needs="people.write", method="POST", accepts=NewMember, fresh=True)
def let_in(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Give somebody of the client a role."""
    assignments.give(**body, side="client", now=tools().clock.now())
    post.wake()
    return _back(client)


@endpoint(
    face,
    "/c/<client:client>/people/<ref('mem'):membership_id>/invitation",
    needs="people.write",
    method="POST",
)
def invite_again(client: VisibleClient, membership_id: UUID) -> Response:
    """Send one more invitation to somebody who has not come in yet."""
    assignments.invite_again(membership_id, now=tools().clock.now())
    post.wake()
    return _back(client)


@endpoint(
    face,
    "/c/<client:client>/people/<ref('mem'):membership_id>/end",
    needs="people.write",
    method="POST",
    accepts=RoleEnding,
)
def end(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> Response:
    """End a role."""
    assignments.end(membership_id, side="client", now=tools().clock.now(), **body)
    return _back(client)


@endpoint(face, "/c/<client:client>/assignments", needs="team.write", method="POST", accepts=NewMember)
def assign(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Let somebody of the provider work for the client."""
    assignments.give(**body, side="provider", now=tools().clock.now())
    return _back(client)


@endpoint(
    face,
    "/c/<client:client>/assignments/<ref('mem'):membership_id>/end",
    needs="team.write",
    method="POST",
    accepts=RoleEnding,
)
def unassign(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> Response:
    """End an assignment."""
    assignments.end(membership_id, side="provider", now=tools().clock.now(), **body)
    return _back(client)


@endpoint(face, "/c/<client:client>/access", needs="access.read")
def access_page(client: VisibleClient) -> str:
    """Who of the provider asked to enter without an assignment."""
    return frame.show(
        "access.html",
        section="access",
        stamp=frame.stamp(),
        grants=access_grants.listed(now=tools().clock.now()),
        states=STATES,
        grant=None,
        visits=(),
    )


@endpoint(face, "/c/<client:client>/access/<ref('agr'):grant_id>", needs="access.read")
def visits_page(client: VisibleClient, grant_id: UUID) -> str:
    """What was looked at under one grant."""
    access_grants.find(grant_id)
    listed = access_grants.listed(now=tools().clock.now())
    return frame.show(
        "access.html",
        section="access",
        stamp=frame.stamp(),
        grants=[each for each in listed if each.id == grant_id],
        states=STATES,
        grant=grant_id,
        visits=access_grants.visits(grant_id),
    )


@endpoint(
    face,
    "/c/<client:client>/access/<ref('agr'):grant_id>/decision",
    needs="access.decide",
    method="POST",
    accepts=Choice,
    fresh=True,
)
def decide(client: VisibleClient, grant_id: UUID, body: dict[str, Any]) -> Response:
    """Let somebody in for an hour, or not."""
    access_api.decide(grant_id, **body)
    return frame.after_change(url_for("people.access_page", client=client.slug))


@endpoint(face, "/c/<client:client>/access/<ref('agr'):grant_id>/end", needs="access.end", method="POST")
def end_access(client: VisibleClient, grant_id: UUID) -> Response:
    """Shut a grant before its time."""
    access_grants.end(grant_id, now=tools().clock.now())
    return frame.after_change(url_for("people.access_page", client=client.slug))


def _back(client: VisibleClient) -> Response:
    return frame.after_change(url_for("people.people_page", client=client.slug))
