"""Decides what booking a bank line means: a payment of its customer, its parts applied, what it leaves short kept."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from tenants import store
from tenants.cash.evidence import Credit, Part
from tenants.ledger import batches
from tenants.ledger.batches import Receipt
from tenants.values import ids

SOURCE = "bank"
Wanted = tuple[UUID, Credit, UUID, Sequence[Part]]
"""A match, its credit, the customer, and what is paid."""
LINK = """
UPDATE bank_line b SET payment_id = m.payment_id FROM cash_match m
WHERE b.tenant_id = :tenant AND m.tenant_id = :tenant AND m.bank_line_id = b.id AND m.id = ANY(:matches)
"""
DEDUCT = """
INSERT INTO deduction (tenant_id, id, match_id, payment_id, invoice_id, debtor_id, currency, amount_minor, reason,
  opened_on, known_at)
SELECT :tenant, t.id, m.id, m.payment_id, p.invoice_id, m.debtor_id, m.currency, p.short_minor, p.reason, m.booked_on,
  :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:matches AS uuid[]), CAST(:places AS smallint[])) AS t (id, match_id, at)
JOIN cash_match m ON m.tenant_id = :tenant AND m.id = t.match_id
JOIN cash_part p ON p.tenant_id = :tenant AND p.match_id = m.id AND p.position = t.at
ON CONFLICT (tenant_id, id) DO NOTHING
"""


def book(wanted: Sequence[Wanted], *, now: datetime, wall: datetime | None) -> dict[UUID, UUID]:
    """Take the credits as payments and apply their parts; by match, the payment that was made of it."""
    made = {match_id: ids.new() for match_id, *_ in wanted}
    receipts = [
        Receipt(
            made[match_id],
            debtor_id,
            reference(credit, match_id),
            credit.currency,
            credit.amount_minor,
            credit.booked_on,
            [(part.invoice_id, part.minor) for part in parts],
        )
        for match_id, credit, debtor_id, parts in wanted
    ]
    taken = batches.take(receipts, source=SOURCE, now=now, wall=wall)
    return {match_id: payment for match_id, payment in made.items() if payment in taken}


def tie(matches: Sequence[tuple[UUID, Sequence[Part]]], *, now: datetime) -> None:
    """Tie booked lines to their payments, and keep what each left short as a deduction."""
    chosen = [match_id for match_id, _ in matches]
    if not chosen:
        return
    store.run(LINK, matches=chosen)
    short = [(match_id, at) for match_id, parts in matches for at, part in enumerate(parts, 1) if part.short_minor]
    if short:
        store.run(
            DEDUCT,
            ids=[ids.new() for _ in short],
            matches=[match_id for match_id, _ in short],
            places=[at for _, at in short],
            now=now,
        )


def reference(credit: Credit, match_id: UUID) -> str:
    """What the payment is called: the bank's words, made unmistakable by the match."""
    said = credit.reference or credit.words or credit.party or "bank line"
    return f"{said[:60]} {match_id.hex[-8:]}"
