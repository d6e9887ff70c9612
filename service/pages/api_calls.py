"""The last days of a client's API traffic, for whoever looks after its programs."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import cursors
from service.api.calls import METHODS
from service.endpoint import endpoint, tools
from service.fields import Actor
from service.pages import frame
from tenants.directory.access import VisibleClient
from tenants.events import api_calls
from tenants.events.api_calls import Call, Wanted

face = Blueprint("requests", __name__)
PAGE = 50
OUTCOMES = {"": None, "failed": True, "good": False}


class Filters(Schema):
    """Which requests, and where the page starts."""

    outcome = fields.String(load_default="", validate=validate.OneOf(OUTCOMES))
    method = fields.String(load_default="", validate=validate.OneOf(METHODS))
    request_id = fields.String(load_default="", validate=validate.Length(max=64))
    after = fields.String(load_default="", validate=validate.Length(max=2000))


@endpoint(face, "/c/<client:client>/api-calls", needs="api_clients.read", query=Filters)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Requests of the last seven days, the newest first."""
    chosen = {name: query[name] for name in ("outcome", "method", "request_id")}
    purpose = f"api-calls:{client.tenant_id}:{sorted(chosen.items())}"
    place = cursors.read(purpose, query["after"])
    found = api_calls.page(
        Wanted(query["method"], None, OUTCOMES[query["outcome"]], "", query["request_id"].strip()),
        now=tools().clock.now(),
        after=(datetime.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE + 1,
    )
    rows, last = found[:PAGE], found[PAGE - 1] if len(found) > PAGE else None
    return frame.show(
        "api_calls.html",
        section="api_clients",
        stamp=frame.stamp(),
        rows=[(each, _who(each)) for each in rows],
        chosen=chosen,
        methods=METHODS,
        days=api_calls.KEPT.days,
        first=place is None,
        further=cursors.write(purpose, [last.at.isoformat(), str(last.id)] if last else None),
    )


def _who(call: Call) -> str:
    """Who asked, as it is written elsewhere."""
    return str(Actor()._serialize(call.caller, "caller", call))
