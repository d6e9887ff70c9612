"""Work of the ledger lane: cash, allocations and the ledger's check of itself."""

import structlog

from jobs.turns import Handler, Turn
from tenants.ledger import selfcheck

log = structlog.get_logger(__name__)


def check_ledger(turn: Turn) -> None:
    """Ask the client's books every question; an answer means a wrong figure on somebody's screen."""
    for found in selfcheck.watch(turn.today, now=turn.now):
        log.error("ledger.discrepant", question=found.question, count=found.count, examples=found.examples)


HANDLERS: dict[str, Handler] = {"check_ledger": check_ledger}
