"""Delivery health: what became of mail by who receives it, what stands still, and how far messages come."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Day, Instant
from tenants.collections import refusals
from tenants.delivery import channels, health, warming
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("api_delivery_health", __name__, url_prefix="/api/v1")
COLD = {"first_on": None, "days": 0, "most": 0, "is_warm": False, "jumped": False}


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


class Sender(Receiver):
    """What became of the mails from one domain, and how it sent in the last sixty days; an empty `domain` is the
    provider's own."""

    first_on = Day(required=True, allow_none=True)
    days = fields.Integer(required=True, metadata={"description": "Days of the last sixty on which it sent"})
    most = fields.Integer(required=True, metadata={"description": "Mails of its busiest day"})
    is_warm = fields.Boolean(
        required=True, metadata={"description": "Whether it has sent on enough days to be known to mailbox providers"}
    )
    jumped = fields.Boolean(
        required=True, metadata={"description": "Whether its newest day had more than twice the mail of any day before"}
    )


class HeldBack(Schema):
    """Messages that did not leave for one reason: how many, how often each was asked about, and when last."""

    reason = fields.String(required=True)
    steps = fields.Integer(required=True)
    times = fields.Integer(required=True)
    last_at = Instant(required=True)


class Health(Schema):
    """Delivery health of one client."""

    receivers = fields.List(fields.Nested(Receiver), required=True)
    senders = fields.List(fields.Nested(Sender), required=True)
    total = fields.Nested(Receiver, required=True)
    waits = fields.Nested(Waits, required=True)
    held_back = fields.List(fields.Nested(HeldBack), required=True)
    funnel = fields.Nested(Funnel, required=True)
    ways = fields.List(fields.Nested(Way), required=True)


@endpoint(face, "/tenants/<client:client>/delivery-health", needs="delivery.read", query=Span, returns=Health)
def show_delivery_health(client: VisibleClient, query: dict[str, int]) -> dict[str, Any]:
    """What became of the mail of the last days."""
    now = moment.here().now
    since = now - timedelta(days=query["days"])
    receivers = health.receivers(since=since)
    return {
        "receivers": receivers,
        "senders": _senders(since=since, now=now),
        "total": health.total(receivers),
        "waits": health.waits(since=since),
        "held_back": refusals.by_reason(since=since),
        "funnel": health.funnel(since=since),
        "ways": channels.use(since=since),
    }


def _senders(*, since: datetime, now: datetime) -> list[dict[str, Any]]:
    warmth = warming.of_senders(now=now, zone=clients.profile().time_zone)
    found = []
    for each in health.senders(since=since):
        warm = warmth.get(each.domain)
        known = (
            {name: getattr(warm, name) for name in ("first_on", "days", "most", "is_warm", "jumped")} if warm else COLD
        )
        found.append(asdict(each) | known)
    return found
