"""A client's dashboard: what is owed since when, what waits, what was done; each number opens its rows."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint, url_for
from marshmallow import Schema, fields, validate

from service import cursors
from service.endpoint import endpoint
from service.pages import charts, frame, labels, shown
from service.pages.frame import Stamp
from tenants.collections import alerts, holds
from tenants.directory.access import VisibleClient
from tenants.insight import activity, aging, customers, items, receipts
from tenants.insight.aging import Aging, CurrencyAging
from tenants.intake import runs

face = Blueprint("dashboard", __name__)
FUNNEL_DAYS = 90
WEEK = timedelta(days=7)
TOP = 6
PAGE = 50
FUNNEL_TONES = {"bounced": 5}


class AsOf(Schema):
    """The day that the figures are for, and from which date lateness counts."""

    as_of = fields.Date(load_default=None)
    basis = fields.String(load_default=aging.DUE, validate=validate.OneOf(list(aging.COUNTED_FROM)))


class Behind(AsOf):
    """Which rows of a figure."""

    currency = fields.String(required=True, validate=validate.Regexp("^[A-Z]{3}$"))
    after = fields.String(load_default="")


@endpoint(face, "/c/<client:client>/", needs="insight.read", query=AsOf)
def dashboard_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The dashboard as of today or of any past day."""
    stamp = frame.stamp()
    day = min(query["as_of"] or stamp.today, stamp.today)
    report = _aging(day, stamp, query["basis"])
    lines = sorted(report.currencies, key=lambda line: (line.currency != client.base_currency, line.currency))
    context: dict[str, Any] = {
        "stamp": stamp,
        "day": day,
        "past": day < stamp.today,
        "basis": query["basis"],
        "lines": [_line(client, line, report) for line in lines],
        "funnel": _funnel(client, day),
    }
    if not context["past"]:
        context |= _present(client, stamp, lines[0].currency if lines else client.base_currency)
    return frame.show("dashboard.html", section="dashboard", **context)


@endpoint(face, "/c/<client:client>/aging/<bucket>", needs="insight.read", query=Behind)
def behind_page(client: VisibleClient, bucket: str, query: dict[str, Any]) -> str:
    """The rows behind one number, under that very number."""
    stamp = frame.stamp()
    day = min(query["as_of"] or stamp.today, stamp.today)
    purpose = f"aging:{client.tenant_id}:{bucket}:{query['currency']}:{day}:{query['basis']}"
    place = cursors.read(purpose, query["after"])
    page = items.behind(
        bucket,
        currency=query["currency"],
        day=day,
        basis=query["basis"],
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    further = cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None)
    return frame.show(
        "behind.html",
        section="dashboard",
        stamp=stamp,
        bucket=bucket,
        title=labels.BUCKETS.get(bucket, bucket),
        currency=query["currency"],
        day=day,
        basis=query["basis"],
        page=page,
        first=place is None,
        further_cursor=further,
    )


def _aging(day: date, stamp: Stamp, basis: str) -> Aging:
    return aging.today(day) if day == stamp.today and basis == aging.DUE else aging.as_of(day, basis=basis)


def _line(client: VisibleClient, line: CurrencyAging, report: Aging) -> dict[str, Any]:
    """One currency of the aging with its chart; currencies are never added."""

    def address(bucket: str) -> str:
        return url_for(
            "dashboard.behind_page",
            client=client.slug,
            bucket=bucket,
            currency=line.currency,
            as_of=report.as_of.isoformat(),
            basis=report.basis,
        )

    series = [
        charts.Bar(
            labels.words(each.key, labels.BUCKETS),
            max(each.minor, 0),
            shown.money(each.minor, line.currency),
            address(each.key),
            tone,
            f"· {each.count:,}",
        )
        for tone, each in enumerate((line.not_due, *line.late))
    ]
    share = report.percent_current(line.currency)
    said = (
        f"{shown.money(line.overdue.minor, line.currency)} of {shown.money(line.gross.minor, line.currency)} is overdue"
    )
    return {
        "currency": line.currency,
        "line": line,
        "address": address,
        "current": share,
        "said": said,
        "rows": (line.not_due, *line.late),
        "chart": charts.bars(
            f"aging-{line.currency}",
            title=said,
            description="Open amounts by days late; each bar opens its invoices. The table below says the same.",
            series=series,
        ),
    }


def _funnel(client: VisibleClient, day: date) -> dict[str, Any]:
    """How far the invoices of the last three months got."""
    found = receipts.funnel(day - timedelta(days=FUNNEL_DAYS), last_on=day)
    issued = found.step("issued").count
    series = [
        charts.Bar(
            labels.words(each.key, labels.FUNNEL),
            each.count,
            f"{each.count:,}",
            tone=FUNNEL_TONES.get(each.key, 0),
            note=""
            if each.share.percent is None or each.key == "issued"
            else f"· {each.share.percent:.0f} % of {each.of}",
        )
        for each in found.steps
    ]
    chart = charts.bars(
        "funnel",
        title="How far invoices got",
        description="Counts of invoices by step of delivery and payment; the same figures stand in the table below.",
        series=series,
        whole=issued,
    )
    return {"chart": chart, "found": found, "issued": issued}


def _present(client: VisibleClient, stamp: Stamp, currency: str) -> dict[str, Any]:
    """What belongs to today alone: work done, work waiting, who owes most."""
    held = holds.live(today=stamp.today)
    kinds = {kind: [each for each in held if each.kind == kind] for kind in holds.KINDS}
    causes = alerts.inbox(limit=TOP)
    pending = [
        run
        for run in runs.latest(before=stamp.now + timedelta(days=36500), before_id=frame.LAST_ID, limit=20)
        if run.state == "checked"
    ]
    done = activity.done(stamp.now - WEEK, until=stamp.now)
    return {
        "done": [each for each in done if each.count],
        "kinds": {kind: rows for kind, rows in kinds.items() if rows},
        "causes": causes,
        "pending": pending,
        "top": customers.owing(stamp.today, currency=currency, limit=TOP).customers,
    }
