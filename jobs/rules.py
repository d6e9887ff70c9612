"""Work of the rules lane: workflow rules matched against whole ledgers."""

from jobs.turns import Handler

HANDLERS: dict[str, Handler] = {}
