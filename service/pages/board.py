"""The pieces of a dashboard: its tiles, its charts, and the address of the rows behind each number."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from flask import url_for
from markupsafe import Markup

from service.pages import asked, charts, labels, shown
from tenants.directory.access import VisibleClient
from tenants.insight.aging import Aging, CurrencyAging
from tenants.insight.breakdown import Line
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.figures import Figure
from tenants.insight.overview import Counted, Trend
from tenants.insight.receipts import Funnel
from tenants.values import counts

FUNNEL_TONES = {"bounced": 5}


@dataclass(frozen=True, slots=True)
class Tile:
    """One number of the strip: what it is, its value, what it means, how it moved, and its rows."""

    title: str
    value: str
    note: str
    address: str = ""
    moved: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """What a dashboard is about: the client, the question, and the day."""

    client: VisibleClient
    query: dict[str, Any]
    day: date
    today: date
    currency: str

    def words(self, **over: Any) -> dict[str, Any]:
        """The question in an address, with the day only when it is not today."""
        on = None if self.day == self.today else self.day
        return asked.words(self.query, on=on, **{"currency": self.currency} | over)

    def page(self, **over: Any) -> str:
        """The same dashboard with something else chosen."""
        return url_for("dashboard.dashboard_page", client=self.client.slug, **self.words(**over))

    def bucket(self, key: str, **over: Any) -> str:
        """The list behind a bucket. It names its day even today, so that it stays the same list tomorrow."""
        told = asked.words(self.query, on=self.day, **{"currency": self.currency} | over)
        return url_for("dashboard.behind_page", client=self.client.slug, bucket=key, **told)

    def step(self, key: str) -> str:
        """The list behind a step of receipt; its invoices are of all currencies."""
        told: dict[str, Any] = asked.words(self.query, on=self.day, currency="", basis="")
        return url_for("dashboard.receipt_page", client=self.client.slug, step=key, **told)

    def deed(self, key: str, until: datetime, currency: str) -> str:
        """What one line of the work done is made of."""
        told = {"currency": currency} if currency else {}
        return url_for("deeds.done_page", client=self.client.slug, deed=key, until=until.isoformat(), **told)

    def cause(self, reason: str) -> str:
        """The disputes of one reason."""
        told = {key: value for key, value in self.words().items() if key not in ("basis", "as_of", "known")}
        return url_for("deeds.disputes_page", client=self.client.slug, reason=reason, **told)

    def file(self, kind: str) -> str:
        """The dashboard as a file."""
        return url_for("exports.dashboard_file", client=self.client.slug, **self.words(), **self._by(), file=kind)

    def pack(self) -> str:
        """The month-end pack: of the day that is looked at, or of the last month."""
        told: dict[str, Any] = {"currency": self.currency} | (
            {} if self.day == self.today else {"as_of": self.day.isoformat()}
        )
        return url_for("reports.pack_paper", client=self.client.slug, **told)

    def asked(self) -> dict[str, Any]:
        """What is kept with a view."""
        return self.words() | self._by()

    def _by(self) -> dict[str, Any]:
        return {"by": self.query["by"]} if self.query.get("by") else {}

    def week(self, first_on: date) -> str:
        """The invoices of which a week's expected cash is made."""
        told = {key: value for key, value in self.words().items() if key not in ("basis", "as_of")}
        return url_for("dashboard.expected_page", client=self.client.slug, week=first_on.isoformat(), **told)

    def figure(self, figure: Figure) -> str:
        """The rows above the line of a figure, or where it is defined if it is no sum over rows."""
        told = {key: value for key, value in self.words().items() if key != "basis"} | {"as_of": self.day.isoformat()}
        if DEFINITIONS[figure.name].top is None:
            return url_for("figures.catalogue_page", client=self.client.slug, **told, _anchor=figure.name)
        if figure.known_at is not None:
            told["known_at"] = figure.known_at.isoformat()
        return url_for("figures.rows_page", client=self.client.slug, figure=figure.name, **told)


def tiles(board: Board, line: CurrencyAging, told: Counted, trend: Trend) -> list[Tile]:
    """The strip: what is owed from the aging, the rest from the figures."""
    money = shown.money
    amounts = [
        Tile("Open", money(line.gross.minor, line.currency), _many(line.gross.count), board.bucket("all"),
             _moved("open", line.gross.minor, trend, line.currency)),
        Tile("Overdue", money(line.overdue.minor, line.currency), _many(line.overdue.count), board.bucket("overdue"),
             _moved("overdue", line.overdue.minor, trend, line.currency)),
    ]  # fmt: skip
    notes = {
        "percent-current": "of what is open, by amount",
        "dso": f"best possible {_plain(told.figures.get('dso-best'))}",
        "add": "DSO less the best possible",
        "cei": "of what could be collected",
        "promises-kept-count": "of those that came due",
        "seen-rate": "of what was delivered, by a person",
        "unapplied": "payments and credits",
        "disputed": "disputed, still open",
    }
    return amounts + [
        _tile(board, told.figures[name], note, trend) for name, note in notes.items() if name in told.figures
    ]


def _tile(board: Board, figure: Figure, note: str, trend: Trend) -> Tile:
    if figure.value is None:
        return Tile(title(figure), "–", figure.reason, board.figure(figure))
    before = trend.before(figure.name)
    moved = ""
    if before is not None and before.value is not None and figure.unit in ("days", "ratio"):
        moved = _difference(float(figure.value - before.value), figure.unit, before.as_of)
    return Tile(title(figure), shown.figure(figure), note, board.figure(figure), moved)


TITLES = {
    "percent-current": "Not due yet",
    "add": "Average days late",
    "cei": "Collection effectiveness",
    "promises-kept-count": "Promises kept",
    "seen-rate": "Seen",
}


def title(figure: Figure) -> str:
    """What a figure is called on a dashboard."""
    return TITLES.get(figure.name, DEFINITIONS[figure.name].title)


def _difference(by: float, unit: str, since: date) -> str:
    size = f"{abs(by) * 100:.1f} points" if unit == "ratio" else f"{abs(by):.1f} days"
    if float(size.split()[0]) == 0:
        return f"as on {since.day} {since:%b}"
    return f"{'+' if by > 0 else '−'}{size} since {since.day} {since:%b}"


def _moved(name: str, minor: int, trend: Trend, currency: str) -> str:
    before = trend.before(name)
    if before is None or not before.value:
        return ""
    by = (minor - int(before.value)) / int(before.value) * 100
    return f"{'+' if by > 0 else '−'}{abs(by):.0f} % since {before.as_of.day} {before.as_of:%b}"


def _many(count: int) -> str:
    return counts.counted(count, "invoice")


def _plain(figure: Figure | None) -> str:
    return shown.figure(figure) if figure is not None and figure.value is not None else "not known"


def aging_chart(board: Board, line: CurrencyAging) -> dict[str, Any]:
    """The buckets of one currency as bars and as a table, each opening its invoices."""
    rows = [(each, labels.bucket(each.key), board.bucket(each.key)) for each in (line.not_due, *line.late)]
    series = [
        charts.Bar(
            title,
            max(each.minor, 0),
            shown.money(each.minor, line.currency),
            address,
            min(tone, 5),
            f"· {each.count:,}",
        )
        for tone, (each, title, address) in enumerate(rows)
    ]
    said = (
        f"{shown.money(line.overdue.minor, line.currency)} of {shown.money(line.gross.minor, line.currency)} is overdue"
    )
    chart = charts.bars(
        "aging",
        title=said,
        description="Open amounts by days late; each bar opens its invoices. The table below says the same.",
        series=series,
    )
    return {"said": said, "chart": chart, "rows": rows, "gross": line.gross}


def funnel_chart(board: Board, found: Funnel) -> Markup:
    """How far invoices got, each step with its list."""
    series = [
        charts.Bar(
            labels.words(each.key, labels.FUNNEL),
            each.count,
            f"{each.count:,}",
            board.step(each.key),
            FUNNEL_TONES.get(each.key, 0),
            "" if each.share.percent is None or each.key == "issued" else f"· {each.share.percent:.0f} % of {each.of}",
        )
        for each in found.steps
    ]
    return charts.bars(
        "funnel",
        title="How far invoices got",
        description="Counts of invoices by step of delivery and payment; the same figures stand in the table below.",
        series=series,
        whole=found.step("issued").count,
    )


def breakdown_rows(board: Board, dimension: str, found: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines of a breakdown in the currency of the page, each number with its list."""
    rows = []
    for each in found:
        if dimension != "currency" and each.currency != board.currency:
            continue
        narrowed = {dimension: each.value, "currency": each.currency}
        rows.append(
            {
                "title": each.title,
                "line": each,
                "address": board.page(**narrowed),
                "open": board.bucket("all", **narrowed),
                "overdue": board.bucket("overdue", **narrowed),
                "cells": [(cell, board.bucket(cell.key, **narrowed)) for cell in each.cells],
            }
        )
    return rows


def ordered(client: VisibleClient, report: Aging) -> list[CurrencyAging]:
    """The currencies of an aging, the client's own first."""
    return sorted(report.currencies, key=lambda line: (line.currency != client.base_currency, line.currency))
