"""Files of what is seen: the lists behind numbers and the dashboard itself, as CSV or as a workbook.

Each file is made of the very calls that make its page, with the same words in its address, so that both say the same.
"""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from flask import Blueprint
from marshmallow import Schema, fields, validate
from werkzeug.wrappers import Response

from service import downloads
from service.endpoint import endpoint, tools
from service.pages import asked, board, dashboard, figures, frame, labels
from service.pages.board import Board
from tenants.directory.access import VisibleClient
from tenants.insight import (
    aging,
    breakdown,
    causes,
    customers,
    exporting,
    family,
    forecast,
    items,
    keeping,
    overview,
    receipts,
    reporting,
)
from tenants.insight.customers import CustomerAging
from tenants.insight.exporting import MOST_ROWS, TYPES, Cell, Share, Sheet, TooManyRows
from tenants.insight.figures import Figure
from tenants.insight.keeping import DAYS
from tenants.values.money import Money

face = Blueprint("exports", __name__)
AT_ONCE = 5_000
UNITS = {"ratio": "share", "minor": ""}
Place = tuple[date, UUID]


class Kind(Schema):
    """Which kind of file."""

    file = fields.String(load_default="csv", validate=validate.OneOf(list(TYPES)))


class DashboardFile(asked.Shown, Kind):
    """The dashboard as a file."""


class BehindFile(dashboard.Behind, Kind):
    """The rows behind a bucket as a file."""


class ReceiptsFile(asked.Listed, Kind):
    """The invoices that passed a step as a file."""


class ExpectedFile(asked.Week, Kind):
    """The invoices of a coming week as a file."""


class RowsFile(figures.AskedRows, Kind):
    """The rows behind a figure as a file."""


class CatalogueFile(figures.Asked, Kind):
    """Every figure as a file."""


@endpoint(face, "/c/<client:client>/export", needs="export.write", query=DashboardFile, fresh=True)
def dashboard_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Everything that the dashboard shows, a table each."""
    stamp = frame.stamp()
    day, narrow = asked.day(query, stamp.today), asked.narrow(query)
    known = asked.known_at(query, day, stamp.today)
    report = aging.on(day, basis=query["basis"], edges=reporting.choice().edges, narrow=narrow, known_at=known)
    lines = board.ordered(client, report)
    currency = query["currency"] or (lines[0].currency if lines else client.base_currency)
    at, line = Board(client, query, day, stamp.today, currency), report.of(currency)
    small = keeping.is_small()
    told = overview.figures(day, today=stamp.today, currency=currency, small=small, narrow=narrow, known_at=known)
    notes = _notes(client, query, day)
    cells: list[list[Cell]] = [
        ["Open", Money(line.gross.minor, currency), "", line.gross.count, ""],
        ["Overdue", Money(line.overdue.minor, currency), "", line.overdue.count, ""],
    ]
    cells += [
        [board.title(each), _cell(each), UNITS.get(each.unit, each.unit), None, each.reason]
        for each in told.figures.values()
    ]
    sheets = [
        Sheet("Figures", ("Figure", "Value", "Unit", "Invoices", "Why none"), cells, notes),
        Sheet(
            "Aging",
            ("Late", "Invoices", "Open"),
            [[labels.bucket(each.key), each.count, Money(each.minor, currency)] for each in (line.not_due, *line.late)],
        ),
        _receipts(day, stamp.today, narrow, small),
        _divided(at, query["by"] or "group", narrow, report),
    ]
    if not narrow:
        sheets.append(_months(at))
    if day == stamp.today:
        sheets += _present(at, stamp, small)
    elif small:
        sheets.append(
            _owing(customers.owing_on(day, currency=currency, narrow=narrow, known_at=known, limit=dashboard.TOP))
        )
    return answer_with(query["file"], sheets, f"{client.slug}-{day}")


@endpoint(face, "/c/<client:client>/aging/<bucket>/export", needs="export.write", query=BehindFile, fresh=True)
def behind_file(client: VisibleClient, bucket: str, query: dict[str, Any]) -> Response:
    """Every row behind one number of the aging."""
    stamp = frame.stamp()
    day, currency, edges = asked.day(query, stamp.today), query["currency"], reporting.choice().edges

    def page(after: Place | None) -> items.Page:
        return items.behind(
            bucket,
            currency=currency,
            day=day,
            basis=query["basis"],
            edges=edges,
            narrow=asked.narrow(query),
            known_at=asked.known_at(query, day, stamp.today),
            after=after,
            limit=AT_ONCE,
        )

    rows = [
        [each.number, each.debtor_name, each.issued_on, each.due_on, each.late, Money(each.amount_minor, currency),
         Money(each.open_minor, currency)]
        for each in every_row(page, lambda found: found.items)
    ]  # fmt: skip
    columns = ("Invoice", "Customer", "Issued", "Due", "Days late", "Amount", "Open")
    sheet = Sheet(labels.bucket(bucket), columns, rows, _notes(client, query, day))
    return answer_with(query["file"], [sheet], f"{client.slug}-{bucket.replace('+', '-up')}-{day}")


@endpoint(face, "/c/<client:client>/receipts/<step>/export", needs="export.write", query=ReceiptsFile, fresh=True)
def receipts_file(client: VisibleClient, step: str, query: dict[str, Any]) -> Response:
    """Every invoice that passed one step of receipt."""
    day = asked.day(query, frame.stamp().today)

    def page(after: Place | None) -> receipts.Page:
        return receipts.behind(
            step,
            first_on=day - timedelta(days=DAYS),
            last_on=day,
            narrow=asked.narrow(query),
            after=after,
            limit=AT_ONCE,
        )

    rows = [
        [each.number, each.debtor_name, each.issued_on, each.due_on, labels.toned(each.delivery, labels.DELIVERY)[0],
         labels.toned(each.evidence_level, labels.EVIDENCE)[0], Money(each.amount_minor, each.currency),
         Money(each.open_minor, each.currency)]
        for each in every_row(page, lambda found: found.rows)
    ]  # fmt: skip
    columns = ("Invoice", "Customer", "Issued", "Due", "Delivery", "Evidence", "Amount", "Open")
    title = labels.words(step, labels.FUNNEL)
    return answer_with(
        query["file"], [Sheet(title, columns, rows, _notes(client, query, day))], f"{client.slug}-{step}-{day}"
    )


@endpoint(face, "/c/<client:client>/expected/export", needs="export.write", query=ExpectedFile, fresh=True)
def expected_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Every invoice of which a coming week's cash is made."""
    currency, week = query["currency"], query["week"]

    def page(after: Place | None) -> forecast.Page:
        return forecast.behind(week, currency=currency, narrow=asked.narrow(query), after=after, limit=AT_ONCE)

    rows = [
        [
            each.number,
            each.debtor_name,
            each.due_on,
            each.expected_on,
            Money(each.open_minor, currency),
            Money(each.minor, currency),
        ]
        for each in every_row(page, lambda found: found.rows)
    ]
    columns = ("Invoice", "Customer", "Due", "Expected", "Open", "In this week")
    sheet = Sheet(f"Week of {week}", columns, rows, _notes(client, query, frame.stamp().today))
    return answer_with(query["file"], [sheet], f"{client.slug}-expected-{week}")


@endpoint(face, "/c/<client:client>/figures/<key:figure>/rows/export", needs="export.write", query=RowsFile, fresh=True)
def rows_file(client: VisibleClient, figure: str, query: dict[str, Any]) -> Response:
    """Every row behind one side of a figure."""
    stamp = frame.stamp()
    period, known, currency = figures.period(query, stamp.today), family.definition(figure), query["currency"]

    def page(after: Place | None) -> family.Page:
        return family.behind(
            figure,
            side=query["side"],
            currency=currency,
            period=period,
            narrow=asked.narrow(query),
            after=after,
            limit=AT_ONCE,
        )

    rows = [
        [each.kind.replace("_", " "), each.label, each.debtor_name, each.on_day, each.days, Money(each.minor, currency)]
        for each in every_row(page, lambda found: found.rows)
    ]
    notes = (*_notes(client, query, period.day), ("Counted as", known.formula), ("Basis", known.basis))
    columns = ("What", "Number", "Customer", "Day", "Days", "Amount")
    return answer_with(
        query["file"], [Sheet(known.title, columns, rows, notes)], f"{client.slug}-{figure}-{period.day}"
    )


@endpoint(face, "/c/<client:client>/figures/export", needs="export.write", query=CatalogueFile, fresh=True)
def catalogue_file(client: VisibleClient, query: dict[str, Any]) -> Response:
    """Every figure with its value, its parts and what it means."""
    stamp = frame.stamp()
    period = figures.period(query, stamp.today)
    rows = [
        [
            known.title,
            each.currency,
            _cell(each),
            each.numerator,
            each.denominator,
            each.reason,
            known.formula,
            each.basis,
        ]
        for each in family.of(period, narrow=asked.narrow(query))
        for known in [family.definition(each.name)]
    ]
    columns = ("Figure", "Currency", "Value", "Numerator", "Denominator", "Why none", "Counted as", "Basis")
    notes = _notes(client, query, period.day)
    return answer_with(query["file"], [Sheet("Figures", columns, rows, notes)], f"{client.slug}-figures-{period.day}")


def every_row(page: Callable[[Any], Any], rows: Callable[[Any], Sequence[Any]]) -> list[Any]:
    """Every row of a list, a few thousand at a time. Raises TooManyRows."""
    found: list[Any] = []
    after: Place | None = None
    while True:
        part = page(after)
        found += rows(part)
        if len(found) > MOST_ROWS:
            raise TooManyRows(f"A file holds at most {MOST_ROWS:,} rows.")
        if part.next is None:
            return found
        after = part.next


def _receipts(day: date, today: date, narrow: Any, small: bool) -> Sheet:
    found, _ = overview.funnel(day, today=today, small=small, narrow=narrow)
    rows: list[list[Cell]] = [
        [
            labels.words(each.key, labels.FUNNEL),
            each.count,
            None if each.share.value is None else Share(each.share.value),
            each.of,
        ]
        for each in found.steps
    ]
    return Sheet(
        "Receipt", ("Step", "Invoices", "Share", "of"), rows, (("Issued", f"{found.first_on} to {found.last_on}"),)
    )


def _divided(at: Board, dimension: str, narrow: Any, report: aging.Aging) -> Sheet:
    found = breakdown.by(
        dimension, at.day, basis=at.query["basis"], edges=report.edges, narrow=narrow, known_at=report.known_at
    )
    heads = tuple(labels.bucket(each.key) for each in found[0].cells) if found else ()
    rows: list[list[Cell]] = [
        [each.title, Money(each.open.minor, each.currency), *(Money(cell.minor, each.currency) for cell in each.cells)]
        for each in found
    ]
    return Sheet(f"By {dimension}", (dimension.capitalize(), "Open", *heads), rows)


def _months(at: Board) -> Sheet:
    trend = overview.trend(at.day, currency=at.currency)
    names = [name for name in overview.TREND if name in trend.points]
    rows: list[list[Cell]] = []
    for end in trend.ends:
        points = [trend.points[name].get(end) for name in names]
        rows.append([end, *(None if point is None else _cell(point.figure) for point in points)])
    titles = tuple(family.definition(name).title for name in names)
    return Sheet("Months", ("Month’s end", *titles), rows)


def _present(at: Board, stamp: frame.Stamp, small: bool) -> list[Sheet]:
    """What belongs to today alone: the weeks to come, why money is disputed, who owes most, what was done."""
    narrow, coin = asked.narrow(at.query), at.currency
    weeks = overview.expected(stamp.today, currency=coin, small=small, narrow=narrow).weeks
    expected: list[list[Cell]] = [
        [week.first_on, *(Money(minor, coin) for minor in (week.minor, week.low_minor, week.high_minor))]
        for week in weeks
    ]
    reasons: list[list[Cell]] = [
        [each.reason, each.count, Money(each.minor, coin)] for each in causes.of_disputes(currency=coin, narrow=narrow)
    ]
    top, _ = overview.owing_most(stamp.today, currency=coin, small=small, narrow=narrow, limit=dashboard.TOP)
    done: list[list[Cell]] = [
        [
            labels.words(each.key, labels.DONE),
            each.count,
            None if each.minor is None else Money(each.minor, each.currency),
        ]
        for each in overview.done(stamp.now, small=small)[0]
    ]
    return [
        Sheet("Expected cash", ("Week of", "Expected", "At least, 1 in 10", "At most, 9 in 10"), expected),
        Sheet("Why disputed", ("Reason", "Disputes", "Disputed"), reasons),
        _owing(top),
        Sheet("Done in 7 days", ("What", "How many", "Amount"), done),
    ]


def _owing(found: Sequence[CustomerAging]) -> Sheet:
    rows: list[list[Cell]] = [
        [each.name, Money(each.overdue_minor, each.currency), Money(each.open_minor, each.currency), each.count,
         each.oldest_due_on]
        for each in found
    ]  # fmt: skip
    return Sheet("Customers who owe most", ("Customer", "Overdue", "Open", "Invoices", "Oldest due"), rows)


def _cell(figure: Figure) -> Cell:
    return exporting.plain_value(figure.value, figure.unit, figure.currency)


def _notes(client: VisibleClient, query: dict[str, Any], day: date) -> tuple[tuple[str, str], ...]:
    titles = {name: {each.value: each.title for each in options} for name, options in breakdown.options().items()}
    narrowed = [
        (name.capitalize(), titles[name].get(query[name], query[name]))
        for name in ("group", "country", "owner")
        if query.get(name)
    ]
    late = (
        [("Late from", "invoice date" if query["basis"] == aging.INVOICE else "due date")] if "basis" in query else []
    )
    then = [("With what was known", "on that day")] if query.get("known") == "then" else []
    return (("Client", client.name), ("As of", day.isoformat()), *then, *late, *narrowed)


def answer_with(kind: str, sheets: Sequence[Sheet], name: str) -> Response:
    """The tables as a file of a kind, under a name. Raises TooManyRows."""
    made = exporting.made(kind, sheets, now=tools().clock.now())
    return downloads.attachment(made, name=f"{name}.{kind}", media_type=TYPES[kind])
