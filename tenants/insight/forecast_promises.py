"""Decides what a promise changes in the forecast: money is expected on the promised day as often as promises were kept.

A promise is a word and no payment. How often the client's customers kept theirs in the last year says how much of what
is promised is expected on its day; the rest is expected as if nothing had been said. With few promises the share is
drawn to one half, so that a single broken one does not silence all others.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.ledger import instalments

PROMISE = "promise"
LOOKED_AT = timedelta(days=365)
LIVE = """
SELECT h.debtor_id, h.invoice_id, h.currency, h.amount_minor, h.ends_on FROM hold h
WHERE h.tenant_id = :tenant AND h.kind = 'promise' AND h.ended_at IS NULL AND h.ends_on >= :today
ORDER BY h.ends_on, h.id
"""
JUDGED = """
SELECT count(*) FILTER (WHERE outcome = 'kept') AS kept, count(*) AS judged FROM hold
WHERE tenant_id = :tenant AND kind = 'promise' AND outcome IN ('kept', 'part', 'broken') AND ends_on >= :since
"""
# What is promised for a customer as a whole pays the oldest items first, as money without a word does.
OLDEST_FIRST = """
SELECT o.id, o.debtor_id, o.currency, o.open_minor FROM ({open_now}) o
WHERE o.debtor_id = ANY(:debtors) ORDER BY o.due_on, o.id
"""
Taken = list[tuple[date, int]]


@dataclass(slots=True)
class Promises:
    """What is promised of each invoice, the earliest day first, and how far such words are trusted."""

    share: float
    _left: dict[UUID, list[list[Any]]] = field(default_factory=lambda: defaultdict(list))

    def take(self, invoice_id: UUID, *, minor: int) -> Taken:
        """Of so much open money of an invoice, what is promised for which day."""
        taken: Taken = []
        for promise in self._left.get(invoice_id, ()):
            part = min(promise[1], minor - sum(each for _, each in taken))
            if part > 0:
                promise[1] -= part
                taken.append((promise[0], part))
        return taken

    def note(self, invoice_id: UUID, *, day: date, minor: int) -> None:
        """So much of an invoice is promised for a day."""
        self._left[invoice_id].append([day, minor])


def live(today: date) -> Promises:
    """The promises whose day has not passed."""
    kept, judged = store.run(JUDGED, since=today - LOOKED_AT).one()
    found = Promises((kept + 1) / (judged + 2))
    told = store.run(LIVE, today=today).all()
    if not told:
        return found
    items = store.run(
        OLDEST_FIRST.format(open_now=instalments.open_now()), debtors=sorted({row.debtor_id for row in told})
    ).all()
    free = [[item, item.open_minor] for item in items]
    for row in told:
        wanted = row.amount_minor
        for place in free:
            item, left = place
            if not left or wanted == 0 or not _meant(row, item):
                continue
            part = left if wanted is None else min(left, wanted)
            wanted = None if wanted is None else wanted - part
            place[1] -= part
            found.note(item.id, day=row.ends_on, minor=part)
    return found


def _meant(promise: Any, item: Any) -> bool:
    """Whether a promise speaks of an item: of this invoice, or of everything of the customer in its currency."""
    if promise.invoice_id is not None:
        return bool(promise.invoice_id == item.id)
    return (promise.debtor_id, promise.currency or item.currency) == (item.debtor_id, item.currency)


def moved(row: dict[str, Any], taken: Taken, *, minor: int, share: float, monday: date) -> dict[str, Any]:
    """What is expected of an item, with what was promised of it moved to its days."""
    if not taken:
        return row
    promised = sum(each for _, each in taken)
    moving = [(day, round(each * share)) for day, each in taken]
    rest = minor - sum(each for _, each in moving)
    weeks = [each * rest // minor for each in row["weeks"]]
    for day, each in moving:
        at = (day - monday).days // 7
        if at < len(weeks):
            weeks[at] += each
    days = [day for day, _ in taken]
    whole = {"expected_on": max(days), "basis": PROMISE} if promised == minor else {}
    return row | {
        "weeks": weeks,
        "earliest_on": min(row["earliest_on"], *days),
        "latest_on": max(row["latest_on"], *days),
        **whole,
    }
