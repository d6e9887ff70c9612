"""Work that was given up: it waits for a person, who sends it round again or throws it away for a reason."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.directory.access import VisibleClient
from tenants.events import dead_letters

face = Blueprint("api_work", __name__, url_prefix="/api/v1")


class DeadLetters(paging.PageQuery):
    """Which dead letters."""

    kind = fields.String(load_default=None, validate=validate.Length(1, 80))


class DeadLetter(Schema):
    """One piece of work that was given up."""

    id = Ref("wrk", required=True)
    lane = fields.String(required=True)
    kind = fields.String(required=True)
    payload = fields.Dict(required=True)
    attempts = fields.Integer(required=True)
    error = fields.String(attribute="last_error", required=True, allow_none=True)
    error_class = fields.String(required=True, allow_none=True)
    died_at = Instant(required=True)


class Redriven(Schema):
    """Work that is ready again."""

    id = Ref("wrk", required=True)
    state = fields.String(required=True)


class Discard(Schema):
    """Why the work is not needed any more."""

    reason = fields.String(required=True, validate=validate.Length(1, 500))


@endpoint(
    face,
    "/tenants/<client:client>/work/dead-letters",
    needs="work.read",
    query=DeadLetters,
    returns=paging.page_of(DeadLetter),
)
def list_dead_letters(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Work that was given up, the newest first."""
    found = dead_letters.listed(
        kind=query["kind"],
        after=paging.start("dead-letters", query, datetime.fromisoformat, UUID),
        limit=query["limit"] + 1,
    )
    return paging.cut("dead-letters", query, found, lambda letter: (letter.died_at, letter.id))


@endpoint(
    face,
    "/tenants/<client:client>/work/dead-letters/<ref('wrk'):item_id>/redrive",
    needs="work.write",
    method="POST",
    returns=Redriven,
)
def redrive_dead_letter(client: VisibleClient, item_id: UUID) -> dict[str, Any]:
    """Send one round again, with all its attempts."""
    dead_letters.redrive(item_id, now=tools().clock.now())
    return {"id": item_id, "state": "ready"}


@endpoint(
    face,
    "/tenants/<client:client>/work/dead-letters/<ref('wrk'):item_id>/discard",
    needs="work.write",
    method="POST",
    accepts=Discard,
    returns=Redriven,
)
def discard_dead_letter(client: VisibleClient, item_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """Throw one away, for a reason that stays on record."""
    dead_letters.discard(item_id, reason=body["reason"], now=tools().clock.now())
    return {"id": item_id, "state": "discarded"}
