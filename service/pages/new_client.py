"""The page on which the provider opens a client; what was typed stays when something in it is not right."""

from functools import cache
from typing import Any

from babel import Locale, numbers
from flask import Blueprint, make_response
from werkzeug.wrappers import Response

from service import post
from service.api.provider import NewClient
from service.endpoint import endpoint, tools
from service.pages import frame
from service.pages.wordings import LANGUAGES
from service.problems import STATUS
from tenants.directory import clients, openings
from tenants.directory.clients import SlugTaken
from tenants.values import calendars, ids
from tenants.values.faults import Refusal

face = Blueprint("new_client", __name__)
HERE = "/provider/clients/new"
ENGLISH = Locale("en")
FIRST = {"base_currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin", "language": "en"}


@endpoint(face, HERE, needs="platform.write")
def form_page() -> Response:
    """Everything that must be known."""
    return _page(FIRST)


@endpoint(face, HERE, needs="platform.write", method="POST", accepts=NewClient, fresh=True, opens=True)
def begin(body: dict[str, Any]) -> Response:
    """Open it; the next page is where its specialists are assigned."""
    try:
        opened = openings.begin(**body, now=tools().clock.now())
    except Refusal as refused:  # nothing was written before it was raised
        return _page(body, refused)
    post.wake()
    return frame.after_change(f"/provider/clients/{ids.show(clients.PREFIX, opened.id)}")


def _page(said: dict[str, Any], refused: Refusal | None = None) -> Response:
    page = frame.show(
        "new_client.html",
        section="provider",
        said=said,
        refused=refused,
        wrong=refused.pointer.removeprefix("/") if refused else "",
        taken=isinstance(refused, SlugTaken),
        countries=_countries(),
        currencies=_currencies(),
        zones=_zones(),
        languages=LANGUAGES,
        longest=openings.LONGEST_NAME,
        short=clients.SLUG.pattern,
    )
    return make_response(page, STATUS[refused.kind] if refused else 200)


@cache
def _countries() -> list[tuple[str, str]]:
    named = ((code, ENGLISH.territories.get(code, code)) for code, _ in calendars.countries())
    return sorted(named, key=lambda each: each[1])


@cache
def _currencies() -> list[tuple[str, str]]:
    """What is legal tender somewhere today; the domain takes every currency of ISO 4217."""
    used = {each for code, _ in calendars.countries() for each in numbers.get_territory_currencies(code)}
    return sorted((each, ENGLISH.currencies.get(each, each)) for each in used)


@cache
def _zones() -> list[str]:
    return sorted({name for _, names in calendars.countries() for name in names} | {"UTC"})
