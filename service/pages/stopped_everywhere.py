"""Work that stopped at any client, for the provider: what kind, at whom, since when, and the way to try it again."""

from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from werkzeug.wrappers import Response

from service.api.stopped_work import Cause
from service.endpoint import endpoint, tools
from service.pages import frame
from tenants.directory import clients
from tenants.events import dead_letters

face = Blueprint("stopped_everywhere", __name__)
HERE = "/provider/stopped-work"


@endpoint(face, HERE, needs="platform.read")
def list_page() -> str:
    """By client, the one whose work has waited longest first."""
    found = dead_letters.everywhere()
    since: dict[UUID, Any] = {}
    for each in found:
        since.setdefault(each.tenant_id, each.oldest_at)
    ordered = sorted(found, key=lambda each: (since[each.tenant_id], each.tenant_id))
    return frame.show(
        "stopped_everywhere.html",
        section="stopped_all",
        clients=[list(rows) for _, rows in groupby(ordered, key=attrgetter("tenant_id"))],
    )


@endpoint(
    face,
    "/provider/clients/<ref('ten'):steered>/stopped-work/again",
    needs="platform.write",
    method="POST",
    accepts=Cause,
)
def redrive(steered: UUID, body: dict[str, Any]) -> Response:
    """Try all of one kind and cause at one client again."""
    clients.profile()
    cause = body["error_class"] or None
    dead_letters.redrive_all(kind=body["kind"], error_class=cause, now=tools().clock.now())
    return frame.after_change(url_for("stopped_everywhere.list_page"))
