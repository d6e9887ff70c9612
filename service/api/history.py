"""The history: every change that a person may ask about, with its actor."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validates_schema

from service.api import paging
from service.endpoint import endpoint
from service.fields import Actor, Instant
from tenants.directory.access import VisibleClient
from tenants.events import history
from tenants.values import ids

face = Blueprint("api_history", __name__, url_prefix="/api/v1")
KINDS = {
    "invoice": "inv",
    "debtor": "deb",
    "task": "tsk",
    "alert": "alt",
    "hold": "hld",
    "rule": "rul",
    "person": "per",
    "membership": "mem",
    "client": "ten",
    "work_item": "wrk",
    "import": "imp",
    "message": "msg",
}
"""What a line of the history may be about, and the prefix of its public id."""


class History(paging.PageQuery):
    """The history of the whole client, or of one object by its public id."""

    object = fields.String(load_default="", metadata={"description": "The public id of an object, such as inv_…"})

    @validates_schema
    def _names_an_object(self, data: dict[str, Any], **_: Any) -> None:
        if data["object"] and about(data["object"]) is None:
            raise ValidationError("This is not the id of anything that has a history.", "object")


class Entry(Schema):
    """One change."""

    at = Instant(required=True)
    actor = Actor(required=True)
    actor_name = fields.String(required=True)
    act = fields.String(required=True)
    object = fields.Function(lambda row: public_id(row["object_kind"], row["object_id"]), metadata={"type": "string"})
    object_kind = fields.String(required=True)
    was = fields.Dict(required=True, allow_none=True)
    became = fields.Dict(required=True, allow_none=True)
    reason = fields.String(required=True)


@endpoint(face, "/tenants/<client:client>/history", needs="history.read", query=History, returns=paging.page_of(Entry))
def list_history(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Changes, the newest first."""
    found = history.page(
        of=about(query["object"]) if query["object"] else None,
        after=paging.start("history", query, datetime.fromisoformat, UUID),
        limit=query["limit"] + 1,
    )
    return paging.cut("history", query, found, lambda row: (row["at"], row["id"]))


def about(text: str) -> tuple[str, UUID] | None:
    """The kind and the id of an object that has a history; None for any other text."""
    for kind, prefix in KINDS.items():
        if text.startswith(f"{prefix}_"):
            try:
                return kind, ids.read(prefix, text)
            except ids.BadId:
                return None
    return None


def public_id(kind: str, object_id: UUID | None) -> str | None:
    """An object as it is named outside; an unknown kind has no public name."""
    return ids.show(KINDS[kind], object_id) if object_id is not None and kind in KINDS else None
