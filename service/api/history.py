"""The history: every change that a person may ask about, with its actor."""

import csv
import io
import json
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from werkzeug.wrappers import Response

from service import downloads, identity
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Actor, Instant
from tenants.directory.access import VisibleClient
from tenants.events import history, history_chain, history_check
from tenants.values import ids, sheets

face = Blueprint("api_history", __name__, url_prefix="/api/v1")
MOST_EXPORTED = 50_000
COLUMNS = (
    "number",
    "at",
    "actor",
    "actor_name",
    "act",
    "object_kind",
    "object",
    "was",
    "became",
    "reason",
    "request_id",
    "hash",
)
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
    "mail": "mai",
    "connection": "idp",
    "access_grant": "agr",
    "scim_token": "sct",
    "scim_user": "scu",
    "scim_group": "scg",
}
"""What a line of the history may be about, and the prefix of its public id."""


class OwnHistory(paging.PageQuery):
    """What the caller did, in the whole client or with one object by its public id."""

    object = fields.String(load_default="", metadata={"description": "The public id of an object, such as inv_…"})
    act = fields.String(load_default="", validate=validate.Length(max=80), metadata={"description": "What was done"})
    since = Instant(load_default=None, metadata={"description": "Not before this instant"})
    until = Instant(load_default=None, metadata={"description": "Before this instant"})

    @validates_schema
    def _names_an_object(self, data: dict[str, Any], **_: Any) -> None:
        if data["object"] and about(data["object"]) is None:
            raise ValidationError("This is not the id of anything that has a history.", "object")


class History(OwnHistory):
    """The history of the whole client, or of one object by its public id."""

    actor = fields.String(
        load_default="",
        validate=validate.Length(max=80),
        metadata={"description": "Who did it, as the lines say it, such as person:per_…"},
    )


class Entry(Schema):
    """One change."""

    number = fields.Integer(attribute="seq", required=True, metadata={"description": "Its place in the chain"})
    at = Instant(required=True)
    actor = Actor(required=True)
    actor_name = fields.String(required=True)
    act = fields.String(required=True)
    object = fields.Function(
        lambda row: public_id(row["object_kind"], row["object_id"]), metadata={"type": ["string", "null"]}
    )
    object_kind = fields.String(required=True)
    was = fields.Dict(required=True, allow_none=True)
    became = fields.Dict(required=True, allow_none=True)
    reason = fields.String(required=True)
    request_id = fields.String(required=True)
    hash = fields.Function(lambda row: row["hash"].hex(), metadata={"type": "string"})


class HistoryChain(Schema):
    """Whether the history is what was written."""

    whole = fields.Boolean(required=True)
    lines = fields.Integer(required=True)
    first_bad = fields.Integer(required=True, allow_none=True)
    why = fields.String(required=True)
    public_key = fields.String(required=True, metadata={"description": "Ed25519, which signs the chain; in hex"})


@endpoint(face, "/tenants/<client:client>/history", needs="history.read", query=History, returns=paging.page_of(Entry))
def list_history(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Changes, the newest first."""
    return paged(query)


@endpoint(
    face,
    "/tenants/<client:client>/history/own",
    needs="own_history.read",
    query=OwnHistory,
    returns=paging.page_of(Entry),
)
def list_own_history(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """What the caller changed here, the newest first."""
    return paged({**query, "actor": own()})


@endpoint(face, "/tenants/<client:client>/history/chain", needs="history.read", returns=HistoryChain)
def check_history(client: VisibleClient) -> dict[str, Any]:
    """Walk the chain and name the first number that is wrong."""
    return chain()


@endpoint(
    face,
    "/tenants/<client:client>/history.csv",
    needs="history.export",
    query=History,
    produces="text/csv",
    fresh=True,
)
def export_history(client: VisibleClient, query: dict[str, Any]) -> Response:
    """The same changes as a table, at most fifty thousand of the newest."""
    return table(client.slug, query)


def paged(query: dict[str, Any]) -> dict[str, Any]:
    """A page of lines, narrowed as asked."""
    after = paging.start("history", query, datetime.fromisoformat, UUID)
    found = history.page(**narrowed(query), after=after, limit=query["limit"] + 1)
    return paging.cut("history", query, found, lambda row: (row["at"], row["id"]))


def own() -> str:
    """How lines of the history name whoever is calling."""
    caller = identity.caller(tools().clock.now())
    assert caller is not None
    return caller.actor


def chain() -> dict[str, Any]:
    """What walking the chain found."""
    found = history_check.verify()
    return {"whole": found.whole, **asdict(found), "public_key": history_chain.seal().public_key.hex()}


def narrowed(query: dict[str, Any]) -> dict[str, Any]:
    """The filters as the domain takes them."""
    actor = query["actor"]
    kind, _, rest = actor.partition(":")
    prefix = Actor.KINDS.get(kind, "")
    if prefix and rest.startswith(f"{prefix}_"):
        actor = f"{kind}:{_id(prefix, rest)}"
    asked = {name: query[name] for name in ("act", "since", "until")}
    return {"of": about(query["object"]) if query["object"] else None, "actor": actor, **asked}


def table(name: str, query: dict[str, Any]) -> Response:
    """A file of lines, the newest first, in which no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in history.page(**narrowed(query), limit=MOST_EXPORTED):
        line = Entry().dump(row)
        cells = [line[column] for column in COLUMNS]
        writer.writerow([_cell(each) for each in cells])
    return downloads.attachment("\ufeff" + out.getvalue(), name=f"history-{name}.csv", media_type=downloads.CSV)


def _cell(value: Any) -> str | int:
    if value is None or isinstance(value, int):
        return "" if value is None else value
    return sheets.safe(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True))


def _id(prefix: str, text: str) -> str:
    try:
        return str(ids.read(prefix, text))
    except ids.BadId:
        return text


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
