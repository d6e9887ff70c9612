"""Views that people keep: a dashboard with everything that was chosen on it, under a name."""

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
KEPT = ("basis", "group", "country", "owner", "currency", "by", "as_of", "known")


class NewView(asked.Shown):
    """What is kept, and under which name."""

    name = fields.String(required=True, validate=validate.Length(1, 60))
    shared = fields.Boolean(load_default=False)


@endpoint(face, "/c/<client:client>/views", needs="insight.read", method="POST", accepts=NewView)
def save_view(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep what is chosen on the dashboard; without a day it is always of today."""
    told = asked.words(body, on=body["as_of"], by=body["by"])
    views.save(
        body["name"],
        person_id=_person(),
        page="dashboard",
        asked={name: str(value) for name, value in told.items() if name in KEPT},
        shared=body["shared"],
        now=clients.clock().now(tools().clock.now()),
    )
    return frame.after_change(url_for("dashboard.dashboard_page", client=client.slug, **told))


@endpoint(face, "/c/<client:client>/views/<ref('viw'):view_id>/drop", needs="insight.read", method="POST")
def drop_view(client: VisibleClient, view_id: UUID) -> Response:
    """Take an own view away."""
    views.drop(view_id, person_id=_person())
    return frame.after_change(url_for("dashboard.dashboard_page", client=client.slug))


def opened(client: VisibleClient) -> list[tuple[View, str]]:
    """The views that whoever is calling may open, each with its address."""
    person = frame.signed_in().person_id
    return [
        (each, url_for("dashboard.dashboard_page", client=client.slug, **_kept(each)))
        for each in ([] if person is None else views.seen_by(person))
    ]


def _kept(view: View) -> dict[str, Any]:
    """What a view asks, as far as the page still knows it."""
    return {name: value for name, value in view.asked.items() if name in KEPT}


def _person() -> UUID:
    """Whoever keeps views is a person; a machine keeps its own questions."""
    person = frame.signed_in().person_id
    if person is None:
        raise problems.NotAllowed("Views are kept for people.")
    return person
