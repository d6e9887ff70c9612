"""Decides which remittance advice belongs to a credit: the same amount, near its day, from the same customer."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.cash import names, words
from tenants.cash.evidence import Credit, Item

NEAR = timedelta(days=21)
WAITING = """
SELECT r.id, r.number, r.currency, r.amount_minor, r.paid_on, l.amount_minor, l.invoice_number
FROM remittance r
JOIN remittance_line l ON l.tenant_id = :tenant AND l.remittance_id = r.id
WHERE r.tenant_id = :tenant AND r.used_at IS NULL AND r.undone_at IS NULL AND r.amount_minor = ANY(:amounts)
ORDER BY r.id, l.position
"""
# Asked by the numbers as values: a join would rather read every open invoice than believe how few are wanted.
LISTED = """
SELECT i.id, i.debtor_id, i.number, i.currency, i.open_minor, i.issued_on, i.due_on FROM invoice i
WHERE i.tenant_id = :tenant AND i.number = ANY(:numbers) AND i.open_minor > 0 AND i.voided_on IS NULL
"""
USE = "UPDATE remittance SET used_at = :now WHERE tenant_id = :tenant AND id = ANY(:ids)"
FREE = "UPDATE remittance SET used_at = NULL WHERE tenant_id = :tenant AND id = :id"


@dataclass(frozen=True, slots=True)
class Advice:
    """One advice of a customer that no credit has answered yet."""

    id: UUID
    number: str
    currency: str
    amount_minor: int
    paid_on: date
    debtor_id: UUID
    items: Sequence[Item]
    parts: Sequence[tuple[UUID, int]]

    def fits(self, credit: Credit, *, score: float) -> bool:
        """Whether the credit is what it announces; the name or the number must speak for it beside the amount."""
        if abs(credit.booked_on - self.paid_on) > NEAR:
            return False
        said = words.plain(f"{credit.reference} {credit.words}")
        named = len(words.plain(self.number)) >= 4 and words.plain(self.number) in said
        return named or score >= names.LIKE or not credit.party


def waiting(amounts: Iterable[int]) -> Mapping[tuple[str, int], Sequence[Advice]]:
    """Advices over these amounts, by currency and amount; only those whose invoices are all one customer's."""
    found_lines = store.run(WAITING, amounts=sorted(set(amounts))).all()
    items = {row.number: Item(*row) for row in store.run(LISTED, numbers=sorted({row[-1] for row in found_lines}))}
    rows: dict[UUID, list[tuple[Any, ...]]] = {}
    for *told, number in found_lines:
        if number in items:
            rows.setdefault(told[0], []).append((*told, items[number]))
    found: dict[tuple[str, int], list[Advice]] = {}
    for lines in rows.values():
        advice = _advice(lines)
        if advice is not None:
            found.setdefault((advice.currency, advice.amount_minor), []).append(advice)
    return found


def use(remittance_ids: Iterable[UUID], *, now: datetime) -> None:
    """Note that credits have answered these advices."""
    chosen = list(remittance_ids)
    if chosen:
        store.run(USE, ids=chosen, now=now)


def free(remittance_id: UUID) -> None:
    """An advice waits again: what answered it was undone."""
    store.run(FREE, id=remittance_id)


def _advice(lines: Sequence[tuple[Any, ...]]) -> Advice | None:
    remittance_id, number, currency, amount, paid_on = lines[0][:5]
    items = {row[6].id: row[6] for row in lines}
    debtors = {item.debtor_id for item in items.values()}
    if len(debtors) != 1 or any(item.currency != currency for item in items.values()):
        return None
    parts: dict[UUID, int] = {}
    for row in lines:
        parts[row[6].id] = parts.get(row[6].id, 0) + row[5]
    return Advice(
        remittance_id,
        str(number),
        str(currency),
        amount,
        paid_on,
        debtors.pop(),
        tuple(items.values()),
        tuple((each, minor) for each, minor in parts.items() if minor > 0),
    )
