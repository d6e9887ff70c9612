"""Decides how far invoices got: of those issued in a period, how many were sent, arrived, were seen, and were paid.

Each step counts invoices that passed it by themselves, whatever came after, and is a share of the step that it depends
on. Seen means evidence of level 4 or more: machines that fetch mail and links are never counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight.figures import Figure, ratio
from tenants.insight.narrowing import EVERYBODY, Narrow
from tenants.values.dates import written
from tenants.values.faults import Kind, Refusal

SEEN = 4
PORTAL = 6


class UnknownStep(Refusal, LookupError):
    """No step has this name."""

    kind = Kind.UNKNOWN
    code = "unknown_step"
    remedy = "Use a step of the funnel."


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the funnel: how many invoices passed it, and which share of the step before its door."""

    key: str
    count: int
    of: str
    share: Figure


@dataclass(frozen=True, slots=True)
class Passed:
    """One invoice that passed a step."""

    id: UUID
    number: str
    debtor_id: UUID
    debtor_name: str
    currency: str
    amount_minor: int
    open_minor: int
    issued_on: date
    due_on: date
    delivery: str
    evidence_level: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some invoices behind a step, how many there are, and where the next page starts."""

    rows: Sequence[Passed]
    count: int
    next: tuple[date, UUID] | None


@dataclass(frozen=True, slots=True)
class Funnel:
    """The way of the invoices that were issued from one day to another, both included."""

    first_on: date
    last_on: date
    steps: tuple[Step, ...]

    def step(self, key: str) -> Step:
        """The step with this key."""
        return next(each for each in self.steps if each.key == key)


PASSED = {
    "issued": "true",
    "sent": "i.delivery NOT IN ('none', 'queued')",
    "delivered": "i.delivered_at IS NOT NULL AND i.bounced_at IS NULL",
    "bounced": "i.bounced_at IS NOT NULL",
    "seen": "i.evidence_level >= :seen",
    "portal": "i.evidence_level >= :portal",
    "paid": "i.settled_on IS NOT NULL",
}
"""What an invoice must be to have passed a step; the counts and the lists behind them share these."""
LEVELS = {"seen": SEEN, "portal": PORTAL}
OF_PERIOD = "i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :last_on AND i.voided_on IS NULL"
COUNTS = f"""
SELECT {", ".join(f"count(*) FILTER (WHERE {passed}) AS {key}" for key, passed in PASSED.items())}
FROM invoice i WHERE {OF_PERIOD}{{narrow}}
"""
BEHIND = f"""
SELECT i.id, i.number, i.debtor_id, d.name, i.currency, i.amount_minor, i.open_minor, i.issued_on, i.due_on, i.delivery,
  i.evidence_level
FROM invoice i JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
WHERE {OF_PERIOD} AND {{passed}}{{narrow}}{{after}} ORDER BY i.issued_on, i.id LIMIT :limit
"""
COUNT = f"SELECT count(*) FROM invoice i WHERE {OF_PERIOD} AND {{passed}}{{narrow}}"
AFTER = " AND (i.issued_on, i.id) > (:after_on, :after_id)"
SHARE_OF = {
    "issued": "issued",
    "sent": "issued",
    "delivered": "sent",
    "bounced": "sent",
    "seen": "sent",
    "portal": "sent",
    "paid": "issued",
}


def funnel(first_on: date, *, last_on: date, narrow: Narrow = EVERYBODY) -> Funnel:
    """The funnel of the invoices issued in a period, void ones left out."""
    told = {"first_on": first_on, "last_on": last_on, **LEVELS, **narrow.values()}
    counts = store.run(COUNTS.format(narrow=narrow.further("i.debtor_id")), **told).mappings().one()
    return of_counts(counts, first_on=first_on, last_on=last_on)


def of_counts(counts: Mapping[Any, int], *, first_on: date, last_on: date) -> Funnel:
    """The funnel that these counts make."""
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
                basis=f"invoices issued {written(first_on)} to {written(last_on)}",
                nothing=f"no invoice was {of} in the period",
            ),
        )
        for key, of in SHARE_OF.items()
    )
    return Funnel(first_on, last_on, steps)


def behind(
    step: str,
    *,
    first_on: date,
    last_on: date,
    narrow: Narrow = EVERYBODY,
    after: tuple[date, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The invoices that passed a step, the oldest first, and how many there are. Raises UnknownStep."""
    if step not in PASSED:
        raise UnknownStep(f"There is no step “{step[:20]}”.")
    told: dict[str, Any] = {"first_on": first_on, "last_on": last_on, **narrow.values()}
    told |= {key: level for key, level in LEVELS.items() if key == step}
    said = {"passed": PASSED[step], "narrow": narrow.further("i.debtor_id")}
    count = store.run(COUNT.format(**said), **told).scalar_one()
    if after is not None:
        told |= {"after_on": after[0], "after_id": after[1]}
    statement = BEHIND.format(**said, after="" if after is None else AFTER)
    rows = [Passed(*row) for row in store.run(statement, limit=limit + 1, **told)]
    page = rows[:limit]
    return Page(page, count, (page[-1].issued_on, page[-1].id) if len(rows) > limit else None)
