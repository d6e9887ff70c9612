"""Conduct of one client: how its customers may be written to, in one form that says what each part does."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.fields import Day
from service.pages import frame, rules_tabs
from service.pages.api_clients import Several
from tenants.collections import policies
from tenants.delivery import channels
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.events import history

face = Blueprint("conduct", __name__)
PAGE = "/c/<client:client>/contact-policy"
HABITS = ("auto_messages_per_week", "business_days_between_messages", "quiet_until", "quiet_from")


class Conduct(Schema):
    """The whole form; groups are names with commas between."""

    auto_messages_per_week = fields.Integer(required=True, validate=validate.Range(0, 7))
    business_days_between_messages = fields.Integer(required=True, validate=validate.Range(0, 30))
    quiet_until = fields.Time(format="%H:%M", required=True)
    quiet_from = fields.Time(format="%H:%M", required=True)
    ceiling = fields.String(required=True)
    pays_by_itself = fields.String(load_default="", validate=validate.Length(max=400))
    consumers = fields.String(required=True)
    per_month = fields.Integer(load_default=policies.PLAIN.per_month)
    most_reminders = fields.Integer(required=True)
    silence_after_talk = fields.Integer(required=True)
    quiet_share = fields.Integer(load_default=policies.PLAIN.quiet_share)
    ways = Several(fields.String(validate=validate.OneOf(channels.WAYS)), load_default=list)
    overrides = fields.Boolean(load_default=False)
    reason = fields.String(required=True, validate=validate.Length(1, 300))


class DaysOff(Schema):
    """A range of days on which nobody is written to."""

    first_on = Day(required=True)
    last_on = Day(required=True)
    reason = fields.String(required=True, validate=validate.Length(1, 120))


class Ceiling(Schema):
    """A milder ceiling for one group."""

    group = fields.String(required=True, validate=validate.Length(1, 80))
    tone = fields.String(required=True)


class OfCountry(Schema):
    """What is stricter in one country; what is left empty is as everywhere."""

    country = fields.String(required=True, validate=validate.Regexp("^[A-Z]{2}$", error="Use two letters, like DE."))
    opens = fields.String(load_default="")
    closes = fields.String(load_default="")
    per_week = fields.Integer(load_default=7, validate=validate.Range(0, 7))
    machine = fields.Boolean(load_default=False)


class Gone(Schema):
    """Which range, which group's ceiling or which country's rule is taken away."""

    days_off = fields.Integer(load_default=None, allow_none=True)
    group = fields.String(load_default=None, allow_none=True)
    country = fields.String(load_default=None, allow_none=True)


@endpoint(face, PAGE, needs="settings.read")
def policy_page(client: VisibleClient) -> str:
    """The policy in force, and what it was before."""
    return frame.show(
        "conduct.html",
        section="rules",
        stamp=frame.stamp(),
        policy=policies.current(),
        profile=clients.profile(),
        versions=policies.versions()[:10],
        tones=policies.TONES,
        known_ways=channels.WAYS,
        tabs=rules_tabs.of(client),
        tab="conduct",
    )


@endpoint(face, PAGE, needs="settings.write", method="POST", accepts=Conduct)
def change_policy(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Put the form in force, with its reason."""
    now, profile = moment.here().now, asdict(clients.profile())
    wanted = {name: body.pop(name) for name in HABITS}
    changed = {name: value for name, value in wanted.items() if profile[name] != value}
    if changed:
        clients.change(**changed)
        was = {name: str(profile[name]) for name in changed}
        became = {name: str(value) for name, value in changed.items()}
        history.note("profile.changed", about=("client", client.tenant_id), at=now, was=was, became=became)
    reason = body.pop("reason")
    groups = [each.strip() for each in body.pop("pays_by_itself").split(",") if each.strip()]
    return _changed(client, {**body, "pays_by_itself": groups}, reason=reason)


@endpoint(face, f"{PAGE}/days-off", needs="settings.write", method="POST", accepts=DaysOff)
def add_days_off(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Close for some days."""
    ranges = policies.as_document(policies.current())["blackouts"]
    added = {"first_on": body["first_on"].isoformat(), "last_on": body["last_on"].isoformat(), "reason": body["reason"]}
    return _changed(client, {"blackouts": [*ranges, added]}, reason=f"Days off: {body['reason']}")


@endpoint(face, f"{PAGE}/ceilings", needs="settings.write", method="POST", accepts=Ceiling)
def add_ceiling(client: VisibleClient, body: dict[str, str]) -> Response:
    """Be milder with a group."""
    ceilings = policies.as_document(policies.current())["ceilings"] | {body["group"]: body["tone"]}
    return _changed(client, {"ceilings": ceilings}, reason=f"Ceiling of the group {body['group']}")


@endpoint(face, f"{PAGE}/countries", needs="settings.write", method="POST", accepts=OfCountry)
def add_country(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Be stricter in a country."""
    country = body.pop("country")
    rule = {name: value for name, value in body.items() if value != ""}
    countries = policies.as_document(policies.current())["countries"] | {country: rule}
    return _changed(client, {"countries": countries}, reason=f"Rule of the country {country}")


@endpoint(face, f"{PAGE}/remove", needs="settings.write", method="POST", accepts=Gone)
def remove(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Take a range of days off, a group's own ceiling or a country's rule away."""
    document = policies.as_document(policies.current())
    ranges = [each for place, each in enumerate(document["blackouts"]) if place != body["days_off"]]
    ceilings = {group: tone for group, tone in document["ceilings"].items() if group != body["group"]}
    countries = {country: rule for country, rule in document["countries"].items() if country != body["country"]}
    left = {"blackouts": ranges, "ceilings": ceilings, "countries": countries}
    return _changed(client, left, reason="Taken away")


def _changed(client: VisibleClient, parts: dict[str, Any], *, reason: str) -> Response:
    document = policies.as_document(policies.current()) | parts
    policies.change(document, now=moment.here().now, reason=reason)
    return frame.after_change(url_for("conduct.policy_page", client=client.slug))
