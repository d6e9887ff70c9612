"""Views that people keep: a dashboard or a list with everything that was chosen on it, under a name."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from service import problems
from service.endpoint import endpoint, tools
from service.pages import asked, frame
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import views
from tenants.insight.views import View

face = Blueprint("views", __name__)
PAGES = {
    "dashboard": (
        "dashboard.dashboard_page",
        ("basis", "group", "country", "owner", "currency", "by", "as_of", "known"),
    ),
    "invoices": ("invoices.list_page", ("standing", "delivery", "currency", "q")),
}
"""Of each page that can be kept: its address, and what may be chosen on it."""


class NewView(asked.Shown):
    """What is kept, and under which name."""

    name = fields.String(required=True, validate=validate.Length(1, 60))
    shared = fields.Boolean(load_default=False)


@endpoint(face, "/c/<client:client>/views", needs="insight.read", method="POST", accepts=NewView)
def save_view(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep what is chosen on the dashboard; without a day it is always of today."""
    return keep(client, "dashboard", body, asked.words(body, on=body["as_of"], by=body["by"]))


def keep(client: VisibleClient, page: str, body: Mapping[str, Any], told: Mapping[str, Any]) -> Response:
    """Keep what is told of a page under the name that the form gives, and show it."""
    endpoint_name, known = PAGES[page]
    views.save(
        body["name"],
        person_id=_person(),
        page=page,
        asked={name: str(value) for name, value in told.items() if name in known},
        shared=body["shared"],
        now=clients.clock().now(tools().clock.now()),
    )
    return frame.after_change(url_for(endpoint_name, client=client.slug, **told))


@endpoint(face, "/c/<client:client>/views/<ref('viw'):view_id>/drop", needs="insight.read", method="POST")
def drop_view(client: VisibleClient, view_id: UUID) -> Response:
    """Take an own view away."""
    page = views.drop(view_id, person_id=_person())
    return frame.after_change(url_for(PAGES[page][0], client=client.slug))


def opened(client: VisibleClient, page: str = "dashboard") -> list[tuple[View, str]]:
    """The views of a page that whoever is calling may open, each with its address; what the page no longer knows of
    them is left out."""
    person, (endpoint_name, known) = frame.signed_in().person_id, PAGES[page]
    found = [] if person is None else [each for each in views.seen_by(person) if each.page == page]
    asked_for = [(each, {name: value for name, value in each.asked.items() if name in known}) for each in found]
    return [(each, url_for(endpoint_name, client=client.slug, **told)) for each, told in asked_for]


def _person() -> UUID:
    """Whoever keeps views is a person; a machine keeps its own questions."""
    person = frame.signed_in().person_id
    if person is None:
        raise problems.NotAllowed("Views are kept for people.")
    return person
