"""Work of the delivery lane: documents, messages and what comes back about them."""

from jobs.turns import Handler

HANDLERS: dict[str, Handler] = {}
