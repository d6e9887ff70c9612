"""Addresses that are written to no more: the list, with who let one go and why."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors, moment
from service.endpoint import endpoint
from service.pages import delivery_tabs, frame
from tenants.delivery import suppression
from tenants.directory.access import VisibleClient
from tenants.isolation import scope

face = Blueprint("addresses", __name__)
PAGE = 50
LIST = "/c/<client:client>/delivery/stopped"


class Listed(Schema):
    """Which entries, and where the page starts."""

    lifted = fields.Boolean(load_default=False)
    address = fields.String(load_default="", validate=validate.Length(max=200))
    after = fields.String(load_default="")


class Stop(Schema):
    """An address whose owner asked for silence."""

    address = fields.Email(required=True, validate=validate.Length(max=320))
    detail = fields.String(required=True, validate=validate.Length(1, 300))


class Release(Schema):
    """Why it is written to again."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


@endpoint(face, LIST, needs="delivery.read", query=Listed)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Entries, the newest first."""
    purpose = f"stopped:{client.tenant_id}:{query['lifted']}:{query['address']}"
    place = cursors.read(purpose, query["after"])
    rows = suppression.listed(
        lifted=query["lifted"], address=query["address"], after=UUID(place[0]) if place else None, limit=PAGE
    )
    return delivery_tabs.show(
        "stopped_addresses.html",
        client,
        tab="addresses",
        rows=rows,
        lifted=query["lifted"],
        address=query["address"],
        first=place is None,
        further=cursors.write(purpose, [str(rows[-1]["id"])]) if len(rows) == PAGE else None,
    )


@endpoint(face, LIST, needs="delivery.write", method="POST", accepts=Stop)
def stop(client: VisibleClient, body: dict[str, str]) -> Response:
    """Write to an address no more, because its owner asked."""
    suppression.add(body["address"], reason="request", detail=body["detail"], since_at=moment.here().now)
    return frame.after_change(url_for("addresses.list_page", client=client.slug))


@endpoint(face, f"{LIST}/<ref('sup'):entry_id>/release", needs="delivery.write", method="POST", accepts=Release)
def release(client: VisibleClient, entry_id: UUID, body: dict[str, str]) -> Response:
    """Write to an address again."""
    suppression.release(entry_id, by=scope.current().actor, now=moment.here().now, why=body["reason"].strip())
    return frame.after_change(url_for("addresses.list_page", client=client.slug))
