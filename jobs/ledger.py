"""Work of the ledger lane: cash, allocations and the ledger's check of itself."""

from datetime import date

import structlog

from jobs.turns import Handler, Turn
from tenants.cash import deductions, matching
from tenants.ledger import selfcheck

log = structlog.get_logger(__name__)


def check_ledger(turn: Turn) -> None:
    """Ask the client's books every question; an answer means a wrong figure on somebody's screen."""
    for found in selfcheck.watch(turn.today, now=turn.now):
        log.error("ledger.discrepant", question=found.question, count=found.count, examples=found.examples)


def match_cash(turn: Turn) -> None:
    """Say whose money the waiting lines of bank statements are, a round at a time."""
    said = turn.payload
    after = (date.fromisoformat(said["after_on"]), turn.id("after_id")) if "after_id" in said else matching.START
    key = said.get("key_of_run") or said["import_id"]
    matching.go_on(key=key, now=turn.now, today=turn.today, wall=turn.real_now, after=after)


def close_deductions(turn: Turn) -> None:
    """What was kept back of an invoice ends with the invoice."""
    if "invoice_ids" in turn.payload:
        deductions.close_settled(turn.ids("invoice_ids"), on=turn.today)


HANDLERS: dict[str, Handler] = {
    "check_ledger": check_ledger,
    "match_cash": match_cash,
    "close_deductions": close_deductions,
}
