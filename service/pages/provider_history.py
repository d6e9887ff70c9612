"""What the provider did about people and clients, as a page."""

from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import cursors
from service.endpoint import endpoint
from service.pages import acts, frame
from tenants.directory import provider_history

face = Blueprint("provider_history", __name__)
HERE = "/provider/history"
LINES = 50
CURSOR = "provider history page"


class Asked(Schema):
    """Which page."""

    cursor = fields.String(load_default="", validate=validate.Length(max=2000))


@endpoint(face, HERE, needs="platform.read", query=Asked)
def history_page(query: dict[str, Any]) -> str:
    """The newest acts, or those before a place."""
    place = cursors.read(CURSOR, query["cursor"])
    found = provider_history.page(after=UUID(str(place[0])) if place else None, limit=LINES + 1)
    more = cursors.write(CURSOR, [str(found[LINES - 1].id)]) if len(found) > LINES else None
    return frame.show(
        "provider_history.html",
        section="provider_history",
        lines=found[:LINES],
        acts=acts,
        further=f"{HERE}?cursor={more}" if more else "",
        start=HERE if place else "",
    )
