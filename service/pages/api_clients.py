"""API clients of one client: who calls in its name, with what, and the one moment in which a secret is shown."""

import json
from typing import Any
from uuid import UUID

from flask import Blueprint, make_response, url_for
from marshmallow import Schema, ValidationError, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.auth.oauth import house, phrases
from service.endpoint import endpoint
from service.pages import frame
from tenants.directory import api_clients, client_rules, clients
from tenants.directory.access import VisibleClient
from tenants.directory.api_clients import METHODS, Registered, Wanted

face = Blueprint("callers", __name__)
KINDS = {"machine": "Machine", "app": "App for people"}
WAYS = {
    "private_key_jwt": "A key of its own",
    "client_secret_basic": "A shared secret",
    "none": "Nothing (an app on a device)",
}


class Several(fields.List):
    """Boxes that were ticked: none, one, or many."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **options: Any) -> Any:
        return super()._deserialize(value if isinstance(value, list) else [value], attr, data, **options)


class NewClient(Schema):
    """The form for a new API client."""

    name = fields.String(required=True, validate=validate.Length(1, 80))
    kind = fields.String(required=True, validate=validate.OneOf(KINDS))
    auth_method = fields.String(required=True, validate=validate.OneOf(METHODS))
    scopes = Several(fields.String(validate=validate.Length(max=80)), load_default=list)
    keys = fields.String(load_default="", validate=validate.Length(max=16_000))
    addresses = fields.String(load_default="", validate=validate.Length(max=8_000))
    logout_addresses = fields.String(load_default="", validate=validate.Length(max=8_000))
    waiver = fields.String(load_default="", validate=validate.Length(max=300))


class Reason(Schema):
    """Why it ends."""

    reason = fields.String(load_default="", validate=validate.Length(max=300))


@endpoint(face, "/c/<client:client>/api-clients", needs="api_clients.read")
def list_page(client: VisibleClient) -> str:
    """Who calls, and the form for another one."""
    return _page()


@endpoint(
    face, "/c/<client:client>/api-clients", needs="api_clients.write", method="POST", accepts=NewClient, fresh=True
)
def make(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Make an API client; where it has a secret, this answer is the only one that shows it."""
    wanted = Wanted(
        name=body["name"],
        kind=body["kind"],
        auth_method=body["auth_method"],
        scopes=body["scopes"],
        jwks=_keys(body["keys"]) if body["auth_method"] == "private_key_jwt" else None,
        redirect_uris=body["addresses"].split(),
        logout_uris=body["logout_addresses"].split(),
        waiver=body["waiver"],
    )
    made, secret = api_clients.register(wanted, now=moment.here().wall)
    return _shown_once(made, secret)


@endpoint(
    face,
    "/c/<client:client>/api-clients/<ref('api'):api_client_id>/secret",
    needs="api_clients.write",
    method="POST",
    fresh=True,
)
def renew(client: VisibleClient, api_client_id: UUID) -> Response:
    """Another secret; the present one works for a day more."""
    return _shown_once(api_client_id, api_clients.renew_secret(api_client_id, now=moment.here().wall))


@endpoint(
    face,
    "/c/<client:client>/api-clients/<ref('api'):api_client_id>/revoke",
    needs="api_clients.end",
    method="POST",
    accepts=Reason,
)
def revoke(client: VisibleClient, api_client_id: UUID, body: dict[str, Any]) -> Response:
    """End an API client."""
    api_clients.revoke(api_client_id, now=moment.here().wall, reason=body["reason"])
    return frame.after_change(url_for("callers.list_page", client=client.slug))


def _shown_once(made: UUID, secret: str) -> Response:
    answer = make_response(_page(fresh=api_clients.find(made), secret=secret), 201)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _page(fresh: Registered | None = None, secret: str = "") -> str:
    return frame.show(
        "api_clients.html",
        section="api_clients",
        stamp=frame.stamp(),
        rows=api_clients.listed(),
        fresh=fresh,
        secret=secret,
        secrets_taken=clients.profile().shared_secrets,
        kinds=KINDS,
        methods=WAYS,
        wants=phrases.told(sorted(client_rules.grantable("app") | client_rules.grantable("machine"))),
        of_machines=client_rules.grantable("machine"),
        issuer=house.house().issuer,
        audience=house.house().audience,
    )


def _keys(text: str) -> Any:
    """Public keys as they were pasted: a set of them, or one alone."""
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise ValidationError({"keys": ["Paste the public keys as JSON."]}) from None
    return {"keys": [given]} if isinstance(given, dict) and "kty" in given else given
