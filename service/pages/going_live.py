"""The way to live: the list of what must be so, what waits, and the switch; in test mode nothing leaves."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame, rules_tabs
from tenants.collections import test_mode
from tenants.directory.access import VisibleClient
from tenants.rules import going_live

face = Blueprint("going_live", __name__)
PAGE = "/c/<client:client>/go-live"
WHERE = {
    "data": ("imports.list_page", "Imports"),
    "addresses": ("customers.list_page", "Customers"),
    "groups": ("imports.list_page", "Imports"),
    "payments": ("cash.list_page", "Cash"),
    "sender": ("letterhead.letterhead_page", "Letterhead"),
    "domain": ("sending_domains.list_page", "Sending domains"),
    "policy": ("conduct.policy_page", "Contact policy"),
    "people": ("people.people_page", "People"),
    "specialist": ("people.people_page", "People"),
    "rules": ("rules.list_page", "Rules"),
    "dry_run": ("rules.list_page", "Rules"),
}
"""Where each line is settled."""


class Reason(Schema):
    """Why."""

    reason = fields.String(required=True, validate=validate.Length(1, 300))


class GoLive(Reason):
    """What becomes of what waits, and to how many customers that is."""

    waiting = fields.String(required=True, validate=validate.OneOf(("send", "drop")))
    customers = fields.Integer(load_default=0, allow_none=True)


@endpoint(face, PAGE, needs="rules.read")
def list_page(client: VisibleClient) -> str:
    """The list, computed from what is there."""
    stamp = frame.stamp()
    return frame.show(
        "going_live.html",
        section="rules",
        stamp=stamp,
        found=going_live.readiness(now=stamp.now),
        where=WHERE,
        tabs=rules_tabs.of(client),
        tab="going_live",
    )


@endpoint(face, PAGE, needs="settings.write", method="POST", accepts=GoLive)
def switch_on(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Go live."""
    here = moment.here()
    send, customers = body["waiting"] == "send", body["customers"] or 0
    going_live.go_live(send=send, customers=customers, now=here.now, real=here.wall, reason=body["reason"])
    return frame.after_change(url_for("going_live.list_page", client=client.slug))


@endpoint(face, f"{PAGE}/test", needs="settings.write", method="POST", accepts=Reason)
def go_back(client: VisibleClient, body: dict[str, str]) -> Response:
    """Back into test mode: nothing leaves from the next hand-over on."""
    test_mode.enter(now=moment.here().now, reason=body["reason"])
    return frame.after_change(url_for("going_live.list_page", client=client.slug))
