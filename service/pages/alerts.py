"""The alert inbox: one line per client and cause over all clients, and the single alerts behind a line."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.collections import alerts
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("alerts", __name__)
PAGE = 50


class Cause(Schema):
    """Which alerts: of one cause or of all, open or past, from where on."""

    cause = fields.String(load_default=None, validate=validate.Length(max=200))
    resolved = fields.Boolean(load_default=False)
    after = fields.String(load_default="")


class Chosen(Schema):
    """A cause, or one alert of it."""

    cause = fields.String(required=True, validate=validate.Length(max=200))
    alert = fields.UUID(load_default=None)
    resolution = fields.String(load_default="resolved by a person", validate=validate.Length(min=1, max=300))


@endpoint(face, "/alerts", needs="alerts.read", portfolio=True)
def inbox_page() -> str:
    """All open alerts by client and cause, the worst first."""
    caller = frame.signed_in()
    return frame.show(
        "alerts.html",
        section="alerts",
        causes=alerts.inbox(),
        parents=alerts.parents(),
        may={each.tenant_id for each in caller.clients_with("alerts.write")},
        zones={each.tenant_id: each.time_zone for each in caller.clients},
    )


@endpoint(face, "/c/<client:client>/alerts", needs="alerts.read", query=Cause)
def cause_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The single alerts of one client."""
    purpose = f"alerts:{client.tenant_id}:{query['cause']}:{query['resolved']}"
    place = cursors.read(purpose, query["after"])
    rows = alerts.items(query["cause"], resolved=query["resolved"], after=UUID(place[0]) if place else None, limit=PAGE)
    return frame.show(
        "cause.html",
        section="alerts",
        stamp=frame.stamp(),
        rows=rows,
        cause=query["cause"],
        resolved=query["resolved"],
        first=place is None,
        further=cursors.write(purpose, [str(rows[-1]["id"])] if len(rows) == PAGE else None),
    )


@endpoint(face, "/c/<client:client>/alerts/acknowledge", needs="alerts.write", method="POST", accepts=Chosen)
def acknowledge(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Somebody has seen them."""
    alerts.acknowledge(_chosen(body), now=clients.clock().now(tools().clock.now()))
    return _back(client, body)


@endpoint(face, "/c/<client:client>/alerts/resolve", needs="alerts.write", method="POST", accepts=Chosen)
def resolve(client: VisibleClient, body: dict[str, Any]) -> Response:
    """The cause is gone, by a person's word."""
    alerts.resolve(_chosen(body), now=clients.clock().now(tools().clock.now()), resolution=body["resolution"])
    return _back(client, body)


def _chosen(body: dict[str, Any]) -> list[UUID]:
    return [body["alert"]] if body["alert"] else alerts.of_cause(body["cause"])


def _back(client: VisibleClient, body: dict[str, Any]) -> Response:
    if body["alert"]:
        return frame.after_change(url_for("alerts.cause_page", client=client.slug, cause=body["cause"]))
    return frame.after_change(url_for("alerts.inbox_page"))
