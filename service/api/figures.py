"""The family of figures: each with its definition, both of its parts, and the rows that they add up from."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate

from service import moment
from service.api import paging
from service.endpoint import endpoint
from service.fields import Day, Instant, MoneyField, Ref
from tenants.directory.access import VisibleClient
from tenants.insight import family
from tenants.insight.definitions import DEFINITIONS, Definition, Rows
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.narrowing import Narrow
from tenants.values import ids
from tenants.values.money import Money

face = Blueprint("api_figures", __name__, url_prefix="/api/v1")
PREFIXES = {
    "invoice": "inv",
    "credit_note": "crn",
    "payment": "pay",
    "posting": "all",
    "hold": "hld",
    "deduction": "ded",
    "customer": "deb",
}
DAYS = 90
SIDES = ("numerator", "denominator")


class Asked(Schema):
    """As of which day, over how many days, and with what was known when."""

    as_of = Day(load_default=None, metadata={"description": "The client's today, unless another day"})
    known_at = Instant(load_default=None, metadata={"description": "Count only what was known at this instant"})
    period = fields.Integer(
        load_default=DAYS, validate=validate.Range(1, 366), metadata={"description": "Days that end with the day"}
    )
    group = fields.String(load_default="", validate=validate.Length(max=80))
    country = fields.String(load_default="", validate=validate.Regexp(r"\A([A-Z]{2}|-)?\Z"))
    owner_id = Ref("per", load_default=None, metadata={"description": "Only customers whom this person owns"})


class AskedRows(paging.PageQuery, Asked):
    """Which rows of a figure."""

    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))
    side = fields.String(load_default="numerator", validate=validate.OneOf(SIDES))


class FigureShown(Schema):
    """One figure in one currency; without a value it says why."""

    name = fields.String(required=True)
    currency = fields.String(required=True, metadata={"description": "Empty for what is counted over all currencies"})
    value = fields.Float(required=True, allow_none=True)
    unit = fields.String(required=True, metadata={"description": "days, ratio, times, or minor units of the currency"})
    numerator = fields.Integer(required=True, allow_none=True)
    denominator = fields.Integer(required=True, allow_none=True)
    reason = fields.String(required=True)
    basis = fields.String(required=True)
    as_of = fields.Date(required=True)
    known_at = Instant(required=True, allow_none=True)
    numerator_rows = fields.String(required=True, allow_none=True)
    denominator_rows = fields.String(required=True, allow_none=True)


class Figures(Schema):
    """All figures as of a day."""

    as_of = fields.Date(required=True)
    known_at = Instant(required=True, allow_none=True)
    period = fields.Integer(required=True)
    items = fields.List(fields.Nested(FigureShown), required=True)


class FigureDefined(Figures):
    """One figure, in each currency, with its definition."""

    name = fields.String(required=True)
    title = fields.String(required=True)
    unit = fields.String(required=True)
    formula = fields.String(required=True)
    basis = fields.String(required=True)


class FigureRow(Schema):
    """One thing that the figure counts."""

    kind = fields.String(required=True, validate=validate.OneOf(tuple(PREFIXES)))
    id = fields.String(required=True)
    label = fields.String(required=True)
    debtor_id = Ref("deb", required=True)
    debtor_name = fields.String(required=True)
    day = fields.Date(required=True)
    amount = MoneyField(required=True)
    days = fields.Integer(required=True)


class FigureRows(paging.page_of(FigureRow)):  # type: ignore[misc]
    """Some rows, and what all of them add up to."""

    total = MoneyField(required=True)
    count = fields.Integer(required=True)


@endpoint(face, "/tenants/<client:client>/figures", needs="insight.read", query=Asked, returns=Figures)
def show_figures(client: VisibleClient, query: dict[str, Any]) -> dict[str, Any]:
    """Every figure in every currency: how long money takes, how well it comes in, how customers pay."""
    period = spanned(query)
    return _answer(client, query, period, family.of(period, narrow=_narrow(query)))


@endpoint(
    face, "/tenants/<client:client>/figures/<key:figure>", needs="insight.read", query=Asked, returns=FigureDefined
)
def show_figure(client: VisibleClient, figure: str, query: dict[str, Any]) -> dict[str, Any]:
    """One figure with its definition."""
    known, period = family.definition(figure), spanned(query)
    said = {
        "name": known.name,
        "title": known.title,
        "unit": known.unit,
        "formula": known.formula,
        "basis": known.basis,
    }
    return said | _answer(client, query, period, family.of(period, names=[figure], narrow=_narrow(query)))


@endpoint(
    face,
    "/tenants/<client:client>/figures/<key:figure>/rows",
    needs="insight.read",
    query=AskedRows,
    returns=FigureRows,
)
def list_figure_rows(client: VisibleClient, figure: str, query: dict[str, Any]) -> dict[str, Any]:
    """The rows behind one side of a figure, the oldest first."""
    page = family.behind(
        figure,
        side=query["side"],
        currency=query["currency"],
        period=spanned(query),
        narrow=_narrow(query),
        after=paging.start(f"figure:{figure}", query, date.fromisoformat, UUID),
        limit=query["limit"],
    )
    rows = [_row(each, query["currency"]) for each in page.rows]
    total = Money(page.minor, query["currency"])
    return {**paging.answer(f"figure:{figure}", query, rows, page.next), "total": total, "count": page.count}


def spanned(query: dict[str, Any]) -> Period:
    """The days that are asked for, and what was known."""
    return Period(query["as_of"] or moment.here().today, query["period"], query["known_at"])


def _narrow(query: dict[str, Any]) -> Narrow:
    """Whose customers are meant."""
    return Narrow(query["group"], query["country"], query["owner_id"] or "")


def _answer(client: VisibleClient, query: dict[str, Any], period: Period, figures: list[Figure]) -> dict[str, Any]:
    return {
        "as_of": period.day,
        "known_at": period.known_at,
        "period": period.days,
        "items": [_shown(client, each, query, period) for each in figures],
    }


def _shown(client: VisibleClient, figure: Figure, query: dict[str, Any], period: Period) -> dict[str, Any]:
    known = DEFINITIONS.get(figure.name)
    sides = {side: getattr(figure, side) for side in SIDES}
    return {
        **{name: getattr(figure, name) for name in ("name", "currency", "unit", "reason", "basis", "as_of")},
        "known_at": figure.known_at,
        **sides,
        "value": None if figure.value is None else float(figure.value),
        "numerator_rows": _rows(client, known, known.top if known else None, "numerator", figure, query, period),
        "denominator_rows": _rows(client, known, known.bottom if known else None, "denominator", figure, query, period),
    }


def _rows(
    client: VisibleClient,
    known: Definition | None,
    rows: Rows | None,
    side: str,
    figure: Figure,
    query: dict[str, Any],
    period: Period,
) -> str | None:
    """The address of the rows behind one side, if there are any."""
    if known is None or rows is None or not figure.currency:
        return None
    asked = {"currency": figure.currency, "side": side, "as_of": period.day.isoformat(), "period": period.days}
    asked |= {name: query[name] for name in ("group", "country") if query[name]}
    if query["owner_id"] is not None:
        asked["owner_id"] = ids.show("per", query["owner_id"])
    if period.known_at is not None:
        asked["known_at"] = period.known_at.isoformat()
    return f"{url_for('api_figures.list_figure_rows', client=client.slug, figure=known.name)}?{urlencode(asked)}"


def _row(row: family.Row, currency: str) -> dict[str, Any]:
    return {
        "kind": row.kind,
        "id": ids.show(PREFIXES[row.kind], row.id),
        "label": row.label,
        "debtor_id": row.debtor_id,
        "debtor_name": row.debtor_name,
        "day": row.on_day,
        "amount": Money(row.minor, currency),
        "days": row.days,
    }
