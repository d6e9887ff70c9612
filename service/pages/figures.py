"""The catalogue of figures: what each means, its value, and the rows on either side of it."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import fields, validate

from service import cursors
from service.endpoint import endpoint
from service.fields import Instant
from service.pages import asked, frame, shown
from tenants.directory.access import VisibleClient
from tenants.insight import breakdown, family
from tenants.insight.definitions import DEFINITIONS, GROUPS, Definition
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.keeping import DAYS

face = Blueprint("figures", __name__)
PAGE = 50


class Asked(asked.Filters):
    """As of which day, over how many days, of whose customers, and with what was known when."""

    period = fields.Integer(load_default=DAYS, validate=validate.Range(1, 366))
    known_at = Instant(load_default=None)


class AskedRows(Asked):
    """Which rows of a figure."""

    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))
    side = fields.String(load_default="numerator", validate=validate.OneOf(["numerator", "denominator"]))
    after = fields.String(load_default="")


@endpoint(face, "/c/<client:client>/figures", needs="insight.read", query=Asked)
def catalogue_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Every figure with its meaning and its value in each currency."""
    stamp = frame.stamp()
    span = period(query, stamp.today)
    figures = family.of(span, narrow=asked.narrow(query))
    currencies = sorted({each.currency for each in figures}, key=lambda each: (each != client.base_currency, each))
    values = {(each.name, each.currency): each for each in figures}
    return frame.show(
        "figures.html",
        section="dashboard",
        stamp=stamp,
        period=span,
        query=query,
        options=breakdown.options(),
        told=told(query, span),
        tables=[(currency, _groups(client, currency, values, query, span)) for currency in currencies],
    )


@endpoint(face, "/c/<client:client>/figures/<key:figure>/rows", needs="insight.read", query=AskedRows)
def rows_page(client: VisibleClient, figure: str, query: dict[str, Any]) -> str:
    """The rows behind one side of a figure, under what they add up to."""
    stamp = frame.stamp()
    span, known = period(query, stamp.today), family.definition(figure)
    base = {"client": client.slug, "figure": figure} | told(query, span, side=query["side"])
    purpose = f"figure:{client.tenant_id}:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = family.behind(
        figure,
        side=query["side"],
        currency=query["currency"],
        period=span,
        narrow=asked.narrow(query),
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "figure_rows.html",
        section="dashboard",
        stamp=stamp,
        known=known,
        period=span,
        query=query,
        options=breakdown.options(),
        currency=query["currency"],
        other=_other_side(client, known, query, span),
        side=query["side"],
        base=base,
        page=page,
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


def period(query: dict[str, Any], today: date) -> Period:
    """The days that are asked for, and what was known: now, at an instant, or when the last of the days was over."""
    day = asked.day(query, today)
    return Period(day, query["period"], asked.known_at(query, day, today))


def told(query: dict[str, Any], span: Period, **over: Any) -> dict[str, Any]:
    """The question as it stands in an address."""
    said = asked.words(query, on=span.day, **{"period": span.days, "basis": "", "known": ""} | over)
    return said | ({"known_at": span.known_at.isoformat()} if span.known_at is not None else {})


def _groups(
    client: VisibleClient, currency: str, values: dict[tuple[str, str], Figure], query: dict[str, Any], span: Period
) -> list[tuple[str, list[dict[str, Any]]]]:
    """The figures under the headings of the catalogue."""
    said = told(query, span, currency=currency)
    return [
        (
            title,
            [
                {
                    "known": DEFINITIONS[name],
                    "figure": values[name, currency],
                    "value": shown.figure(values[name, currency]),
                    "sides": _sides(client, DEFINITIONS[name], said),
                }
                for name in names
            ],
        )
        for title, names in GROUPS.items()
    ]


def _sides(client: VisibleClient, known: Definition, said: dict[str, Any]) -> list[tuple[str, str]]:
    """Which rows can be opened: those of the numerator and those of the denominator."""
    above = "its rows" if known.bottom is None else "numerator"
    pairs = ((above, "numerator", known.top), ("denominator", "denominator", known.bottom))
    return [
        (words, url_for("figures.rows_page", client=client.slug, figure=known.name, **said | {"side": side}))
        for words, side, rows in pairs
        if rows is not None
    ]


def _other_side(
    client: VisibleClient, known: Definition, query: dict[str, Any], span: Period
) -> tuple[str, str] | None:
    """The way to the rows on the other side of the line."""
    if known.top is None or known.bottom is None:
        return None
    sides = _sides(client, known, told(query, span))
    return sides[1] if query["side"] == "numerator" else sides[0]
