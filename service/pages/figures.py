"""The catalogue of figures: what each means, its value, and the rows on either side of it."""

from datetime import date
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate

from service import cursors
from service.endpoint import endpoint
from service.fields import Day
from service.pages import frame, shown
from tenants.directory.access import VisibleClient
from tenants.insight import family
from tenants.insight.definitions import DEFINITIONS, Definition
from tenants.insight.facts import Period
from tenants.insight.figures import Figure

face = Blueprint("figures", __name__)
PAGE = 50
DAYS = 90


class Asked(Schema):
    """As of which day, and over how many days."""

    as_of = Day(load_default=None)
    period = fields.Integer(load_default=DAYS, validate=validate.Range(1, 366))


class AskedRows(Asked):
    """Which rows of a figure."""

    currency = fields.String(required=True, validate=validate.Regexp("^[A-Z]{3}$"))
    side = fields.String(load_default="numerator", validate=validate.OneOf(["numerator", "denominator"]))
    after = fields.String(load_default="")


@endpoint(face, "/c/<client:client>/figures", needs="insight.read", query=Asked)
def catalogue_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Every figure with its meaning and its value in each currency."""
    stamp = frame.stamp()
    period = _period(query, stamp.today)
    figures = family.of(period)
    currencies = sorted({each.currency for each in figures}, key=lambda each: (each != client.base_currency, each))
    values = {(each.name, each.currency): each for each in figures}
    return frame.show(
        "figures.html",
        section="dashboard",
        stamp=stamp,
        period=period,
        tables=[(currency, _lines(client, currency, values, period)) for currency in currencies],
    )


@endpoint(face, "/c/<client:client>/figures/<key:figure>/rows", needs="insight.read", query=AskedRows)
def rows_page(client: VisibleClient, figure: str, query: dict[str, Any]) -> str:
    """The rows behind one side of a figure, under what they add up to."""
    stamp = frame.stamp()
    period, known = _period(query, stamp.today), family.definition(figure)
    base = {"client": client.slug, "figure": figure} | _asked(period, query["currency"], query["side"])
    purpose = f"figure:{client.tenant_id}:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = family.behind(
        figure,
        side=query["side"],
        currency=query["currency"],
        period=period,
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "figure_rows.html",
        section="dashboard",
        stamp=stamp,
        known=known,
        period=period,
        currency=query["currency"],
        side=query["side"],
        base=base,
        page=page,
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


def _period(query: dict[str, Any], today: date) -> Period:
    return Period(min(query["as_of"] or today, today), query["period"])


def _asked(period: Period, currency: str, side: str) -> dict[str, Any]:
    return {"currency": currency, "side": side, "as_of": period.day.isoformat(), "period": period.days}


def _lines(
    client: VisibleClient, currency: str, values: dict[tuple[str, str], Figure], period: Period
) -> list[dict[str, Any]]:
    return [
        {
            "known": known,
            "figure": values[known.name, currency],
            "value": _value(values[known.name, currency]),
            "sides": _sides(client, known, currency, period),
        }
        for known in DEFINITIONS.values()
    ]


def _sides(client: VisibleClient, known: Definition, currency: str, period: Period) -> list[tuple[str, str]]:
    """Which rows can be opened: those above and those below the line."""
    pairs = (("above the line", "numerator", known.top), ("below the line", "denominator", known.bottom))
    return [
        (
            words,
            url_for("figures.rows_page", client=client.slug, figure=known.name, **_asked(period, currency, side)),
        )
        for words, side, rows in pairs
        if rows is not None
    ]


def _value(figure: Figure) -> str:
    """The value as a screen shows it; rounded here and nowhere else."""
    if figure.value is None:
        return ""
    if figure.unit == "minor":
        return shown.money(int(figure.value), figure.currency)
    if figure.unit == "ratio":
        return f"{float(figure.value) * 100:.1f} %"
    return f"{float(figure.value):,.1f} {figure.unit}"
