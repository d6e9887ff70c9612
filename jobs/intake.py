"""Work of the intake lane: files and feeds on their way into the ledger."""

from jobs.turns import Handler

HANDLERS: dict[str, Handler] = {}
