"""Mail that came in: what customers wrote and machines reported, each with what followed from it, and its files."""

from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Blueprint, Response
from marshmallow import Schema, fields, validate

from service import downloads, moment
from service.api import paging
from service.endpoint import endpoint, tools
from service.fields import Instant, Ref
from tenants.collections import correspondence
from tenants.delivery import mailbag, sorting
from tenants.directory.access import VisibleClient

face = Blueprint("api_incoming", __name__, url_prefix="/api/v1")
MAILS = "/tenants/<client:client>/mails"
MAIL = f"{MAILS}/<ref('mai'):inbox_id>"
KINDS = ("reply", "auto_reply", "unclear", "bounced", "failed") + (
    "delayed",
    "delivered",
    "relayed",
    "displayed",
    "complained",
)
HOW = ("invoice_number", "sender", "nothing", "person")


class Mails(paging.PageQuery):
    """Which mails."""

    kind = fields.String(load_default="", validate=validate.OneOf(("", *KINDS)))
    message_id = Ref("msg", load_default=None, metadata={"description": "Those that came about this message of ours"})
    unsorted = fields.Boolean(load_default=False, metadata={"description": "Only those that nobody tied to an invoice"})


class Mail(Schema):
    """One mail in the list; `kind` is empty until it was read."""

    id = Ref("mai", required=True)
    at = Instant(required=True)
    kind = fields.String(required=True, validate=validate.OneOf(("", *KINDS)))
    how = fields.String(
        required=True,
        allow_none=True,
        validate=validate.OneOf(HOW),
        metadata={"description": "What led to its customer; null where it answers a message of ours"},
    )
    message_id = Ref("msg", required=True, allow_none=True)
    debtor_id = Ref("deb", required=True, allow_none=True)
    invoice_id = Ref("inv", required=True, allow_none=True)
    files = fields.Integer(required=True, metadata={"description": "How many files are kept beside it"})


class MailFile(Schema):
    """A file that came with a mail."""

    id = Ref("mfl", required=True)
    name = fields.String(required=True)
    media_type = fields.String(required=True)
    bytes = fields.Integer(required=True)
    sha256 = fields.String(required=True)


class Proof(Schema):
    """What a mail proved."""

    kind = fields.String(required=True)
    level = fields.Integer(required=True, validate=validate.Range(0, 7))
    at = Instant(required=True)


class Asked(Schema):
    """What somebody is or was asked to do because of a mail."""

    id = Ref("tsk", required=True)
    title = fields.String(required=True)
    state = fields.String(required=True)


class Done(Schema):
    """What followed from a mail."""

    status = fields.String(required=True, metadata={"description": "The code of a report, such as `5.1.1`"})
    said = fields.String(required=True, metadata={"description": "What a report says, in its own words"})
    proved = fields.List(fields.Nested(Proof), required=True)
    stopped = fields.String(
        required=True, allow_none=True, metadata={"description": "The address that is written to no more"}
    )
    tasks = fields.List(fields.Nested(Asked), required=True)


class MailOpened(Mail):
    """One mail in plain words: who it is from is what it says itself."""

    sender = fields.String(required=True)
    to = fields.String(required=True)
    subject = fields.String(required=True)
    text = fields.String(required=True)
    attachments = fields.List(fields.Nested(MailFile), required=True)
    left_inside = fields.Integer(
        required=True, metadata={"description": "Files that are no papers people send with bills, or too large"}
    )
    done = fields.Nested(Done, required=True)


class About(Schema):
    """Which invoice a mail is about."""

    number = fields.String(required=True, validate=validate.Length(1, 60))


@endpoint(face, MAILS, needs="contacts.read", query=Mails, returns=paging.page_of(Mail))
def list_mails(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Mails that came, the newest first."""
    after = paging.start("mails", query, datetime.fromisoformat, UUID)
    narrow = {name: query[name] for name in ("kind", "message_id", "unsorted")}
    found = mailbag.listed(after=after, limit=query["limit"] + 1, **narrow)
    return paging.cut("mails", query, found, lambda row: (row["at"], row["id"]))


@endpoint(face, MAIL, needs="contacts.read", returns=MailOpened)
def show_mail(client: VisibleClient, inbox_id: UUID) -> dict[str, Any]:
    """One mail: its words, its files, and what followed from it."""
    return _opened(inbox_id)


@endpoint(
    face,
    f"{MAIL}/files/<ref('mfl'):file_id>",
    needs="collections.write",
    method="POST",
    produces="application/octet-stream",
)
def take_mail_file(client: VisibleClient, inbox_id: UUID, file_id: UUID) -> Response:
    """Hand one file out, as it came; who took it stands in the history, so this is no GET."""
    taken = mailbag.take(file_id, inbox_id=inbox_id, documents_in=tools().documents, now=moment.here().now)
    return downloads.attachment(taken.body, name=taken.name, media_type=taken.media_type)


@endpoint(face, f"{MAIL}/about", needs="collections.write", method="POST", accepts=About, returns=MailOpened)
def sort_mail(client: VisibleClient, inbox_id: UUID, body: dict[str, str]) -> dict[str, Any]:
    """Say which invoice a mail is about that answers none of ours: it is then the customer's own word about it."""
    here = moment.here()
    sorting.sort(inbox_id, number=body["number"], now=here.now, real=here.wall)
    return _opened(inbox_id)


def _opened(inbox_id: UUID) -> dict[str, Any]:
    found = mailbag.opened(inbox_id, documents_in=tools().documents)
    done = mailbag.drawn(found.row)
    return {
        **found.row,
        "sender": found.words.sender,
        "to": found.words.to,
        "subject": found.words.subject,
        "text": found.words.text,
        "attachments": found.files,
        "left_inside": found.left,
        "done": {
            "status": done.status,
            "said": done.said,
            "proved": done.proved,
            "stopped": done.stopped,
            "tasks": correspondence.tasks_of(found.row),
        },
    }
