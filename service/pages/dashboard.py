"""A client's dashboard: what is owed since when, what waits, what was done; each number opens its rows."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import fields, validate

from service import cursors
from service.endpoint import endpoint
from service.pages import asked, board, frame, labels, trends, views
from service.pages.board import Board
from service.pages.frame import Stamp
from tenants.collections import alerts, holds
from tenants.directory.access import VisibleClient
from tenants.insight import (
    aging,
    breakdown,
    buckets,
    causes,
    customers,
    forecast,
    items,
    keeping,
    overview,
    receipts,
    reporting,
    waiting,
)
from tenants.insight.keeping import DAYS
from tenants.insight.narrowing import DIMENSIONS
from tenants.intake import runs

face = Blueprint("dashboard", __name__)
TOP = 6
PAGE = 50


class Behind(asked.Listed):
    """Which rows of the aging."""

    currency = fields.String(required=True, validate=validate.Regexp(r"\A[A-Z]{3}\Z"))


@endpoint(face, "/c/<client:client>/", needs="insight.read", query=asked.Shown)
def dashboard_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The dashboard as of today or of any past day, of all customers or of some."""
    stamp = frame.stamp()
    day, narrow = asked.day(query, stamp.today), asked.narrow(query)
    known = asked.known_at(query, day, stamp.today)
    report = aging.on(day, basis=query["basis"], edges=reporting.choice().edges, narrow=narrow, known_at=known)
    lines = board.ordered(client, report)
    currency = query["currency"] or (lines[0].currency if lines else client.base_currency)
    at = Board(client, query, day, stamp.today, currency)
    small = keeping.is_small()
    context: dict[str, Any] = {
        "stamp": stamp,
        "day": day,
        "past": day < stamp.today,
        "known_at": known,
        "query": query,
        "board": at,
        "lines": lines,
        "options": breakdown.options(),
        "narrowed": [query[name] for name in ("group", "country", "owner") if query[name]],
        "views": views.opened(client),
    }
    if lines:
        context |= _figures(at, report, small)
    if not context["past"]:
        context |= _present(at, stamp, small)
    elif lines and small:
        context["top"], context["top_fresh"] = (
            customers.owing_on(day, currency=currency, narrow=narrow, known_at=known, limit=TOP),
            True,
        )
    return frame.show("dashboard.html", section="dashboard", **context)


@endpoint(face, "/c/<client:client>/aging/<bucket>", needs="insight.read", query=Behind)
def behind_page(client: VisibleClient, bucket: str, query: dict[str, Any]) -> str:
    """The rows behind one number, under that very number."""
    stamp = frame.stamp()
    day, edges = asked.day(query, stamp.today), reporting.choice().edges
    at = Board(client, query, day, stamp.today, query["currency"])
    base = asked.words(query, on=day)
    purpose = f"aging:{client.tenant_id}:{bucket}:{edges}:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = items.behind(
        bucket,
        currency=query["currency"],
        day=day,
        basis=query["basis"],
        edges=edges,
        narrow=asked.narrow(query),
        known_at=asked.known_at(query, day, stamp.today),
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    further = cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None)
    return frame.show(
        "behind.html",
        section="dashboard",
        stamp=stamp,
        bucket=bucket,
        title=labels.bucket(bucket),
        currency=query["currency"],
        day=day,
        query=query,
        options=breakdown.options(),
        base={"client": client.slug, "bucket": bucket} | base,
        page=page,
        back=at.page(),
        first=place is None,
        further_cursor=further,
    )


@endpoint(face, "/c/<client:client>/receipts/<step>", needs="insight.read", query=asked.Listed)
def receipt_page(client: VisibleClient, step: str, query: dict[str, Any]) -> str:
    """The invoices that passed one step of receipt, under their number."""
    stamp = frame.stamp()
    day = asked.day(query, stamp.today)
    base = asked.words(query, on=day)
    purpose = f"receipts:{client.tenant_id}:{step}:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = receipts.behind(
        step,
        first_on=day - timedelta(days=DAYS),
        last_on=day,
        narrow=asked.narrow(query),
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "receipts.html",
        section="dashboard",
        stamp=stamp,
        step=step,
        day=day,
        first_on=day - timedelta(days=DAYS),
        query=query,
        options=breakdown.options(),
        base={"client": client.slug, "step": step} | base,
        page=page,
        back=Board(client, query, day, stamp.today, "").page(),
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


@endpoint(face, "/c/<client:client>/expected", needs="insight.read", query=asked.Week)
def expected_page(client: VisibleClient, query: dict[str, Any]) -> str:
    """The invoices of which a coming week's cash is made, each with its part."""
    stamp = frame.stamp()
    base = asked.words(query, basis="", week=query["week"].isoformat())
    purpose = f"expected:{client.tenant_id}:{sorted(base.items())}"
    place = cursors.read(purpose, query["after"])
    page = forecast.behind(
        query["week"],
        currency=query["currency"],
        narrow=asked.narrow(query),
        after=(date.fromisoformat(place[0]), UUID(place[1])) if place else None,
        limit=PAGE,
    )
    return frame.show(
        "expected.html",
        section="dashboard",
        stamp=stamp,
        query=query,
        options=breakdown.options(),
        base={"client": client.slug} | base,
        page=page,
        back=Board(client, query, stamp.today, stamp.today, query["currency"]).page(),
        first=place is None,
        further_cursor=cursors.write(purpose, [page.next[0].isoformat(), str(page.next[1])] if page.next else None),
    )


def _figures(at: Board, report: aging.Aging, small: bool) -> dict[str, Any]:
    """What is counted of the chosen currency."""
    narrow, line, known = asked.narrow(at.query), report.of(at.currency), report.known_at
    told = overview.figures(at.day, today=at.today, currency=at.currency, small=small, narrow=narrow, known_at=known)
    trend = overview.trend(at.day, currency=at.currency) if not narrow else overview.NO_TREND
    found, funnel_at = overview.funnel(at.day, today=at.today, small=small, narrow=narrow)
    dimension = at.query["by"] or "group"
    wanted = bool(at.query["by"]) or small
    divided = (
        breakdown.by(dimension, at.day, basis=at.query["basis"], edges=report.edges, narrow=narrow, known_at=known)
        if wanted
        else []
    )
    return {
        "line": line,
        "tiles": board.tiles(at, line, told, trend),
        "counted_at": told.counted_at or funnel_at,
        "aging": board.aging_chart(at, line),
        "trends": trends.trend_charts(at, trend, line, told),
        "funnel": {"found": found, "issued": found.step("issued").count, "chart": board.funnel_chart(at, found)},
        "dimension": dimension,
        "dimensions": [(name, at.page(by=name)) for name in DIMENSIONS],
        "spans": [labels.bucket(span.key) for span in buckets.spans(report.edges)],
        "divided": board.breakdown_rows(at, dimension, divided),
        "asked_for": wanted,
    }


def _present(at: Board, stamp: Stamp, small: bool) -> dict[str, Any]:
    """What belongs to today alone: work done, work waiting, who owes most."""
    held = holds.live(today=stamp.today)
    kinds = {kind: [each for each in held if each.kind == kind] for kind in holds.KINDS}
    pending = [
        run
        for run in runs.latest(before=stamp.now + timedelta(days=36500), before_id=frame.LAST_ID, limit=20)
        if run.state == "checked"
    ]
    narrow = asked.narrow(at.query)
    top, fresh = overview.owing_most(stamp.today, currency=at.currency, small=small, narrow=narrow, limit=TOP)
    done, until = overview.done(stamp.now, small=small)
    coming = overview.expected(stamp.today, currency=at.currency, small=small, narrow=narrow)
    return {
        "done": [(each, at.deed(each.key, until, each.currency)) for each in done if each.count],
        "kinds": {kind: (causes.held(stamp.today)[kind], rows[:3]) for kind, rows in kinds.items() if rows},
        "causes": alerts.inbox(limit=TOP),
        "decisions": waiting.decisions(),
        "disputed": [(each, at.cause(each.reason)) for each in causes.of_disputes(currency=at.currency, narrow=narrow)],
        "pending": pending,
        "expected": trends.expected_chart(at, coming),
        "top": top,
        "top_fresh": fresh,
    }
