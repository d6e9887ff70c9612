"""Decides why money is disputed: open disputes by the reason that was given, the largest amount first.

The share that each cause adds to those before it says how few causes make most of the trouble.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import accumulate

from tenants import store
from tenants.insight.narrowing import EVERYBODY, Narrow


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, what is disputed for it, and the share of all that it makes with those before it."""

    reason: str
    count: int
    minor: int
    share: float | None


DISPUTED = """
SELECT coalesce(nullif(trim(h.reason), ''), 'no reason given') AS reason, count(*) AS items,
  coalesce(sum(coalesce(h.amount_minor, i.amount_minor)), 0) AS minor
FROM hold h LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND h.ended_at IS NULL
  AND coalesce(nullif(h.currency, ''), i.currency, :currency) = :currency{narrow}
GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1 LIMIT :limit
"""


HELD = """
SELECT kind, count(*) FROM hold WHERE tenant_id = :tenant AND ended_at IS NULL AND starts_on <= :today
  AND (ends_on IS NULL OR ends_on >= :today) GROUP BY kind
"""


def held(today: date) -> dict[str, int]:
    """How many disputes, promises, plans and pauses are in force."""
    return {row[0]: row[1] for row in store.run(HELD, today=today)}


def of_disputes(*, currency: str, narrow: Narrow = EVERYBODY, limit: int = 8) -> Sequence[Cause]:
    """The causes of the disputes that are open."""
    statement = DISPUTED.format(narrow=narrow.further("h.debtor_id"))
    rows = store.run(statement, currency=currency, limit=limit, **narrow.values()).all()
    whole = sum(int(row.minor) for row in rows)
    sums = accumulate(int(row.minor) for row in rows)
    return [
        Cause(row.reason, row.items, int(row.minor), minor / whole if whole else None)
        for row, minor in zip(rows, sums, strict=True)
    ]
