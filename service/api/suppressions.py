"""Addresses that are written to no more: why, since when, and who let one be written to again."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.delivery import suppression
from tenants.directory.access import VisibleClient
from tenants.isolation import scope

face = Blueprint("api_suppressions", __name__, url_prefix="/api/v1")
LIST = "/tenants/<client:client>/suppressions"


class Suppressions(paging.PageQuery):
    """Which entries."""

    lifted = fields.Boolean(load_default=False)
    address = fields.String(load_default="", validate=validate.Length(max=200))


class Suppression(Schema):
    """One entry of the list."""

    id = Ref("sup", required=True)
    address = fields.String(required=True)
    reason = fields.String(required=True, validate=validate.OneOf(("bounce", "complaint", "request")))
    detail = fields.String(required=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    debtor_name = fields.String(required=True, allow_none=True)
    since_at = Instant(required=True)
    lifted_at = Instant(required=True, allow_none=True)
    lifted_by = Actor(required=True)


class NewSuppression(Schema):
    """An address whose owner asked for silence."""

    address = fields.Email(required=True, validate=validate.Length(max=320))
    detail = fields.String(required=True, validate=validate.Length(1, 300))


class Release(Schema):
    """Why it is written to again."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


@endpoint(face, LIST, needs="delivery.read", query=Suppressions, returns=paging.page_of(Suppression))
def list_suppressions(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Entries, the newest first."""
    name = f"suppressions:{query['lifted']}:{query['address']}"
    after = paging.start(name, query, UUID)
    found = suppression.listed(
        lifted=query["lifted"], address=query["address"], after=after[0] if after else None, limit=query["limit"] + 1
    )
    return paging.cut(name, query, found, lambda row: (row["id"],))


@endpoint(face, LIST, needs="delivery.write", method="POST", accepts=NewSuppression, returns=Suppression, status=201)
def add_suppression(client: VisibleClient, body: dict[str, str]) -> Any:
    """Write to an address no more, because its owner asked. On the list already, it stays as it is."""
    now, address = moment.here().now, body["address"]
    added = suppression.add(address, reason="request", detail=body["detail"], since_at=now)
    return suppression.one(added) if added else suppression.live(address)


@endpoint(
    face,
    f"{LIST}/<ref('sup'):entry_id>/release",
    needs="delivery.write",
    method="POST",
    accepts=Release,
    returns=Suppression,
)
def release_suppression(client: VisibleClient, entry_id: UUID, body: dict[str, str]) -> Any:
    """Write to an address again; the reason stays in the history."""
    suppression.release(entry_id, by=scope.current().actor, now=moment.here().now, why=body["reason"])
    return suppression.one(entry_id)
