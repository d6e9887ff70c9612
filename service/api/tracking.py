"""Tracking images: where they may stand, on what basis in law, who consented, and what is counted of nobody."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Actor, Instant, Ref
from tenants.delivery import tallies, tracking
from tenants.directory import clients
from tenants.directory.access import VisibleClient

face = Blueprint("api_tracking", __name__, url_prefix="/api/v1")
RULES = "/tenants/<client:client>/tracking"
SHOWN = timedelta(days=90)
COUNTRY = validate.Regexp("^[A-Z]{2}$", error="Use two letters, like DE.")


class Rule(Schema):
    """What was decided for the customers of one country."""

    country = fields.String(required=True)
    pixel = fields.String(required=True, validate=validate.OneOf(tracking.MODES))
    basis = fields.String(required=True)
    decided_by = Actor(required=True)
    decided_at = Instant(required=True)


class Consents(Schema):
    """How many contacts of one country said what."""

    country = fields.String(required=True)
    consent = fields.String(required=True, validate=validate.OneOf(tracking.SAID))
    contacts = fields.Integer(required=True)


class Loads(Schema):
    """Of one kind of mail in one country in ninety days: delivered, loads of the image, how many by machines."""

    template = fields.String(required=True)
    country = fields.String(required=True)
    delivered = fields.Integer(required=True)
    loaded = fields.Integer(attribute="loads", required=True)
    machines = fields.Integer(required=True)


class Matrix(Schema):
    """Everything about tracking images of one client."""

    pixel = fields.String(required=True, validate=validate.OneOf(tracking.MODES))
    countries = fields.List(fields.Nested(Rule), required=True)
    consents = fields.List(fields.Nested(Consents), required=True)
    counted = fields.List(fields.Nested(Loads), required=True)


class Decision(Schema):
    """What holds for customers of a country from now on, also for old mails, and on what basis in law."""

    country = fields.String(required=True, validate=COUNTRY)
    pixel = fields.String(required=True, validate=validate.OneOf((*tracking.MODES, "as_client")))
    basis = fields.String(load_default="", validate=validate.Length(max=500))


class Consent(Schema):
    """What a reader said about tracking images."""

    contact_id = Ref("con", required=True)
    consent = fields.String(required=True, validate=validate.OneOf(tracking.SAID))
    basis = fields.String(required=True, validate=validate.Length(1, 300))


@endpoint(face, RULES, needs="delivery.read", returns=Matrix)
def show_tracking(client: VisibleClient) -> dict[str, Any]:
    """Where images may stand: for all, by country, by contact."""
    return _matrix()


@endpoint(face, RULES, needs="settings.write", method="PUT", accepts=Decision, returns=Matrix, changes=show_tracking)
def decide_tracking(client: VisibleClient, body: dict[str, str]) -> dict[str, Any]:
    """Decide for the customers of one country; `as_client` takes its own decision away."""
    now = moment.here().now
    if body["pixel"] == "as_client":
        tracking.forget(body["country"], now=now)
    else:
        tracking.decide(body["country"], pixel=body["pixel"], basis=body["basis"], now=now)
    return _matrix()


@endpoint(face, f"{RULES}/consents", needs="ledger.write", method="POST", accepts=Consent, returns=Consent)
def record_consent(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Keep what a reader said; a withdrawal also stops images of mails that were sent before."""
    contact_id: UUID = body["contact_id"]
    tracking.consent(contact_id, said=body["consent"], basis=body["basis"], now=moment.here().now)
    return body


def _matrix() -> dict[str, Any]:
    here = moment.here()
    return {
        "pixel": clients.profile().pixel,
        "countries": tracking.rules(),
        "consents": tracking.consents(),
        "counted": tallies.rates(since_on=here.today - SHOWN, since=here.now - SHOWN),
    }
