"""The history of one client: who changed what, when and why, and whether the chain of lines is whole."""

from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import cursors
from service.api import history as history_api
from service.endpoint import endpoint, tools
from service.fields import Day
from service.pages import acts, frame
from tenants.directory import memberships
from tenants.directory.access import VisibleClient
from tenants.events import history

face = Blueprint("history", __name__)
LINES = 50
CURSOR = "history page"


class AskedOwn(Schema):
    """Which of the lines of whoever is calling."""

    object = fields.String(load_default="", validate=validate.Length(max=60))
    act = fields.String(load_default="", validate=validate.Length(max=80))
    since = fields.String(load_default="", validate=validate.Length(max=10))
    until = fields.String(load_default="", validate=validate.Length(max=10))
    cursor = fields.String(load_default="", validate=validate.Length(max=2000))


class Asked(AskedOwn):
    """Which lines."""

    actor = fields.String(load_default="", validate=validate.Length(max=80))


@endpoint(face, "/c/<client:client>/history", needs="history.read", query=Asked)
def history_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """A page of lines, narrowed as asked."""
    return _page(client, query, at="history.history_page")


@endpoint(face, "/c/<client:client>/history/own", needs="own_history.read", query=AskedOwn)
def own_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """What whoever is calling did here."""
    return _page(client, {**query, "actor": history_api.own()}, at="history.own_page")


def _page(client: VisibleClient, query: dict[str, Any], *, at: str) -> str:
    is_own = at == "history.own_page"
    purpose = f"{CURSOR} of {query['actor']}" if is_own else CURSOR
    place = cursors.read(purpose, query["cursor"])
    after = (datetime.fromisoformat(str(place[0])), UUID(str(place[1]))) if place else None
    found = history.page(**_narrowed(query), after=after, limit=LINES + 1)
    shown = found[:LINES]
    last = shown[-1] if len(found) > LINES else None
    kept = {"cursor", "actor"} if is_own else {"cursor"}
    filters = {name: value for name, value in query.items() if value and name not in kept}
    further = cursors.write(purpose, [last["at"].isoformat(), str(last["id"])]) if last else None
    here = url_for(at, client=client.slug, **filters)
    return frame.show(
        "history.html",
        section="own_history" if is_own else "history",
        stamp=frame.stamp(),
        lines=shown,
        acts=acts,
        names=_names(),
        asked=query,
        at=at,
        public_id=history_api.public_id,
        further=f"{here}{'&' if filters else '?'}cursor={further}" if further else "",
        start=here if place else "",
        export="" if is_own else url_for("history.export", client=client.slug, **filters),
    )


@endpoint(face, "/c/<client:client>/history/chain", needs="history.read")
def chain_piece(client: VisibleClient) -> str:
    """What walking the chain found, as a piece of the page: walking takes longer than reading."""
    return frame.fragment("parts/chain.html", chain=history_api.chain())


@endpoint(
    face, "/c/<client:client>/history/table", needs="history.export", query=Asked, produces="text/csv", fresh=True
)
def export(client: VisibleClient, query: dict[str, Any]) -> Response:
    """The same lines as a file."""
    return history_api.table(client.slug, {**query, "since": _day(query["since"]), "until": _end(query["until"])})


def _narrowed(query: dict[str, Any]) -> dict[str, Any]:
    asked = {**query, "since": _day(query["since"]), "until": _end(query["until"])}
    return history_api.narrowed(asked)


def _day(text: str) -> datetime | None:
    """The beginning of a day, in UTC; nothing for nothing."""
    return datetime.combine(Day().deserialize(text), time.min, UTC) if text else None


def _end(text: str) -> datetime | None:
    begun = _day(text)
    return begun + timedelta(days=1) if begun else None


def _names() -> dict[str, str]:
    """The names of the people who act here now, by how lines name them."""
    return {f"person:{each.person_id}": each.person_name for each in memberships.live(now=tools().clock.now())}
