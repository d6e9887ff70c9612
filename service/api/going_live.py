"""Going live: how far a client has come, and the test mode in which nothing leaves."""

from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Instant
from tenants.collections import test_mode
from tenants.directory.access import VisibleClient
from tenants.rules import going_live

face = Blueprint("api_going_live", __name__, url_prefix="/api/v1")
AT = "/tenants/<client:client>/go-live"


class Line(Schema):
    """One line of the list, computed from what is there."""

    key = fields.String(required=True)
    title = fields.String(required=True)
    done = fields.Boolean(required=True)
    must = fields.Boolean(required=True, metadata={"description": "Whether going live is refused while it is open"})
    found = fields.String(required=True)


class Waiting(Schema):
    """Messages that were queued during the test."""

    messages = fields.Integer(required=True)
    customers = fields.Integer(required=True)
    invoices = fields.Integer(required=True, metadata={"description": "How many of them bring an invoice"})


class Readiness(Schema):
    """How far the client has come."""

    testing = fields.Boolean(required=True)
    since = Instant(required=True, allow_none=True)
    lines = fields.List(fields.Nested(Line), required=True)
    waiting = fields.Nested(Waiting, required=True)


class Reason(Schema):
    """Why."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


class GoLive(Reason):
    """What becomes of the messages that wait."""

    send = fields.Boolean(
        required=True,
        truthy={True},
        falsy={False},
        metadata={"description": "Let what waits pass the gate like everything else, or throw it away"},
    )
    customers = fields.Integer(
        load_default=0,
        strict=True,
        validate=validate.Range(min=0),
        metadata={
            "description": "To how many customers messages wait, as you have seen it; asked for when they are sent"
        },
    )


@endpoint(face, AT, needs="rules.read", returns=Readiness)
def show_readiness(client: VisibleClient) -> dict[str, Any]:
    """Whether the client is in test mode, and what is left to do before it goes live."""
    return _shown()


@endpoint(face, AT, needs="settings.write", method="POST", accepts=GoLive, returns=Readiness, once=True)
def go_live(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """End the test mode: from now on messages leave."""
    here = moment.here()
    going_live.go_live(**body, now=here.now, real=here.wall)
    return _shown()


@endpoint(
    face,
    "/tenants/<client:client>/test-mode",
    needs="settings.write",
    method="POST",
    accepts=Reason,
    returns=Readiness,
    once=True,
)
def enter_test_mode(client: VisibleClient, body: dict[str, str]) -> dict[str, Any]:
    """Stop everything that leaves, from the next hand-over on; all the rest goes on as before."""
    test_mode.enter(now=moment.here().now, reason=body["reason"])
    return _shown()


def _shown() -> dict[str, Any]:
    found = going_live.readiness(now=moment.here().now)
    return {"testing": found.since is not None, "since": found.since, "lines": found.lines, "waiting": found.waiting}
