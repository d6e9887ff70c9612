"""Work of the ledger lane: cash, allocations and the ledger's check of itself."""

from jobs.turns import Handler

HANDLERS: dict[str, Handler] = {}
