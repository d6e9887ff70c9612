"""Alerts: what people are warned of in one client, by cause and one by one."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Actor, Instant, MoneyField, Ref
from tenants.collections import alerts
from tenants.directory.access import VisibleClient

face = Blueprint("api_alerts", __name__, url_prefix="/api/v1")


class Alerts(paging.PageQuery):
    """Which alerts."""

    cause = fields.String(load_default=None, validate=validate.Length(max=200))
    resolved = fields.Boolean(load_default=False)


class Alert(Schema):
    """One warning."""

    id = Ref("alt", required=True)
    title = fields.String(required=True)
    reason = fields.String(required=True)
    cause = fields.String(required=True)
    severity = fields.String(required=True, validate=validate.OneOf(("low", "normal", "high")))
    state = fields.String(required=True, validate=validate.OneOf(("open", "acknowledged", "resolved")))
    rule_key = fields.String(required=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    debtor_name = fields.String(attribute="customer", required=True, allow_none=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    invoice_number = fields.String(required=True, allow_none=True)
    open = MoneyField("open_minor", required=True, allow_none=True)
    opened_at = Instant(required=True)
    acknowledged_at = Instant(required=True, allow_none=True)
    acknowledged_by = Actor(required=True)
    resolved_at = Instant(required=True, allow_none=True)
    resolution = fields.String(required=True)


class CauseOfAlerts(Schema):
    """Alerts of one client that have one cause."""

    tenant_id = Ref("ten", required=True)
    client = fields.String(required=True)
    slug = fields.String(required=True)
    cause = fields.String(required=True)
    title = fields.String(required=True)
    severity = fields.String(required=True)
    count = fields.Integer(required=True)
    unread = fields.Integer(required=True)
    debtors = fields.Integer(attribute="customers", required=True)
    oldest_at = Instant(required=True)
    newest_at = Instant(required=True)


class CausesOfAlerts(Schema):
    """Causes, the worst and newest first."""

    items = fields.List(fields.Nested(CauseOfAlerts), required=True)


class Resolution(Schema):
    """Why an alert needs no attention any more."""

    resolution = fields.String(required=True, validate=validate.Length(1, 500))


class AlertMoved(Schema):
    """An alert after a change."""

    id = Ref("alt", required=True)
    state = fields.String(required=True)


@endpoint(face, "/tenants/<client:client>/alerts", needs="alerts.read", query=Alerts, returns=paging.page_of(Alert))
def list_alerts(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Alerts, the newest first."""
    after = paging.start("alerts", query, UUID)
    found = alerts.items(
        query["cause"], resolved=query["resolved"], after=after[0] if after else None, limit=query["limit"] + 1
    )
    return paging.cut("alerts", query, found, lambda row: (row["id"],))


@endpoint(face, "/tenants/<client:client>/alerts/causes", needs="alerts.read", returns=CausesOfAlerts)
def list_alert_causes(client: VisibleClient) -> dict[str, Any]:
    """What the open alerts come from: one line for each cause."""
    return {"items": alerts.inbox()}


@endpoint(
    face,
    "/tenants/<client:client>/alerts/<ref('alt'):alert_id>/acknowledge",
    needs="alerts.write",
    method="POST",
    returns=AlertMoved,
)
def acknowledge_alert(client: VisibleClient, alert_id: UUID) -> dict[str, Any]:
    """Say that somebody has seen an alert and cares for it."""
    alerts.acknowledge([alert_id], now=moment.here().now)
    return {"id": alert_id, "state": "acknowledged"}


@endpoint(
    face,
    "/tenants/<client:client>/alerts/<ref('alt'):alert_id>/resolve",
    needs="alerts.write",
    method="POST",
    accepts=Resolution,
    returns=AlertMoved,
)
def resolve_alert(client: VisibleClient, alert_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """Say that the cause of an alert is gone."""
    alerts.resolve([alert_id], now=moment.here().now, resolution=body["resolution"])
    return {"id": alert_id, "state": "resolved"}
