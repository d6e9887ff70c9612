"""Wordings: the client's own words for the messages that go to its customers."""

import re
from typing import Any

from flask import Blueprint
from marshmallow import Schema, fields, validate

from service import moment
from service.endpoint import endpoint
from service.fields import Actor, Instant
from tenants.delivery import rendering, trying, wordings
from tenants.delivery.wordings import Place
from tenants.directory.access import VisibleClient

face = Blueprint("api_wordings", __name__, url_prefix="/api/v1")
AT = "/tenants/<client:client>/wordings/<key:template>/<key:language>"
NAMES = {"-".join(re.findall(r"[a-z]+", name.lower())): name for name in rendering.TEMPLATES}
"""Templates by the key that stands in addresses."""


class Group(Schema):
    """For which customer group, or nobody in particular."""

    group = fields.String(load_default="", validate=validate.Length(max=80))


class Spoken(Schema):
    """One template, and who speaks."""

    template = fields.String(required=True)
    language = fields.String(required=True)
    group_key = fields.String(required=True)
    newest = fields.Integer(required=True)
    spoken = fields.Integer(required=True, allow_none=True)


class Template(Schema):
    """One message that we can send."""

    key = fields.String(required=True)
    name = fields.String(required=True)


class Everything(Schema):
    """All words of the client's own; templates without are spoken in ours."""

    templates = fields.List(fields.Nested(Template), required=True)
    items = fields.List(fields.Nested(Spoken), required=True)


class Version(Schema):
    """One version of the words."""

    version = fields.Integer(required=True)
    source = fields.String(required=True)
    worded_by = Actor(required=True)
    worded_at = Instant(required=True)
    speaks = fields.Boolean(required=True)


class Versions(Schema):
    """Our own words, and the client's versions, newest first."""

    ours = fields.String(required=True)
    items = fields.List(fields.Nested(Version), required=True)


class Words(Schema):
    """New words: the first line is the subject, then a line of ---, then the letter."""

    source = fields.String(required=True, validate=validate.Length(1, wordings.LONGEST))
    group = fields.String(load_default="", validate=validate.Length(max=80))


class Kept(Schema):
    """A version that was kept."""

    version = fields.Integer(required=True)


class Choice(Schema):
    """Which version speaks; nothing gives the word back to us."""

    version = fields.Integer(required=True, allow_none=True, validate=validate.Range(min=1))
    group = fields.String(load_default="", validate=validate.Length(max=80))


class Mail(Schema):
    """The words as one customer would read them."""

    customer = fields.String(required=True)
    subject = fields.String(required=True)
    text = fields.String(required=True)
    html = fields.String(required=True)


class Preview(Schema):
    """The words for up to three real customers."""

    items = fields.List(fields.Nested(Mail), required=True)


@endpoint(face, "/tenants/<client:client>/wordings", needs="rules.read", returns=Everything)
def list_wordings(client: VisibleClient) -> dict[str, Any]:
    """Which templates there are, and where the client's own words speak."""
    templates = [{"key": key, "name": name} for key, name in NAMES.items()]
    return {"templates": templates, "items": wordings.everything()}


@endpoint(face, AT, needs="rules.read", query=Group, returns=Versions)
def show_wording(client: VisibleClient, template: str, language: str, query: dict[str, str]) -> dict[str, Any]:
    """Every version of the words at one place."""
    place = _place(template, language, query)
    items = [{**row, "speaks": row["version"] == row["spoken_version"]} for row in wordings.versions(place)]
    return {"ours": wordings.ours(place), "items": items}


@endpoint(face, AT, needs="rules.propose", method="POST", accepts=Words, returns=Kept, status=201)
def keep_wording(client: VisibleClient, template: str, language: str, body: dict[str, str]) -> dict[str, Any]:
    """Keep new words as a draft."""
    place = _place(template, language, body)
    return {"version": wordings.keep(place, body["source"], now=moment.here().now)}


@endpoint(face, f"{AT}/speak", needs="rules.publish", method="POST", accepts=Choice, returns=Versions)
def choose_wording(client: VisibleClient, template: str, language: str, body: dict[str, Any]) -> dict[str, Any]:
    """Let a version speak, or give the word back to us; never by its own author."""
    place, now = _place(template, language, body), moment.here().now
    if body["version"] is None:
        wordings.silence(place, now=now)
    else:
        wordings.publish(place, version=body["version"], now=now)
    items = [{**row, "speaks": row["version"] == row["spoken_version"]} for row in wordings.versions(place)]
    return {"ours": wordings.ours(place), "items": items}


@endpoint(face, f"{AT}/preview", needs="rules.propose", method="POST", accepts=Words, returns=Preview)
def preview_wording(client: VisibleClient, template: str, language: str, body: dict[str, str]) -> dict[str, Any]:
    """The words as three of the client's customers would read them; nothing is kept or sent."""
    place, here = _place(template, language, body), moment.here()
    wordings.check(place, body["source"])
    mails = trying.examples(place, now=here.now, today=here.today)
    return {
        "items": [
            {"customer": name, "subject": said.subject, "text": said.text, "html": said.html}
            for name, said in wordings.preview(body["source"], mails)
        ]
    }


def _place(template: str, language: str, given: dict[str, Any]) -> Place:
    """The place that an address names. Raises UnknownTemplate."""
    return Place(rendering.known(NAMES.get(template, template)), language, given["group"])
