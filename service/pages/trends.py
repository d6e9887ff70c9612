"""The charts over time of a dashboard: thirteen months behind, thirteen weeks ahead, each with its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from markupsafe import Markup

from service.pages import shown, timecharts
from service.pages.board import Board
from service.pages.timecharts import Month
from tenants.insight.aging import CurrencyAging
from tenants.insight.definitions import DEFINITIONS
from tenants.insight.figures import Figure
from tenants.insight.overview import Counted, Expected, Trend


@dataclass(frozen=True, slots=True)
class Present:
    """A value as it is drawn and as it is said."""

    value: float | None
    words: str


@dataclass(frozen=True, slots=True)
class TrendChart:
    """One chart over the months with its table twin."""

    key: str
    title: str
    names: tuple[tuple[int, str, str], ...]
    """Tone, title and present value of each line or column."""
    chart: Markup
    last: str
    """What the last values are of."""
    heads: tuple[str, ...]
    rows: Sequence[tuple[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one chart over the months shows: each part's name, title and tone, and where its axis ends."""

    key: str
    title: str
    parts: tuple[tuple[str, str, int], ...]
    stacked: bool = False
    highest: float = 0


PLANS = (
    Plan("owed", "Open at the end of each month", (("not-due", "Not due yet", 0), ("overdue", "Overdue", 4)), True),
    Plan("days", "Days of sales outstanding", (("dso", "DSO", 4), ("dso-best", "Best possible", 0))),
    Plan("cash", "Sold and collected in each month", (("received", "Payments applied", 0), ("sales", "Sold", 4))),
    Plan(
        "quality",
        "How well it is collected",
        (("cei", "Effectiveness", 0), ("percent-current", "Not due yet", 4)),
        highest=1,
    ),
)


def trend_charts(board: Board, trend: Trend, line: CurrencyAging, told: Counted) -> list[TrendChart]:
    """The four charts over thirteen months and now; none if no month is kept yet."""
    present = _now(line, told.figures)
    return [_trend_chart(board, trend, plan, present) for plan in PLANS] if trend.ends else []


def _trend_chart(board: Board, trend: Trend, plan: Plan, present: dict[str, Present]) -> TrendChart:
    months, rows = [], []
    for end in trend.ends:
        points = [trend.points.get(name, {}).get(end) for name, _, _ in plan.parts]
        known = [_present(None if point is None else point.figure) for point in points]
        months.append(_month(plan, f"{end:%b}", f"{end:%B %Y}", known, board.page(as_of=end.isoformat())))
        rows.append((f"{end:%b %Y}", tuple(each.words for each in known)))
    if all(name in present for name, _, _ in plan.parts):
        known = [present[name] for name, _, _ in plan.parts]
        day = f"{board.day.day} {board.day:%b %Y}"
        label = "now" if board.day == board.today else day.rpartition(" ")[0]
        months.append(_month(plan, label, day, known, ""))
        rows.append((day, tuple(each.words for each in known)))
    names = tuple((tone, name, rows[-1][1][at]) for at, (_, name, tone) in enumerate(plan.parts))
    heads = tuple(name for _, name, _ in plan.parts)
    return TrendChart(plan.key, plan.title, names, _drawn(plan, months, board.currency), rows[-1][0], heads, rows)


def _month(plan: Plan, label: str, day: str, known: Sequence[Present], address: str) -> Month:
    said = ", ".join(f"{name} {each.words}" for (_, name, _), each in zip(plan.parts, known, strict=True))
    return Month(label, f"{day}: {said}", tuple(each.value for each in known), address)


def _drawn(plan: Plan, months: Sequence[Month], currency: str) -> Markup:
    tallest = [sum(each or 0 for each in month.values) for month in months]
    top = max(tallest if plan.stacked else [each or 0 for month in months for each in month.values])
    highest = plan.highest or timecharts.axis(top)
    draw = timecharts.columns if plan.stacked else timecharts.lines
    return draw(
        f"trend-{plan.key}",
        title=plan.title,
        description=f"{plan.title}, month by month; the table below says the same.",
        months=months,
        tones=[tone for _, _, tone in plan.parts],
        top=_axis(currency, plan.parts[0][0], highest),
        highest=highest,
    )


def _present(figure: Figure | None) -> Present:
    if figure is None or figure.value is None:
        return Present(None, "–")
    return Present(float(figure.value), shown.figure(figure))


def _now(line: CurrencyAging, told: dict[str, Figure]) -> dict[str, Present]:
    """The present values that a chart may end with."""
    amounts = {"not-due": line.not_due, "overdue": line.overdue, "open": line.gross}
    found = {name: _present(each) for name, each in told.items()}
    return found | {
        name: Present(float(each.minor), shown.money(each.minor, line.currency)) for name, each in amounts.items()
    }


def _axis(currency: str, name: str, top: float) -> str:
    unit = DEFINITIONS[name].unit
    if unit == "ratio":
        return f"{top * 100:.0f} %"
    return f"{top:,.0f} days" if unit == "days" else shown.money(round(top), currency).partition(".")[0]


@dataclass(frozen=True, slots=True)
class ExpectedChart:
    """The coming weeks as a chart and as a table, and what is said of such forecasts."""

    chart: Markup
    rows: Sequence[tuple[date, str, str, str]]
    said: str
    whole: str


def expected_chart(board: Board, told: Expected) -> ExpectedChart | None:
    """The cash of the coming weeks; nothing before anything was forecast."""
    if not any(week.minor for week in told.weeks):
        return None
    money = shown.money
    weeks, rows = [], []
    for week in told.weeks:
        span = f"{money(week.low_minor, week.currency)} to {money(week.high_minor, week.currency)}"
        value, address = money(week.minor, week.currency), board.week(week.first_on)
        said = f"Week of {week.first_on.day} {week.first_on:%b}: {value}, four times in five between {span}"
        label = f"{week.first_on.day} {week.first_on:%b}"
        weeks.append(Month(label, said, (week.minor,), address, (week.low_minor, week.high_minor)))
        rows.append((week.first_on, value, span, address))
    highest = timecharts.axis(max(week.high_minor for week in told.weeks))
    chart = timecharts.columns(
        "expected",
        title="Cash expected by week",
        description="Expected cash of each coming week with its range; the table below says the same.",
        months=weeks,
        tones=[0],
        top=_axis(board.currency, "open", highest),
        highest=highest,
    )
    whole = money(sum(week.minor for week in told.weeks), board.currency)
    return ExpectedChart(chart, rows, _track_record(told), whole)


def _track_record(told: Expected) -> str:
    """What became of the forecasts whose payment has come since."""
    off = told.error
    if not off.count or off.days is None:
        return "No payment has come yet that was forecast."
    near, held = (f"{each * 100 / off.count:.0f} %" for each in (off.within_5, off.in_range))
    return (
        f"Of {off.count:,} invoices paid in the last 90 days the first forecast was {off.days} days off on average; "
        f"{near} came within 5 days of it, {held} within its range."
    )
