"""Conduct: how a client's customers may be written to, and a person's decision to write earlier."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.collections import overruling, policies
from tenants.directory.access import VisibleClient

face = Blueprint("api_conduct", __name__, url_prefix="/api/v1")


class Policy(Schema):
    """The document of conduct in force, with every part written out."""

    document = fields.Dict(required=True)


class Change(Schema):
    """A new document; parts that are not named are as we set them for everybody."""

    document = fields.Dict(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 300))


class Version(Schema):
    """One version."""

    version = fields.Integer(required=True)
    document = fields.Dict(required=True)
    worded_by = Actor(required=True)
    worded_at = Instant(required=True)
    reason = fields.String(required=True)


class Versions(Schema):
    """The last fifty versions, newest first."""

    items = fields.List(fields.Nested(Version), required=True)


class Overruling(Schema):
    """Why it is sent now."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


class Overruled(Schema):
    """A message that leaves now."""

    id = Ref("msg", required=True)


@endpoint(face, "/tenants/<client:client>/contact-policy", needs="settings.read", returns=Policy)
def show_contact_policy(client: VisibleClient) -> dict[str, Any]:
    """How customers may be written to, beyond the budget and the hours of the profile."""
    return {"document": policies.as_document(policies.current())}


@endpoint(
    face,
    "/tenants/<client:client>/contact-policy",
    needs="settings.write",
    method="PUT",
    accepts=Change,
    returns=Policy,
    changes=show_contact_policy,
)
def change_contact_policy(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Put a document in force; what it says holds for everything that has not left yet."""
    changed = policies.change(body["document"], now=moment.here().now, reason=body["reason"])
    return {"document": policies.as_document(changed)}


@endpoint(face, "/tenants/<client:client>/contact-policy/versions", needs="settings.read", returns=Versions)
def list_contact_policies(client: VisibleClient) -> dict[str, Any]:
    """What was in force before, and why it changed."""
    return {"items": policies.versions()}


@endpoint(
    face,
    "/tenants/<client:client>/messages/<ref('msg'):message_id>/overrule",
    needs="delivery.write",
    method="POST",
    accepts=Overruling,
    returns=Overruled,
    once=True,
)
def overrule_message(client: VisibleClient, message_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """Send a message that only waits for its time, where the client allows people to decide so."""
    here = moment.here()
    overruling.overrule(message_id, reason=body["reason"], now=here.now, real=here.wall)
    return {"id": message_id}
