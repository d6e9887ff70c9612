"""Work of the collections lane: promises, alerts and tasks, which people wait for."""

from jobs.turns import Handler

HANDLERS: dict[str, Handler] = {}
