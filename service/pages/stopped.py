"""Work that was given up: what it was, why it stopped, and the two ways on."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.directory.access import VisibleClient
from tenants.events import dead_letters

face = Blueprint("stopped", __name__)
PAGE = "/c/<client:client>/stopped-work"
LINES = 50


class Asked(Schema):
    """Which kind, and from where on."""

    kind = fields.String(load_default="", validate=validate.Length(max=80))
    after = fields.String(load_default="", validate=validate.Length(max=2000))


class Cause(Schema):
    """A kind of work and what stopped it."""

    kind = fields.String(required=True, validate=validate.Length(1, 80))
    error_class = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=200))


class Again(Schema):
    """Nothing to say."""


class Drop(Schema):
    """Why it is not needed any more."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(face, PAGE, needs="work.read", query=Asked)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """What stopped, by cause and one by one, the newest first."""
    purpose = f"stopped:{client.tenant_id}:{query['kind']}"
    place = cursors.read(purpose, query["after"])
    after = (datetime.fromisoformat(str(place[0])), UUID(str(place[1]))) if place else None
    found = dead_letters.listed(kind=query["kind"] or None, after=after, limit=LINES + 1)
    last = found[LINES - 1] if len(found) > LINES else None
    return frame.show(
        "stopped.html",
        section="stopped",
        stamp=frame.stamp(),
        causes=dead_letters.causes(),
        rows=found[:LINES],
        kind=query["kind"],
        further=cursors.write(purpose, [last.died_at.isoformat(), str(last.id)]) if last else None,
    )


@endpoint(face, f"{PAGE}/again", needs="work.write", method="POST", accepts=Cause)
def redrive_cause(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Send everything of one cause round again."""
    now = tools().clock.now()
    dead_letters.redrive_all(kind=body["kind"], error_class=body["error_class"] or None, now=now)
    return _back(client)


@endpoint(face, f"{PAGE}/<ref('wrk'):item_id>/again", needs="work.write", method="POST", accepts=Again)
def redrive(client: VisibleClient, item_id: UUID, body: dict[str, Any]) -> Response:
    """Send one round again, with all its attempts."""
    dead_letters.redrive(item_id, now=tools().clock.now())
    return _back(client)


@endpoint(face, f"{PAGE}/<ref('wrk'):item_id>/drop", needs="work.write", method="POST", accepts=Drop)
def drop(client: VisibleClient, item_id: UUID, body: dict[str, str]) -> Response:
    """Throw one away, for a reason that stays on record."""
    dead_letters.discard(item_id, reason=body["reason"], now=tools().clock.now())
    return _back(client)


def _back(client: VisibleClient) -> Response:
    return frame.after_change(url_for("stopped.list_page", client=client.slug))
