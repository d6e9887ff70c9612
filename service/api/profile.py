"""The profile of one client: its letterhead, its clock, and how its customers may be written to."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema

from service import etags, moment
from service.endpoint import endpoint
from service.fields import Day, Instant, Ref
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.events import history

face = Blueprint("api_profile", __name__, url_prefix="/api/v1")


class ContactHabits(Schema):
    """What a client decides about its automatic messages and its API clients; what is not sent stays as it is."""

    sending = fields.String(validate=validate.OneOf(("on", "paused")))
    pixel = fields.String(validate=validate.OneOf(("off", "consented", "on", "aggregate")))
    auto_messages_per_week = fields.Integer(strict=True, validate=validate.Range(0, 7))
    business_days_between_messages = fields.Integer(strict=True, validate=validate.Range(0, 30))
    quiet_until = fields.Time(format="%H:%M")
    quiet_from = fields.Time(format="%H:%M")
    shared_secrets = fields.Boolean(
        truthy={True},
        falsy={False},
        metadata={"description": "Whether API clients may prove who they are by a shared secret instead of a key"},
    )

    @validates_schema
    def _says_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError("Name at least one part to change.")


class Profile(ContactHabits):
    """One client."""

    id = Ref("ten", attribute="tenant_id", required=True)
    slug = fields.String(required=True)
    legal_name = fields.String(required=True)
    base_currency = fields.String(required=True)
    time_zone = fields.String(required=True)
    country = fields.String(required=True)
    language = fields.String(required=True)
    state = fields.String(required=True)
    address = fields.String(required=True)
    tax_number = fields.String(required=True)
    iban = fields.String(required=True)
    bic = fields.String(required=True)
    bank_name = fields.String(required=True)
    terms = fields.String(required=True)
    contact_name = fields.String(required=True)
    contact_phone = fields.String(required=True)
    contact_email = fields.String(required=True)
    bank_feed_at = Instant(required=True, allow_none=True)
    bank_feed_hours = fields.Integer(required=True)
    now = Instant(required=True, metadata={"description": "The time by the client's own clock", **etags.MOVING})
    today = Day(
        required=True, metadata={"description": "The client's day, by which lateness is counted", **etags.MOVING}
    )


@endpoint(face, "/tenants/<client:client>", needs="client.read", returns=Profile)
def show_profile(client: VisibleClient) -> dict[str, Any]:
    """The profile of a client, and its present day."""
    return _shown()


@endpoint(
    face,
    "/tenants/<client:client>",
    needs="settings.write",
    method="PATCH",
    accepts=ContactHabits,
    returns=Profile,
    changes=show_profile,
)
def change_profile(client: VisibleClient, body: dict[str, Any]) -> dict[str, Any]:
    """Change how often and when the client's customers are written to, and how API clients prove who they are."""
    was = asdict(clients.profile())
    clients.change(**body)
    before = {name: str(was[name]) for name in body}
    after = {name: str(value) for name, value in body.items()}
    history.note("profile.changed", about=("client", client.tenant_id), at=moment.here().now, was=before, became=after)
    return _shown()


def _shown() -> dict[str, Any]:
    here = moment.here()
    return {**asdict(clients.profile()), "now": here.now, "today": here.today}
