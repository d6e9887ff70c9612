"""Work of the rules lane: workflow rules matched against whole ledgers."""

from jobs.turns import Handler, Later, Turn
from tenants.rules import approvals, backtesting, daily, digests, running, schedule, waking


def schedule_rules(turn: Turn) -> None:
    """A new day at the client: every rule that is due gets its occurrence."""
    schedule.open_day(turn.now, real=turn.real_now)


def run_rule(turn: Turn) -> None:
    """Run one rule for one occurrence of its schedule."""
    running.run(turn.id("rule_id"), occurrence=turn.payload["occurrence"], now=turn.now, real=turn.real_now)


def wake_rules(turn: Turn) -> None:
    """Run the rules that listen to an event, for the invoices that it names, at once and not with the next sweep."""
    waking.wake(waking.WAKES[turn.kind], turn.payload, key=str(turn.item_id), now=turn.now, real=turn.real_now)


def tend_rules(turn: Turn) -> None:
    """A new day at the client: questions that nobody answered go on, and digests are told."""
    approvals.lapse(now=turn.now, today=turn.today)
    digests.tell(now=turn.now, real=turn.real_now, today=turn.today)


def keep_daily_facts(turn: Turn) -> None:
    """A new day at the client: what changed about its invoices is remembered."""
    daily.keep(turn.today)


def run_backtest(turn: Turn) -> Later | None:
    """Work through some more past days of a backtest, then let others have their turn."""
    more = backtesting.advance(turn.id("backtest_id"), now=turn.now)
    return Later(turn.real_now, "more_days") if more else None


HANDLERS: dict[str, Handler] = {
    "schedule_rules": schedule_rules,
    "run_rule": run_rule,
    "tend_rules": tend_rules,
    **dict.fromkeys(waking.WAKES, wake_rules),
}
FACTS: dict[str, Handler] = {"keep_daily_facts": keep_daily_facts, "run_backtest": run_backtest}
"""What may lag behind without harm: the insight lane does it."""
