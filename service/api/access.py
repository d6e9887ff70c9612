"""Who of the provider asked to enter a client without an assignment, who let them in, and what they looked at."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from service.pages import frame
from tenants.directory import access_grants
from tenants.directory.access import VisibleClient
from tenants.events import recording

face = Blueprint("api_access", __name__, url_prefix="/api/v1")


class AccessGrantShown(Schema):
    """One request and what became of it."""

    id = Ref("agr", required=True)
    person_id = Ref("per", required=True)
    person_name = fields.String(required=True)
    person_email = fields.String(required=True)
    reason = fields.String(required=True)
    state = fields.String(required=True)
    asked_at = Instant(required=True)
    decided_at = Instant(required=True, allow_none=True)
    decided_by_name = fields.String(required=True)
    decision = fields.String(required=True)
    ends_at = Instant(required=True, allow_none=True)
    visits = fields.Integer(required=True)


class AccessLook(Schema):
    """One look."""

    at = Instant(required=True)
    method = fields.String(required=True)
    route = fields.String(required=True)
    path = fields.String(required=True)
    request_id = fields.String(required=True)


class AccessDecision(Schema):
    """Whether to let somebody in."""

    allow = fields.Boolean(required=True)
    why = fields.String(load_default="", validate=validate.Length(max=300))


class AccessRequest(Schema):
    """Why somebody wants to enter."""

    reason = fields.String(required=True, validate=validate.Length(max=500))


class AskedAccess(Schema):
    """The request in question."""

    id = Ref("agr", required=True)


class AccessUntil(Schema):
    """Until when it is open; nothing when it was refused."""

    ends_at = Instant(required=True, allow_none=True)


@endpoint(
    face,
    "/tenants/<client:client>/access-grants",
    needs="access.read",
    query=paging.PageQuery,
    returns=paging.page_of(AccessGrantShown),
)
def list_access_grants(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Requests to enter this client, the newest first."""
    place = paging.start("access-grants", query, datetime.fromisoformat, UUID)
    found = access_grants.listed(now=tools().clock.now(), after=place, limit=query["limit"] + 1)
    return paging.cut("access-grants", query, found, lambda row: (row.asked_at, row.id))


@endpoint(
    face,
    "/tenants/<client:client>/access-grants/<ref('agr'):grant_id>/visits",
    needs="access.read",
    query=paging.PageQuery,
    returns=paging.page_of(AccessLook),
)
def list_visits(client: VisibleClient, grant_id: UUID, query: dict[str, Any]) -> dict[str, Any]:
    """Every look under a grant, the newest first."""
    access_grants.find(grant_id)
    name = f"visits:{grant_id}"
    place = paging.start(name, query, datetime.fromisoformat, UUID)
    found = access_grants.visits(grant_id, after=place, limit=query["limit"] + 1)
    return paging.cut(name, query, found, lambda row: (row.at, row.id))


@endpoint(
    face,
    "/tenants/<client:client>/access-grants/<ref('agr'):grant_id>/decision",
    needs="access.decide",
    method="POST",
    accepts=AccessDecision,
    returns=AccessUntil,
    once=True,
    fresh=True,
)
def decide_access(client: VisibleClient, grant_id: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Let somebody in for an hour, or not; the client is told at once."""
    return {"ends_at": decide(grant_id, **body)}


@endpoint(
    face,
    "/tenants/<client:client>/access-grants/<ref('agr'):grant_id>/end",
    needs="access.end",
    method="POST",
    returns=AskedAccess,
)
def end_access(client: VisibleClient, grant_id: UUID) -> dict[str, Any]:
    """Shut a grant before its time."""
    access_grants.end(grant_id, now=tools().clock.now())
    return {"id": grant_id}


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/access-grants",
    needs="access.ask",
    method="POST",
    accepts=AccessRequest,
    returns=AskedAccess,
    status=201,
    once=True,
    fresh=True,
)
def ask_access(steered: UUID, body: dict[str, Any]) -> dict[str, Any]:
    """Ask to enter a client for an hour; a second person decides."""
    return {"id": ask(body["reason"])}


def ask(reason: str) -> UUID:
    """Ask in the name of whoever is calling."""
    caller = frame.signed_in()
    assert caller.person_id is not None
    now = tools().clock.now()
    return access_grants.ask(caller.person_id, name=caller.name, email=caller.email, reason=reason, now=now)


def decide(grant_id: UUID, *, allow: bool, why: str) -> Any:
    """Decide in the name of whoever is calling, and let the client know."""
    caller, now = frame.signed_in(), tools().clock.now()
    assert caller.person_id is not None
    ends_at = access_grants.decide(grant_id, allow=allow, by=caller.person_id, by_name=caller.name, now=now, why=why)
    if ends_at is not None:
        recording.record("access.granted", key=str(grant_id), now=now, grant_id=str(grant_id))
    return ends_at
