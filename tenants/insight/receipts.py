"""Decides how far invoices got: of those issued in a period, how many were sent, arrived, were seen, and were paid.

Each step counts invoices that passed it by themselves, whatever came after, and is a share of the step that it depends
on. Seen means evidence of level 4 or more: machines that fetch mail and links are never counted.
"""

from dataclasses import dataclass
from datetime import date

from tenants import store
from tenants.insight.figures import Figure, ratio

SEEN = 4
PORTAL = 6


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: how many invoices passed it, and which share of the step before its door."""

    key: str
    count: int
    of: str
    share: Figure


@dataclass(frozen=True, slots=True)
class Funnel:
    """The way of the invoices that were issued from one day to another, both included."""

    first_on: date
    last_on: date
    steps: tuple[Step, ...]

    def step(self, key: str) -> Step:
        """The step with this key."""
        return next(each for each in self.steps if each.key == key)


COUNTS = """
SELECT count(*) AS issued,
  count(*) FILTER (WHERE i.delivery NOT IN ('none', 'queued')) AS sent,
  count(*) FILTER (WHERE i.delivered_at IS NOT NULL AND i.bounced_at IS NULL) AS delivered,
  count(*) FILTER (WHERE i.bounced_at IS NOT NULL) AS bounced,
  count(*) FILTER (WHERE i.evidence_level >= :seen) AS seen,
  count(*) FILTER (WHERE i.evidence_level >= :portal) AS portal,
  count(*) FILTER (WHERE i.settled_on IS NOT NULL) AS paid
FROM invoice i
WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :last_on AND i.voided_on IS NULL
"""
SHARE_OF = {
    "issued": "issued",
    "sent": "issued",
    "delivered": "sent",
    "bounced": "sent",
    "seen": "sent",
    "portal": "sent",
    "paid": "issued",
}


def funnel(first_on: date, *, last_on: date) -> Funnel:
    """The funnel of the invoices issued in a period, void ones left out."""
    counts = store.run(COUNTS, first_on=first_on, last_on=last_on, seen=SEEN, portal=PORTAL).mappings().one()
    steps = tuple(
        Step(
            key,
            counts[key],
            of,
            ratio(
                f"share_{key}",
                numerator=counts[key],
                denominator=counts[of],
                as_of=last_on,
                basis=f"invoices issued {first_on} to {last_on}",
                nothing=f"no invoice was {of} in the period",
            ),
        )
        for key, of in SHARE_OF.items()
    )
    return Funnel(first_on, last_on, steps)
