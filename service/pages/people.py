"""People and roles of one client, the provider's people who work for it, and who was let in for an hour."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors, post
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


PAGE, LOOKS = 50, 200
"""Requests to come in, and looks under one of them, on a page."""


class Behind(Schema):
    """Where the page starts."""

    after = fields.String(load_default="", validate=validate.Length(max=2000))


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
        holders=people.with_a_factor([each.person_id for each in own]),
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
    "/c/<client:client>/people/<ref('mem'):membership_id>/second-factor/reset",
    needs="people.write",
    method="POST",
    accepts=RoleEnding,
    fresh=True,
)
def reset_factor(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> Response:
    """Take the second factors of somebody away who lost them."""
    assignments.forget_factors(membership_id, now=tools().clock.now(), **body)
    post.wake()
    return _back(client)


@endpoint(
    face,
    "/c/<client:client>/people/<ref('mem'):membership_id>/end",
    needs="people.end",
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
    needs="team.end",
    method="POST",
    accepts=RoleEnding,
)
def unassign(client: VisibleClient, membership_id: UUID, body: dict[str, Any]) -> Response:
    """End an assignment."""
    assignments.end(membership_id, side="provider", now=tools().clock.now(), **body)
    return _back(client)


@endpoint(face, "/c/<client:client>/access", needs="access.read", query=Behind)
def access_page(client: VisibleClient, query: dict[str, str]) -> str:
    """Who of the provider asked to enter without an assignment."""
    name = f"access:{client.tenant_id}"
    found = access_grants.listed(now=tools().clock.now(), after=_place(name, query), limit=PAGE + 1)
    last = found[PAGE - 1] if len(found) > PAGE else None
    return frame.show(
        "access.html",
        section="people",
        stamp=frame.stamp(),
        grants=found[:PAGE],
        states=STATES,
        grant=None,
        visits=(),
        further=cursors.write(name, [last.asked_at.isoformat(), str(last.id)] if last else None),
    )


@endpoint(face, "/c/<client:client>/access/<ref('agr'):grant_id>", needs="access.read", query=Behind)
def visits_page(client: VisibleClient, grant_id: UUID, query: dict[str, str]) -> str:
    """What was looked at under one grant."""
    grant, name = access_grants.one(grant_id, now=tools().clock.now()), f"visits:{client.tenant_id}:{grant_id}"
    found = access_grants.visits(grant_id, after=_place(name, query), limit=LOOKS + 1)
    last = found[LOOKS - 1] if len(found) > LOOKS else None
    return frame.show(
        "access.html",
        section="people",
        stamp=frame.stamp(),
        grants=[grant],
        states=STATES,
        grant=grant_id,
        visits=found[:LOOKS],
        further=cursors.write(name, [last.at.isoformat(), str(last.id)] if last else None),
    )


def _place(name: str, query: dict[str, str]) -> access_grants.Place | None:
    found = cursors.read(name, query["after"])
    return (datetime.fromisoformat(found[0]), UUID(found[1])) if found else None


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
