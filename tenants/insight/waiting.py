"""Decides what waits for a yes or no: questions that rules ask before they act, and amounts that somebody wants to
give up."""

from dataclasses import dataclass

from tenants import store


@dataclass(frozen=True, slots=True)
class Decisions:
    """How many of each wait."""

    approvals: int
    requests: int


COUNTS = """
SELECT (SELECT count(*) FROM action_approval a WHERE a.tenant_id = :tenant AND a.state = 'waiting'),
  (SELECT count(*) FROM forgo_request f WHERE f.tenant_id = :tenant AND f.state = 'waiting')
"""


def decisions() -> Decisions:
    """What waits for a decision at the client now."""
    return Decisions(*store.run(COUNTS).one())
