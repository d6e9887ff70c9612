"""Decides what a person sees of cash application: lines that wait, what was done alone, and the evidence for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.cash.deciding import UnknownMatch

SHOWN = ("waiting", "parked", "done")
LINE = """
SELECT m.id, m.bank_line_id, m.state, m.band, m.score, m.pattern, m.reasons, m.note, m.actor, m.currency,
  m.amount_minor, m.booked_on, m.decided_at, b.party, b.words, b.reference, m.debtor_id, d.name, d.number, m.payment_id
FROM cash_match m JOIN bank_line b ON b.tenant_id = :tenant AND b.id = m.bank_line_id
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = m.debtor_id
WHERE m.tenant_id = :tenant AND {narrow}
"""
WAITING = LINE.format(narrow="m.state = :state AND (m.booked_on, m.id) > (:after, :after_id)") + (
    " ORDER BY m.booked_on, m.id LIMIT :limit"
)
DONE = LINE.format(narrow="m.state IN ('applied', 'returned') AND (m.decided_at, m.id) < (:after, :after_id)") + (
    " ORDER BY m.decided_at DESC, m.id DESC LIMIT :limit"
)
ONE = LINE.format(narrow="m.id = :id")
BESIDE = LINE.format(narrow="m.bank_line_id = :line_id AND m.state = 'applied' AND m.id <> :id") + " ORDER BY m.id"
PARTS = """
SELECT p.match_id, p.invoice_id, i.number, p.amount_minor, p.short_minor, p.reason, i.amount_minor, i.open_minor,
  i.due_on, i.currency
FROM cash_part p JOIN invoice i ON i.tenant_id = :tenant AND i.id = p.invoice_id
WHERE p.tenant_id = :tenant AND p.match_id = ANY(:matches) ORDER BY p.match_id, p.position
"""
COUNTS = """
SELECT state, band, currency, count(*), CAST(sum(amount_minor) AS bigint) FROM cash_match
WHERE tenant_id = :tenant AND state IN ('waiting', 'parked')
GROUP BY state, band, currency ORDER BY state, band, currency
"""
ON_ACCOUNT = """
SELECT currency, count(*), CAST(sum(unapplied_minor) AS bigint) FROM payment
WHERE tenant_id = :tenant AND unapplied_minor > 0 GROUP BY currency ORDER BY currency
"""
OPEN_ITEMS = """
SELECT i.id, i.number, i.currency, i.amount_minor, i.open_minor, i.issued_on, i.due_on FROM invoice i
WHERE i.tenant_id = :tenant AND i.debtor_id = :debtor_id AND i.currency = :currency AND i.open_minor > 0
  AND i.voided_on IS NULL ORDER BY i.id <> ALL(:first), i.due_on, i.id LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Piece:
    """One invoice of a proposal, as it stands."""

    invoice_id: UUID
    number: str
    minor: int
    short_minor: int
    reason: str
    amount_minor: int
    open_minor: int
    due_on: date
    currency: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the queue with its proposal."""

    id: UUID
    bank_line_id: UUID
    state: str
    band: str
    score: int
    pattern: str
    reasons: Sequence[str]
    note: str
    actor: str
    currency: str
    amount_minor: int
    booked_on: date
    decided_at: datetime | None
    party: str
    words: str
    reference: str
    debtor_id: UUID | None
    debtor_name: str | None
    debtor_number: str | None
    payment_id: UUID | None
    parts: Sequence[Piece] = ()

    @property
    def rest_minor(self) -> int:
        """What would stay on account."""
        return self.amount_minor - sum(part.minor for part in self.parts)


@dataclass(frozen=True, slots=True)
class OnAccount:
    """What came in and pays nothing yet, in one currency."""

    currency: str
    payments: int
    minor: int


@dataclass(frozen=True, slots=True)
class Count:
    """How much waits in one band and currency."""

    state: str
    band: str
    currency: str
    lines: int
    minor: int


def waiting(
    state: str = "waiting", *, after: tuple[date, UUID] = (date.min, UUID(int=0)), limit: int = 50
) -> Sequence[Line]:
    """Lines that wait, or were put by, the oldest first."""
    return _whole(store.run(WAITING, state=state, after=after[0], after_id=after[1], limit=limit).all())


def done(*, before: tuple[datetime, UUID], limit: int = 50) -> Sequence[Line]:
    """What was booked, by a person or alone, the newest first."""
    return _whole(store.run(DONE, after=before[0], after_id=before[1], limit=limit).all())


def one(match_id: UUID) -> Line:
    """One line. Raises UnknownMatch."""
    found = _whole(store.run(ONE, id=match_id).all())
    if not found:
        raise UnknownMatch("There is no such line.")
    return found[0]


def counts() -> Sequence[Count]:
    """What waits and what was put by."""
    return [Count(*row) for row in store.run(COUNTS)]


def on_account() -> Sequence[OnAccount]:
    """What of the payments pays nothing yet."""
    return [OnAccount(*row) for row in store.run(ON_ACCOUNT)]


def open_items(debtor_id: UUID, *, currency: str, first: Sequence[UUID] = (), limit: int = 200) -> Sequence[Any]:
    """What one customer has open in a currency, the oldest first; some that are spoken of come before all others."""
    return store.run(OPEN_ITEMS, debtor_id=debtor_id, currency=currency, first=list(first), limit=limit).all()


def beside(line: Line) -> Sequence[Line]:
    """The other shares of a bank line that was split: they were booked together and are undone together."""
    return _whole(store.run(BESIDE, line_id=line.bank_line_id, id=line.id).all()) if line.state == "applied" else []


def _whole(rows: Sequence[Any]) -> list[Line]:
    parts: dict[UUID, list[Piece]] = {}
    for match_id, *part in store.run(PARTS, matches=[row.id for row in rows]):
        parts.setdefault(match_id, []).append(Piece(*part))
    return [Line(*(*row, tuple(parts.get(row.id, ())))) for row in rows]


AWAITED = """
SELECT DISTINCT p.invoice_id FROM cash_part p
JOIN cash_match m ON m.tenant_id = :tenant AND m.id = p.match_id
WHERE p.tenant_id = :tenant AND p.invoice_id = ANY(:ids) AND m.state IN ('waiting', 'parked')
"""


def awaited(invoice_ids: Sequence[UUID]) -> set[UUID]:
    """Those invoices for which money has probably come and waits for a person: nobody who may have paid is chased."""
    return set(store.run(AWAITED, ids=list(invoice_ids)).scalars())
