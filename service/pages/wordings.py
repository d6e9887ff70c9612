"""Message texts of one client: which templates there are, whose words speak, and an editor that shows them to three
customers before anybody publishes them."""

from typing import Any

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import moment
from service.endpoint import endpoint
from service.pages import frame, rules_tabs
from tenants.delivery import rendering, trying, wordings
from tenants.delivery.wordings import Place
from tenants.directory.access import VisibleClient
from tenants.values.faults import Refusal

face = Blueprint("wordings", __name__)
LANGUAGES = {"en": "English", "de": "German"}
FIELDS = (
    ("creditor.name", "the client"),
    ("creditor.person", "who signs"),
    ("creditor.phone", "the phone"),
    ("creditor.iban", "the account"),
    ("reader.name", "who reads"),
    ("reader.company", "the customer"),
    ("reader.number", "its number"),
    ("items", "the invoices: number, amount, open, due of each"),
    ("today", "the day"),
)


class Where(Schema):
    """Which template, in which language, for which group."""

    template = fields.String(required=True, validate=validate.OneOf(tuple(rendering.TEMPLATES)))
    language = fields.String(load_default="en", validate=validate.OneOf(tuple(LANGUAGES)))
    group = fields.String(load_default="", validate=validate.Length(max=80))


class Words(Where):
    """The text of the editor."""

    source = fields.String(required=True, validate=validate.Length(1, wordings.LONGEST))


class Choice(Where):
    """Which version speaks; none gives the word back to us."""

    version = fields.Integer(load_default=None, allow_none=True, validate=validate.Range(min=1))


@endpoint(face, "/c/<client:client>/message-texts", needs="rules.read")
def list_page(client: VisibleClient) -> str:
    """Every template, and in which languages and groups the client's own words speak."""
    own: dict[str, list[Any]] = {name: [] for name in rendering.TEMPLATES}
    for row in wordings.everything():
        own[row["template"]].append(row)
    return frame.show(
        "wordings.html",
        section="rules",
        stamp=frame.stamp(),
        own=own,
        languages=LANGUAGES,
        tabs=rules_tabs.of(client),
        tab="wordings",
    )


@endpoint(face, "/c/<client:client>/message-texts/text", needs="rules.read", query=Where)
def text_page(client: VisibleClient, query: dict[str, str]) -> str:
    """The editor at one place, with its versions."""
    place = _place(query)
    found = wordings.versions(place)
    source = found[0]["source"] if found else wordings.ours(place)
    return _editor(client, place, source.replace("\r\n", "\n"))


@endpoint(face, "/c/<client:client>/message-texts/preview", needs="rules.propose", method="POST", accepts=Words)
def preview(client: VisibleClient, body: dict[str, str]) -> str:
    """The words as three customers would read them, or what must be changed first; nothing is kept."""
    here, source = moment.here(), _unix(body["source"])
    try:
        wordings.check(_place(body), source)
        mails = trying.examples(_place(body), now=here.now, today=here.today)
        shown, fault = wordings.preview(source, mails), None
    except Refusal as refused:
        shown, fault = [], refused
    return frame.fragment("parts/wording_preview.html", shown=shown, fault=fault)


@endpoint(face, "/c/<client:client>/message-texts", needs="rules.propose", method="POST", accepts=Words)
def keep(client: VisibleClient, body: dict[str, str]) -> Response | str:
    """Keep the text as a draft; a fault is shown beside it and nothing is lost."""
    place, source = _place(body), _unix(body["source"])
    try:
        wordings.keep(place, source, now=moment.here().now)
    except Refusal as refused:
        return _editor(client, place, source, fault=refused)
    return frame.after_change(_address(client, place))


@endpoint(face, "/c/<client:client>/message-texts/speak", needs="rules.publish", method="POST", accepts=Choice)
def speak(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Let a version speak, or give the word back to us."""
    place, now = _place(body), moment.here().now
    if body["version"] is None:
        wordings.silence(place, now=now)
    else:
        wordings.publish(place, version=body["version"], now=now)
    return frame.after_change(_address(client, place))


def _editor(client: VisibleClient, place: Place, source: str, *, fault: Refusal | None = None) -> str:
    return frame.show(
        "wording.html",
        section="rules",
        stamp=frame.stamp(),
        place=place,
        source=source,
        fault=fault,
        versions=wordings.versions(place),
        languages=LANGUAGES,
        names=FIELDS,
        tabs=rules_tabs.of(client),
        tab="wordings",
    )


def _place(given: dict[str, Any]) -> Place:
    return Place(given["template"], given["language"], given["group"].strip())


def _address(client: VisibleClient, place: Place) -> str:
    return url_for(
        "wordings.text_page",
        client=client.slug,
        template=place.template,
        language=place.language,
        group=place.group_key,
    )


def _unix(text: str) -> str:
    """Forms send lines as networks do."""
    return text.replace("\r\n", "\n")
