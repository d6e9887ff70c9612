"""What a client chooses for its reports, the month-end pack, and whether somebody gets the Monday digest."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

from flask import Blueprint, make_response, url_for
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service.endpoint import endpoint, tools
from service.fields import Day
from service.pages import frame
from tenants.directory import clients
from tenants.directory.access import VisibleClient
from tenants.insight import buckets, digests, exporting, pack, reporting

face = Blueprint("reports", __name__)


class Chosen(Schema):
    """The edges of the buckets, and whether there is a digest at all."""

    edges = fields.String(required=True, validate=validate.Length(max=80))
    digest = fields.Boolean(load_default=False)


class Quiet(Schema):
    """Whether the digest is silenced for whoever asks."""

    quiet = fields.Boolean(load_default=False)


class PackAsked(Schema):
    """As of which day; the end of the last month unless another."""

    as_of = Day(load_default=None)
    currency = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{3})?\Z"))
    file = fields.String(load_default="pdf", validate=validate.OneOf(["pdf", "xlsx"]))


@endpoint(face, "/c/<client:client>/reporting", needs="insight.read")
def reporting_page(client: VisibleClient) -> str:
    """What the client chose."""
    person, choice = frame.signed_in().person_id, reporting.choice()
    return frame.show(
        "reporting.html",
        section="dashboard",
        stamp=frame.stamp(),
        choice=choice,
        spans=[(low + 1, high) for low, high in pairwise((0, *choice.edges))],
        quiet=person is not None and digests.is_quiet(person),
        month_end=frame.stamp().today.replace(day=1) - timedelta(days=1),
    )


@endpoint(face, "/c/<client:client>/reporting", needs="settings.write", method="POST", accepts=Chosen)
def choose(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Keep other edges, or the digest on or off."""
    reporting.choose(_edges(body["edges"]), digest=body["digest"])
    return frame.after_change(url_for("reports.reporting_page", client=client.slug))


@endpoint(face, "/c/<client:client>/reporting/quiet", needs="insight.read", method="POST", accepts=Quiet)
def silence(client: VisibleClient, body: dict[str, Any]) -> Response:
    """Silence the digest for whoever asks, or hear it again."""
    person = frame.signed_in().person_id
    if person is not None:
        digests.silence(person, quiet=body["quiet"], now=clients.clock().now(tools().clock.now()))
    return frame.after_change(url_for("reports.reporting_page", client=client.slug))


@endpoint(face, "/c/<client:client>/pack", needs="insight.read", query=PackAsked)
def pack_paper(client: VisibleClient, query: dict[str, Any]) -> Response:
    """The month-end pack: the figures, the aging, what was done, what is disputed and what was written off."""
    stamp = frame.stamp()
    day = min(query["as_of"] or stamp.today.replace(day=1) - timedelta(days=1), stamp.today)
    found = pack.of(day, today=stamp.today, now=stamp.now, currency=query["currency"])
    as_book = query["file"] == "xlsx"
    response = make_response((pack.workbook if as_book else pack.pdf)(found, now=stamp.now))
    response.headers["Content-Type"] = exporting.TYPES["xlsx"] if as_book else "application/pdf"
    way = "attachment" if as_book else "inline"
    response.headers["Content-Disposition"] = f'{way}; filename="{client.slug}-pack-{day}.{query["file"]}"'
    return response


def _edges(text: str) -> list[int]:
    """Whole days divided by commas or blanks. Raises BadEdges."""
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isascii() and part.isdecimal() and len(part) <= 4 for part in parts):
        raise buckets.BadEdges("Edges are whole days, divided by commas: 30, 60, 90.", pointer="/edges")
    return [int(part) for part in parts]
