"""Names of the lanes work runs in: one RQ queue, one worker process and one Deployment of the chart each."""

from enum import StrEnum


class Lane(StrEnum):
    """A kind of work that may be slow without slowing the others; work items carry its value."""

    INTAKE = "intake"
    """Files and feeds on their way into the ledger; long batches, nobody waits at the screen."""
    DELIVERY = "delivery"
    """Documents, messages and what providers say about them; the only lane that talks to mail servers."""
    RULES = "rules"
    """Workflow rules matched against whole ledgers."""
    COLLECTIONS = "collections"
    """Promises, reminders, disputes, alerts: small steps that people wait for."""
    INSIGHT = "insight"
    """Figures, digests and exports, which may lag behind without harm."""
    LEDGER = "ledger"
    """Cash, allocations and the ledger's check of itself."""


WORKED: tuple[Lane, ...] = tuple(Lane)
"""Every lane that must have a worker; a lane without one would collect work for ever."""
