"""Decides why money is disputed: open disputes by the reason that was given, the largest amount first.

The share that each cause adds to those before it says how few causes make most of the trouble.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight.narrowing import EVERYBODY, Narrow


@dataclass(frozen=True, slots=True)
class Cause:
    """One reason, what is disputed for it, and the share of all that it makes with those before it."""

    reason: str
    count: int
    minor: int
    share: float | None


@dataclass(frozen=True, slots=True)
class Dispute:
    """One dispute that is open: since when, why, of whom, about which invoice, over how much."""

    id: UUID
    opened_at: datetime
    reason: str
    debtor_id: UUID
    customer: str
    invoice_id: UUID | None
    invoice_number: str | None
    due_on: date | None
    minor: int


@dataclass(frozen=True, slots=True)
class Page:
    """Some disputes, the largest first, how many there are and over how much, and where the next page starts."""

    rows: Sequence[Dispute]
    count: int
    minor: int
    next: tuple[int, UUID] | None


REASON = "coalesce(nullif(trim(h.reason), ''), 'no reason given')"
MINOR = "coalesce(h.amount_minor, i.amount_minor, 0)"
OPEN = """FROM hold h LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
JOIN debtor d ON d.tenant_id = :tenant AND d.id = h.debtor_id
WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND h.ended_at IS NULL
  AND coalesce(nullif(h.currency, ''), i.currency, :currency) = :currency{narrow}"""
DISPUTED = f"""
SELECT {REASON} AS reason, count(*) AS items, CAST(sum({MINOR}) AS bigint) AS minor {OPEN}
GROUP BY 1 ORDER BY 3 DESC, 2 DESC, 1 LIMIT :limit
"""
WHOLE = f"SELECT count(*) AS items, coalesce(sum({MINOR}), 0) AS minor {OPEN}{{why}}"
BEHIND = f"""
SELECT h.id, h.opened_at, {REASON}, h.debtor_id, d.name, h.invoice_id, i.number, i.due_on, {MINOR}
{OPEN}{{why}}{{after}}
ORDER BY {MINOR} DESC, h.id DESC LIMIT :limit
"""
WHY = f" AND {REASON} = :why"
AFTER = f" AND ({MINOR}, h.id) < (:after_minor, :after_id)"


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


def disputes(
    *,
    currency: str,
    reason: str = "",
    narrow: Narrow = EVERYBODY,
    after: tuple[int, UUID] | None = None,
    limit: int = 50,
) -> Page:
    """The disputes that are open in a currency, all or those of one reason, with their sum."""
    said = {"narrow": narrow.further("h.debtor_id"), "why": WHY if reason else ""}
    told: dict[str, Any] = {"currency": currency} | ({"why": reason} if reason else {}) | narrow.values()
    whole = store.run(WHOLE.format(**said), **told).one()
    if after is not None:
        told |= {"after_minor": after[0], "after_id": after[1]}
    statement = BEHIND.format(**said, after="" if after is None else AFTER)
    rows = [Dispute(*row) for row in store.run(statement, limit=limit + 1, **told)]
    page = rows[:limit]
    return Page(page, whole.items, int(whole.minor), (page[-1].minor, page[-1].id) if len(rows) > limit else None)
