"""Decides what the month-end pack says: the figures, the aging, the months, who owes most, and what was done about it.

Its tables are the very tables of the workbook; the paper only sets them. Each figure is counted as of the day with all
that is known now, over the ninety days before it; what was done and written off is of the month in which the day lies.
"""

import json
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from pathlib import Path

from tenants.delivery import layout, press, printing
from tenants.directory import clients
from tenants.directory.clients import Profile
from tenants.insight import activity, aging, causes, customers, exporting, family, overview, reporting
from tenants.insight.aging import CurrencyAging
from tenants.insight.buckets import NOT_DUE
from tenants.insight.exporting import Cell, Sheet
from tenants.insight.facts import Period
from tenants.insight.figures import Figure
from tenants.insight.keeping import DAYS
from tenants.ledger import forgoing
from tenants.values import dates
from tenants.values.money import Money

TEMPLATE = Path(__file__).parent / "templates" / "pack.typ"
FIGURES = (
    "open", "overdue", "percent-current", "dso", "dso-best", "add", "cei", "turnover", "days-to-pay", "on-time-amount",
    "promises-kept-count", "disputed", "unapplied", "bad-debt-net", "sales", "received",
)  # fmt: skip
TOP, MOST = 12, 40
DONE = {
    "invoices_sent": "Invoices sent",
    "reminders_sent": "Reminders sent",
    "messages_held_back": "Messages held back, with a reason",
    "tasks_done": "Tasks done by people",
    "alerts_raised": "Alerts raised",
    "alerts_resolved": "Alerts resolved",
    "payments_applied": "Invoices with payments applied",
}
NOTHING = {
    "What was done": "Nothing was sent, applied or closed.",
    "Write-offs": "Nothing was written off.",
    "Proposed to give up": "Nothing waited for a second person.",
    "Open disputes": "No invoice was disputed.",
}


@dataclass(frozen=True, slots=True)
class Pack:
    """The tables of one month's end in one currency."""

    creditor: Profile
    day: date
    currency: str
    sheets: tuple[Sheet, ...]


def of(day: date, *, today: date, now: datetime, currency: str = "") -> Pack:
    """The pack of a day, in a currency or in the client's own."""
    creditor = clients.profile()
    coin = currency or creditor.base_currency
    month = Period(day, day.day)
    since = datetime.combine(month.first_on, time(), tzinfo=creditor.clock.zone)
    until = min(datetime.combine(day + timedelta(days=1), time(), tzinfo=creditor.clock.zone), now)
    line = aging.on(day, edges=reporting.choice().edges).of(coin)
    sheets = [_figures(day, coin), _aging(line), _months(today if day == today else day + timedelta(days=1), coin)]
    sheets += [_owing(day, coin), _done(since, until), _written_off(month, coin), _proposed(until, coin)]
    sheets.append(_disputed(Period(day, DAYS), coin))
    if day == today:
        sheets.append(_reasons(coin))
    return Pack(creditor, day, coin, tuple(sheets))


def pdf(pack: Pack, *, now: datetime) -> bytes:
    """Print the pack; the same pack gives the same bytes at the same `now`."""
    creditor = pack.creditor
    made_at = f"{dates.written(here := now.astimezone(creditor.clock.zone))}, {here:%H:%M %Z}"
    told = {
        "client": creditor.legal_name,
        "accent": layout.colour(creditor.accent),
        "paper": "us-letter" if creditor.country in printing.LETTER_COUNTRIES else "a4",
        "title": f"Receivables on {pack.day.day} {pack.day:%B %Y}",
        "lead": f"In {pack.currency}. Counted with all that was known on {made_at}. Currencies are never added.",
        "foot": f"{creditor.legal_name} · {dates.written(pack.day)} · made {made_at}",
        "tables": [_set(sheet) for sheet in pack.sheets],
    }
    return press.printed(TEMPLATE, sheet=json.dumps(told, ensure_ascii=False), stamp=now)


def _set(sheet: Sheet) -> dict[str, object]:
    """A table as the template wants it: words, and which columns are numbers."""
    right = [
        any(isinstance(row[column], Money | Fraction | int) for row in sheet.rows)
        for column in range(len(sheet.columns))
    ]
    return {
        "title": sheet.title,
        "columns": list(sheet.columns),
        "right": right,
        "wide": [column == 0 or not right[column] for column in range(len(sheet.columns))],
        "rows": [[shown(cell) for cell in row] for row in sheet.rows],
        "nothing": NOTHING.get(sheet.title, "Nothing."),
        "note": "; ".join(said for _, said in sheet.notes),
    }


def shown(cell: Cell) -> str:
    """A cell as paper and mail show it; rounded here and nowhere else."""
    match cell:
        case None:
            return ""
        case Money():
            sign = "−" if cell.minor < 0 else ""
            return f"{cell.currency} {sign}{Money(abs(cell.minor), cell.currency).as_decimal():,f}"
        case Fraction():
            return f"{float(cell):,.1f}"
        case int():
            return f"{cell:,}"
        case date():
            return f"{cell.day} {cell:%b %Y}"
        case _:
            return str(cell)


def _figures(day: date, currency: str) -> Sheet:
    rows: list[list[Cell]] = []
    for each in family.of(Period(day, DAYS), names=FIGURES, currencies=[currency]):
        known = family.definition(each.name)
        rows.append([known.title, _value(each), known.formula])
    notes = (("Over", f"Sales, payments and promises over the {DAYS} days that end with the day"),)
    return Sheet("Figures", ("Figure", "Value", "Counted as"), rows, notes)


def _value(figure: Figure) -> Cell:
    """A value with its unit; what has none says why."""
    if figure.value is None:
        return f"– {figure.reason}"
    if figure.unit == "ratio":
        return f"{float(figure.value) * 100:.1f} %"
    if figure.unit == "minor":
        return Money(int(figure.value), figure.currency)
    return f"{float(figure.value):,.1f} {figure.unit}"


def _aging(line: CurrencyAging) -> Sheet:
    rows: list[list[Cell]] = [
        [_late(each.key), each.count, Money(each.minor, line.currency)] for each in (line.not_due, *line.late)
    ]
    rows.append(["All open", line.gross.count, Money(line.gross.minor, line.currency)])
    notes = (("Unapplied", f"Not applied yet: {shown(Money(line.unapplied_minor, line.currency))}"),)
    return Sheet("Aging", ("Late", "Invoices", "Open"), rows, notes)


def _late(key: str) -> str:
    return "Not due yet" if key == NOT_DUE else f"{key} days late"


def _months(day: date, currency: str) -> Sheet:
    trend = overview.trend(day, currency=currency)
    names = [name for name in ("open", "overdue", "dso", "cei", "sales", "received") if name in trend.points]
    rows: list[list[Cell]] = []
    for end in trend.ends:
        points = [trend.points[name].get(end) for name in names]
        rows.append([f"{end:%b %Y}", *("" if point is None else _value(point.figure) for point in points)])
    return Sheet("Months", ("Month", *(family.definition(name).title for name in names)), rows)


def _owing(day: date, currency: str) -> Sheet:
    found = customers.owing_on(day, currency=currency, limit=TOP)
    rows: list[list[Cell]] = [
        [
            each.name,
            Money(each.overdue_minor, currency),
            Money(each.open_minor, currency),
            each.count,
            each.oldest_due_on,
        ]
        for each in found
    ]
    return Sheet("Customers who owe most", ("Customer", "Overdue", "Open", "Invoices", "Oldest due"), rows)


def _done(since: datetime, until: datetime) -> Sheet:
    rows: list[list[Cell]] = [
        [DONE.get(each.key, each.key), each.count, Money(each.minor, each.currency) if each.minor is not None else None]
        for each in activity.done(since, until=until)
        if each.count
    ]
    return Sheet("What was done", ("What", "How many", "Amount"), rows, (("Month", "In the month of the day"),))


def _written_off(month: Period, currency: str) -> Sheet:
    page = family.behind("bad-debt-net", side="numerator", currency=currency, period=month, limit=MOST)
    rows: list[list[Cell]] = [
        [each.label, each.debtor_name, each.on_day, Money(each.minor, currency)] for each in page.rows
    ]
    notes = (("All", f"{page.count} in the month, {shown(Money(page.minor, currency))} in all"),)
    return Sheet("Write-offs", ("Invoice", "Customer", "Day", "Amount"), rows, notes)


def _proposed(at: datetime, currency: str) -> Sheet:
    """What somebody wanted to give up by the end of the day, and nobody had decided yet."""
    rows: list[list[Cell]] = [
        [each.number, each.customer, "Write-off" if each.kind == forgoing.WRITE_OFF else "Discount", each.reason,
         Money(each.amount_minor, currency)]
        for each in forgoing.waiting_at(at, limit=MOST)
        if each.currency == currency
    ]  # fmt: skip
    return Sheet("Proposed to give up", ("Invoice", "Customer", "As", "Why", "Amount"), rows)


def _disputed(period: Period, currency: str) -> Sheet:
    page = family.behind("disputed", side="numerator", currency=currency, period=period, limit=MOST)
    rows: list[list[Cell]] = [
        [each.label, each.debtor_name, each.days, Money(each.minor, currency)]
        for each in sorted(page.rows, key=lambda row: -row.minor)
    ]
    notes = (("All", f"{page.count} open on the day, {shown(Money(page.minor, currency))} in all"),)
    return Sheet("Open disputes", ("Invoice", "Customer", "Working days", "Disputed"), rows, notes)


def _reasons(currency: str) -> Sheet:
    rows: list[list[Cell]] = [
        [each.reason, each.count, Money(each.minor, currency)] for each in causes.of_disputes(currency=currency)
    ]
    return Sheet("Why invoices are disputed", ("Reason", "Disputes", "Disputed"), rows)


def workbook(pack: Pack, *, now: datetime) -> bytes:
    """The same tables as a workbook."""
    return exporting.made("xlsx", pack.sheets, now=now)
