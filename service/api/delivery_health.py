"""Delivery health: what became of mail by who receives it, what stands still, and how far messages come."""

from datetime import timedelta
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from tenants.delivery import channels, health
from tenants.directory.access import VisibleClient

face = Blueprint("api_delivery_health", __name__, url_prefix="/api/v1")


class Span(Schema):
    """How many days back."""

    days = fields.Integer(load_default=30, validate=validate.Range(1, 365))


class Receiver(Schema):
    """What became of the mails to one domain; `judgeable` is what `seen` is a share of."""

    domain = fields.String(required=True)
    messages = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    bounced = fields.Integer(required=True)
    failed = fields.Integer(required=True)
    unconfirmed = fields.Integer(required=True)
    deferred = fields.Integer(required=True)
    complaints = fields.Integer(required=True)
    judgeable = fields.Integer(required=True)
    seen = fields.Integer(required=True)
    machine_only = fields.Integer(required=True)


class Waits(Schema):
    """What has not left, what nobody knows of, who is written to no more, and news about no mail of ours."""

    queued = fields.Integer(required=True)
    held = fields.Integer(required=True)
    unsettled = fields.Integer(required=True)
    letters = fields.Integer(required=True)
    suppressed = fields.Integer(required=True)
    strays = fields.Integer(required=True)


class Funnel(Schema):
    """How many messages came how far."""

    queued = fields.Integer(required=True)
    accepted = fields.Integer(required=True)
    delivered = fields.Integer(required=True)
    seen = fields.Integer(required=True)
    acted = fields.Integer(required=True)
    read = fields.Integer(required=True)
    answered = fields.Integer(required=True)


class Way(Schema):
    """What one way did."""

    channel = fields.String(required=True)
    messages = fields.Integer(required=True)
    left = fields.Integer(attribute="left_us", required=True)
    arrived = fields.Integer(required=True)
    seen = fields.Integer(required=True)


class Health(Schema):
    """Delivery health of one client."""

    receivers = fields.List(fields.Nested(Receiver), required=True)
    total = fields.Nested(Receiver, required=True)
    waits = fields.Nested(Waits, required=True)
    funnel = fields.Nested(Funnel, required=True)
    ways = fields.List(fields.Nested(Way), required=True)


@endpoint(face, "/tenants/<client:client>/delivery-health", needs="delivery.read", query=Span, returns=Health)
def show_delivery_health(client: VisibleClient, query: dict[str, int]) -> dict[str, Any]:
    """What became of the mail of the last days."""
    since = moment.here().now - timedelta(days=query["days"])
    receivers = health.receivers(since=since)
    return {
        "receivers": receivers,
        "total": health.total(receivers),
        "waits": health.waits(since=since),
        "funnel": health.funnel(since=since),
        "ways": channels.use(since=since),
    }
