"""Decides how good the forecast is on a ledger: what it would have said at issue, against what came, from a cut on.

Everything is replayed as it was known on each day of issue, so a payment after the cut teaches only later invoices.
Beside it stand what everybody gets for nothing: the due date, and one median for all.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from statistics import median as middle

from tenants.insight.forecast_ranges import COVERED
from tenants.insight.forecast_replay import NEVER, Paper, Replay, Told

WEEK = 7


@dataclass(frozen=True, slots=True)
class Score:
    """What came out; shares are of 1, days are days."""

    scored: int
    unpaid: int
    """Issued from the cut on and not paid in the file: nothing to hold against."""
    too_early: int
    """Issued from the cut on while nothing was known yet."""
    mae_days: float
    median_error_days: float
    within_3_days: float
    within_5_days: float
    bias_days: float
    by_customer_mae_days: float
    late_auc: float | None
    wanted_coverage: float
    coverage: float | None
    """How often the range held; an invoice that is unpaid when its range is over has failed it."""
    mean_range_days: float | None
    due_date_mae_days: float
    one_median_mae_days: float
    week_error: float | None
    """Per week, wrong cash as a share of all cash, from forecasts made at issue."""
    due_date_week_error: float | None


def score(papers: Iterable[tuple[Paper, int]], *, cut: int) -> Score | None:
    """The score over invoices (with their amounts) issued from a cut on; none if there is nothing to score."""
    ordered = sorted(papers)
    amounts = {id(paper): minor for paper, minor in ordered}
    told = [each for each in Replay().walk(paper for paper, _ in ordered) if each.paper.issued >= cut]
    late = [paper for paper, _ in ordered if paper.issued >= cut]
    paid = [each for each in told if each.paper.settled < NEVER]
    if not paid:
        return None
    errors = [each.paper.days - round(each.habit.days) for each in paid]
    off = [abs(error) for error in errors]
    known = [paper.days for paper, _ in ordered if paper.settled < cut]
    usual = middle(known) if known else 0
    until = max(paper.settled if paper.settled < NEVER else paper.issued for paper, _ in ordered)
    held = [_held(each, until) for each in told if each.range]
    decided = [each for each in held if each is not None]
    widths = [each.range.last - each.range.first for each in paid if each.range]
    cash = [(each, amounts[id(each.paper)]) for each in paid]
    return Score(
        scored=len(paid),
        unpaid=sum(paper.settled >= NEVER for paper in late),
        too_early=len(late) - len(told),
        mae_days=round(fmean(off), 3),
        median_error_days=middle(off),
        within_3_days=_share(error <= 3 for error in off),
        within_5_days=_share(error <= 5 for error in off),
        bias_days=round(fmean(errors), 3),
        by_customer_mae_days=_by_customer(paid),
        late_auc=_auc([(each.habit.days, each.paper.days > 0) for each in paid]),
        wanted_coverage=COVERED,
        coverage=_share(decided) if decided else None,
        mean_range_days=round(fmean(widths), 2) if widths else None,
        due_date_mae_days=round(fmean(abs(each.paper.days) for each in paid), 3),
        one_median_mae_days=round(fmean(abs(each.paper.days - usual) for each in paid), 3),
        week_error=_week_error([(e.paper.due + round(e.habit.days), e.paper.settled, minor) for e, minor in cash]),
        due_date_week_error=_week_error([(e.paper.due, e.paper.settled, minor) for e, minor in cash]),
    )


def _held(told: Told, until: int) -> bool | None:
    """Whether the range held; one that was over before the file ends has failed, paid or not; others are undecided."""
    assert told.range is not None
    if told.paper.settled < NEVER:
        return told.range.holds(told.paper.days)
    return False if told.paper.due + told.range.last < until else None


def _share(hits: Iterable[bool]) -> float:
    return round(fmean(map(float, hits)), 4)


def _by_customer(paid: Sequence[Told]) -> float:
    """The mean over customers, so that one who is a quarter of all rows is one customer."""
    off: dict[str, list[float]] = defaultdict(list)
    for each in paid:
        off[each.paper.customer].append(abs(each.paper.days - each.habit.days))
    return round(fmean(fmean(errors) for errors in off.values()), 3)


def _auc(ranked: list[tuple[float, bool]]) -> float | None:
    """How often a late one was ranked above one in time; ties count half."""
    ranked.sort()
    late = sum(hit for _, hit in ranked)
    if not 0 < late < len(ranked):
        return None
    above, at = 0.0, 0
    while at < len(ranked):
        end = at
        while end < len(ranked) and ranked[end][0] == ranked[at][0]:
            end += 1
        above += sum(hit for _, hit in ranked[at:end]) * (at + end + 1) / 2
        at = end
    return round((above - late * (late + 1) / 2) / (late * (len(ranked) - late)), 4)


def _week_error(cash: Sequence[tuple[int, int, int]]) -> float | None:
    """Over all weeks, what came differently from what was expected, as a share of all that came."""
    weeks: dict[int, int] = defaultdict(int)
    for expected, came, minor in cash:
        weeks[expected // WEEK] += minor
        weeks[came // WEEK] -= minor
    total = sum(minor for _, _, minor in cash)
    return round(sum(map(abs, weeks.values())) / total, 4) if total else None
