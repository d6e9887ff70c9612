"""How well each person collects: their own days only, beside what they look after, and the rows of both."""

from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import fields, validate
from werkzeug.wrappers import Response

from service import downloads
from service.endpoint import endpoint, tools
from service.pages import figures, frame, shown
from service.pages.exports import Kind
from tenants.directory.access import VisibleClient
from tenants.insight import breakdown, collectors, exporting
from tenants.insight.collectors import Collector
from tenants.insight.exporting import Cell, Share, Sheet
from tenants.insight.facts import Period
from tenants.insight.formulas import Answer
from tenants.insight.narrowing import WITHOUT, Narrow
from tenants.rules import people
from tenants.values.money import Money

face = Blueprint("collectors", __name__)


class AskedRows(figures.Asked):
    """Whose rows."""

    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))


class AskedFile(figures.Asked, Kind):
    """Everybody as a file."""


@endpoint(face, "/c/<client:client>/collectors", needs="team.read", query=figures.Asked)
def list_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """Everybody who looked after customers in the period, and the form that gives customers to somebody."""
    stamp = frame.stamp()
    period = figures.period(query, stamp.today)
    found = sorted(collectors.of(period, narrow=_narrow(query)), key=lambda each: each.currency != client.base_currency)
    return frame.show(
        "collectors.html",
        section="dashboard",
        stamp=stamp,
        period=period,
        query=query,
        options=breakdown.options(),
        told=_told(query, period),
        lines=[_line(client, each, query, period) for each in found],
        staff=people.staff(now=stamp.now),
    )


@endpoint(face, "/c/<client:client>/collectors/rows", needs="team.read", query=AskedRows)
def rows_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The customers of one person, each with the days that were theirs."""
    stamp = frame.stamp()
    period = figures.period(query, stamp.today)
    whose = None if query["owner"] in ("", WITHOUT) else UUID(query["owner"])
    found = collectors.one(period, owner=whose, currency=query["currency"], narrow=_narrow(query))
    return frame.show(
        "collector.html",
        section="dashboard",
        stamp=stamp,
        period=period,
        person=found,
        cei=_percent(found.effectiveness),
        rows=collectors.stretches(found),
        back=url_for("collectors.list_page", client=client.slug, **_told(query, period) | {"owner": ""}),
    )


@endpoint(face, "/c/<client:client>/collectors/export", needs="team.read", query=AskedFile, fresh=True)
def collectors_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Everybody, and every stretch of days, as a file."""
    period = figures.period(query, frame.stamp().today)
    found = collectors.of(period, narrow=_narrow(query))
    heads = ("Person", "Effectiveness", "Opening", "Sales", "Closing", "Not due yet", "Customers now", "Open now")
    lines: list[list[Cell]] = [
        [each.name, _share(each.effectiveness), *_amounts(each), each.customers, Money(each.held_minor, each.currency)]
        for each in found
    ]
    stretches: list[list[Cell]] = [
        [each.name, row.debtor_name, row.first_on, row.last_on, *_amounts(row)]
        for each in found
        for row in each.stretches
    ]
    notes = (("From", period.first_on.isoformat()), ("To", period.day.isoformat()))
    sheets = [
        Sheet("People", heads, lines, notes),
        Sheet("Their days", ("Person", "Customer", "From", "To", *heads[2:6]), stretches),
    ]
    made = exporting.made(query["file"], sheets, now=tools().clock.now())
    name = f"{client.slug}-people-{period.day}.{query['file']}"
    return downloads.attachment(made, name=name, media_type=exporting.TYPES[query["file"]])


def _narrow(query: dict[str, Any]) -> Narrow:
    """Whose customers are meant; the owner is what is told apart, so it narrows nothing."""
    return Narrow(query["group"], query["country"])


def _told(query: dict[str, Any], period: Period, **over: Any) -> dict[str, Any]:
    return figures.told(query, period, **{"owner": "", "currency": ""} | over)


def _line(client: VisibleClient, each: Collector, query: dict[str, Any], period: Period) -> dict[str, Any]:
    owner = WITHOUT if each.owner_id is None else str(each.owner_id)
    rows = _told(query, period, owner=owner, currency=each.currency)
    return {
        "person": each,
        "cei": _percent(each.effectiveness),
        "current": _percent(each.percent_current),
        "old": _percent(each.percent_old),
        "rows": url_for("collectors.rows_page", client=client.slug, **rows),
    }


def _percent(answer: Answer) -> str:
    return "–" if answer.value is None else shown.percent(float(answer.value) * 100)


def _share(answer: Answer) -> Cell:
    return None if answer.value is None else Share(answer.value)


def _amounts(each: Any) -> list[Cell]:
    names = ("opening_minor", "sales_minor", "closing_minor", "not_due_minor")
    return [Money(getattr(each, name), each.currency) for name in names]
