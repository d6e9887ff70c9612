"""Letterhead of one client: who writes, from where, and where to pay; what was typed stays when it is not right."""

from dataclasses import asdict
from typing import Any

from flask import Blueprint, make_response, url_for
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from service import moment, post
from service.api import letterhead as letterhead_api
from service.endpoint import endpoint
from service.pages import frame, rules_tabs
from service.pages.wordings import LANGUAGES
from service.problems import STATUS
from tenants.directory import clients, letterheads, openings
from tenants.directory.access import VisibleClient
from tenants.values.faults import Refusal

face = Blueprint("letterhead", __name__)
PAGE = "/c/<client:client>/letterhead"
EMAIL = (validate.Length(max=254), validate.Regexp(r"^$|^[^@\s]+@[^@\s]+$", error="This is no e-mail address."))


class Letterhead(letterhead_api.Letterhead):
    """A form sends every part, empty ones too."""

    contact_email = fields.String(validate=EMAIL)


@endpoint(face, PAGE, needs="settings.read")
def letterhead_page(client: VisibleClient) -> Response:
    """What stands on letters now."""
    return _page(client)


@endpoint(face, PAGE, needs="settings.write", method="POST", accepts=Letterhead)
def change(client: VisibleClient, body: dict[str, str]) -> Response:
    """Keep who writes, and from where."""
    return _changed(client, body)


@endpoint(
    face, f"{PAGE}/account", needs="settings.write", method="POST", accepts=letterhead_api.BankAccount, fresh=True
)
def change_account(client: VisibleClient, body: dict[str, str]) -> Response:
    """Keep where to pay."""
    return _changed(client, body)


def _changed(client: VisibleClient, body: dict[str, str]) -> Response:
    here = moment.here()
    try:
        letterheads.change(**body, now=here.now, real=here.wall)
    except Refusal as refused:  # nothing was written before it was raised
        return _page(client, said=body, refused=refused)
    post.wake()
    return frame.after_change(url_for("letterhead.letterhead_page", client=client.slug))


def _page(client: VisibleClient, *, said: dict[str, Any] | None = None, refused: Refusal | None = None) -> Response:
    page = frame.show(
        "letterhead.html",
        section="rules",
        stamp=frame.stamp(),
        said=asdict(clients.profile()) | (said or {}),
        refused=refused,
        wrong=refused.pointer.removeprefix("/") if refused else "",
        languages=LANGUAGES,
        longest=openings.LONGEST_NAME,
        tabs=rules_tabs.of(client),
        tab="letterhead",
    )
    return make_response(page, STATUS[refused.kind] if refused else 200)
