"""Work of the rules lane: workflow rules matched against whole ledgers."""

from jobs.turns import Handler, Turn
from tenants.rules import running, schedule


def schedule_rules(turn: Turn) -> None:
    """A new day at the client: every rule that is due gets its occurrence."""
    schedule.open_day(turn.now, real=turn.real_now)


def run_rule(turn: Turn) -> None:
    """Run one rule for one occurrence of its schedule."""
    running.run(turn.id("rule_id"), occurrence=turn.payload["occurrence"], now=turn.now, real=turn.real_now)


def run_rules_on(turn: Turn) -> None:
    """Run the rules that listen to an event, for the invoices that it names; an event without a name is a bounce."""
    _run_on(turn.payload.get("event", "delivery.bounced"), turn)


def run_rules_on_dispute(turn: Turn) -> None:
    """A customer objects: who should know is told at once and not with the next sweep."""
    _run_on("dispute.opened", turn)


def _run_on(event: str, turn: Turn) -> None:
    key = str(turn.item_id)
    running.run_on(event, invoice_ids=turn.ids("invoice_ids"), key=key, now=turn.now, real=turn.real_now)


HANDLERS: dict[str, Handler] = {
    "schedule_rules": schedule_rules,
    "run_rule": run_rule,
    "run_rules_on": run_rules_on,
    "run_rules_on_dispute": run_rules_on_dispute,
}
