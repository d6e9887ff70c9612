"""API clients: machines and apps that call in one client's name; each is made, given other keys, and ended here."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.directory import api_clients
from tenants.directory.access import VisibleClient
from tenants.directory.api_clients import METHODS, Registered, Wanted
from tenants.directory.client_rules import MOST

face = Blueprint("api_api_clients", __name__, url_prefix="/api/v1")
SHORT, LONG = validate.Length(max=80), validate.Length(max=512)


class JwkSet(Schema):
    """Public keys, as RFC 7517 writes them."""

    keys = fields.List(
        fields.Dict(), required=True, validate=validate.Length(1, MOST), metadata={"description": "P-256 or Ed25519"}
    )


class NewApiClient(Schema):
    """An API client to be made."""

    name = fields.String(required=True, validate=validate.Length(1, 80))
    kind = fields.String(required=True, validate=validate.OneOf(("machine", "app")))
    auth_method = fields.String(load_default="private_key_jwt", validate=validate.OneOf(METHODS))
    scopes = fields.List(fields.String(validate=SHORT), required=True, validate=validate.Length(1, 60))
    jwks = fields.Nested(JwkSet, load_default=None, allow_none=True)
    redirect_uris = fields.List(fields.String(validate=LONG), load_default=list, validate=validate.Length(max=MOST))
    logout_uris = fields.List(fields.String(validate=LONG), load_default=list, validate=validate.Length(max=MOST))
    waiver = fields.String(
        load_default="",
        validate=validate.Length(max=300),
        metadata={"description": "Why its tokens need not be bound to a key (DPoP); kept in the history"},
    )
    needs_pushing = fields.Boolean(load_default=True, truthy={True}, falsy={False})


class ApiClientCard(Schema):
    """An API client as it stands; of its secrets nothing is told."""

    id = Ref("api", required=True)
    client_id = fields.String(required=True)
    name = fields.String(required=True)
    kind = fields.String(required=True)
    auth_method = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    jwks = fields.Dict(required=True)
    redirect_uris = fields.List(fields.String(), required=True)
    logout_uris = fields.List(fields.String(), required=True)
    needs_proof = fields.Boolean(required=True)
    waiver = fields.String(required=True)
    needs_pushing = fields.Boolean(required=True)
    made_at = Instant(required=True)
    made_by = Actor(required=True)
    older_secret_until = Instant(required=True, allow_none=True)
    revoked_at = Instant(required=True, allow_none=True)


class MadeApiClient(ApiClientCard):
    """A fresh API client, with its secret if it has one: it is told here and never again."""

    secret = fields.String(required=True, allow_none=True)


class ApiClients(Schema):
    """Every API client, the ended ones last."""

    items = fields.List(fields.Nested(ApiClientCard), required=True)


class FreshSecret(Schema):
    """A fresh secret, told once; the one before it works until `older_until`."""

    secret = fields.String(required=True)
    older_until = Instant(required=True)


class Reason(Schema):
    """Why it ends."""

    reason = fields.String(load_default="", validate=validate.Length(max=300))


@endpoint(face, "/tenants/<client:client>/api-clients", needs="api_clients.read", returns=ApiClients)
def list_api_clients(client: VisibleClient) -> dict[str, Any]:
    """Who calls in this client's name."""
    return {"items": api_clients.listed()}


@endpoint(
    face,
    "/tenants/<client:client>/api-clients",
    needs="api_clients.write",
    method="POST",
    accepts=NewApiClient,
    returns=MadeApiClient,
    status=201,
    fresh=True,
)
def make_api_client(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Let a machine or an app call; a secret is told in this answer and never again."""
    made, secret = api_clients.register(Wanted(**body), now=moment.here().wall)
    return {**_columns(api_clients.find(made)), "secret": secret or None}


@endpoint(
    face,
    "/tenants/<client:client>/api-clients/<ref('api'):api_client_id>",
    needs="api_clients.read",
    returns=ApiClientCard,
)
def show_api_client(client: VisibleClient, api_client_id: UUID) -> Registered:
    """One API client."""
    return api_clients.find(api_client_id)


@endpoint(
    face,
    "/tenants/<client:client>/api-clients/<ref('api'):api_client_id>/secret",
    needs="api_clients.write",
    method="POST",
    returns=FreshSecret,
    fresh=True,
)
def renew_api_client_secret(client: VisibleClient, api_client_id: UUID) -> dict[str, Any]:
    """Give an API client another secret; the present one works for a day more."""
    now = moment.here().wall
    secret = api_clients.renew_secret(api_client_id, now=now)
    return {"secret": secret, "older_until": now + api_clients.OVERLAP}


@endpoint(
    face,
    "/tenants/<client:client>/api-clients/<ref('api'):api_client_id>/keys",
    needs="api_clients.write",
    method="PUT",
    accepts=JwkSet,
    returns=ApiClientCard,
    fresh=True,
    changes=show_api_client,
)
def replace_api_client_keys(client: VisibleClient, api_client_id: UUID, body: dict[str, Any]) -> Registered:
    """Give an API client other public keys; those that are not named stop at once."""
    api_clients.replace_keys(api_client_id, jwks=body, now=moment.here().wall)
    return api_clients.find(api_client_id)


@endpoint(
    face,
    "/tenants/<client:client>/api-clients/<ref('api'):api_client_id>/revoke",
    needs="api_clients.end",
    method="POST",
    accepts=Reason,
    returns=ApiClientCard,
)
def revoke_api_client(client: VisibleClient, api_client_id: UUID, body: dict[str, Any]) -> Registered:
    """End an API client; from the next request on none of its tokens works."""
    api_clients.revoke(api_client_id, now=moment.here().wall, reason=body["reason"])
    return api_clients.find(api_client_id)


def _columns(row: Registered) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ApiClientCard().fields}
