"""Decides which lines that took money away are payments coming back: a direct debit or cheque that was not honoured.

A bank says so in its own words and repeats what the payment said. Only when exactly one payment of the same amount
fits both is it taken back without a person; its invoices are then open again from the day of the line on.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.cash import deductions, names, payers, words
from tenants.ledger import refunds

LONGEST = timedelta(days=90)
TOLD = re.compile(
    r"r(?:ü|ue|u)ck(?:last|belast|gabe|buch)|retour|return(?:ed)?\b|r[- ]?transaction|reject|charge ?back|impay"
    r"|unpaid|bounced|nsf\b|dishonou?r|insufficient|storno|stornir|insoluto|devoluc|teruggave|rejet",
    re.IGNORECASE,
)
DEBITS = """
SELECT id, currency, -amount_minor AS minor, booked_on, party, words, reference FROM bank_line
WHERE tenant_id = :tenant AND payment_id IS NULL AND amount_minor < 0 AND undone_at IS NULL
  AND booked_on BETWEEN :since AND :today
ORDER BY booked_on, id LIMIT :limit
"""
BOOKED = """
SELECT m.id, m.payment_id, m.debtor_id, m.currency, m.amount_minor, b.booked_on, b.party, b.words, b.reference,
  b.bank_ref, b.party_mark
FROM cash_match m JOIN bank_line b ON b.tenant_id = :tenant AND b.id = m.bank_line_id
WHERE m.tenant_id = :tenant AND m.state = 'applied' AND m.booked_on BETWEEN :since AND :today
  AND m.amount_minor = ANY(:amounts) ORDER BY m.id
"""
RETURNED = "UPDATE cash_match SET state = 'returned' WHERE tenant_id = :tenant AND id = :id"
LINK = "UPDATE bank_line SET payment_id = :payment_id WHERE tenant_id = :tenant AND id = :line_id"
MOST = 1_000


@dataclass(frozen=True, slots=True)
class Returned:
    """One payment that came back."""

    line_id: UUID
    match_id: UUID
    payment_id: UUID


def work(*, now: datetime, today: date) -> Sequence[Returned]:
    """Take back every booked payment that a line of the last months says came back."""
    told = [row for row in store.run(DEBITS, since=today - LONGEST, today=today, limit=MOST) if _says_so(row)]
    if not told:
        return ()
    amounts = sorted({row.minor for row in told})
    booked = list(store.run(BOOKED, since=today - 2 * LONGEST, today=today, amounts=amounts))
    made = []
    for line in told:
        fitting = [each for each in booked if _fits(line, each)]
        if len(fitting) == 1:
            booked.remove(fitting[0])
            made.append(_take_back(line, fitting[0], now=now, today=today))
    return made


def _says_so(line: Any) -> bool:
    return TOLD.search(f"{line.words} {line.party}") is not None


def _fits(line: Any, booked: Any) -> bool:
    if (line.currency, line.minor) != (booked.currency, booked.amount_minor):
        return False
    if not booked.booked_on <= line.booked_on <= booked.booked_on + LONGEST:
        return False
    said = words.plain(f"{line.reference} {line.words}")
    own = {words.plain(text) for text in (booked.reference, booked.bank_ref) if len(words.plain(text)) >= 4}
    own |= {name.plain for name in words.named(booked.words, reference="") if len(name.plain) >= 6}
    alike = names.score(names.clean(line.party), names.clean(booked.party)) >= names.SAME
    return alike or any(each in said for each in own)


def _take_back(line: Any, booked: Any, *, now: datetime, today: date) -> Returned:
    day = min(max(line.booked_on, booked.booked_on), today)
    reason = f"The bank took it back: {line.words or line.reference or 'no words'}"[:200]
    refunds.return_payment(booked.payment_id, effective_on=day, now=now, reason=reason)
    deductions.close_for(booked.id, on=day, outcome="undone")
    payers.forget(payers.keys(booked.party, mark=booked.party_mark), booked.debtor_id)
    store.run(RETURNED, id=booked.id)
    store.run(LINK, line_id=line.id, payment_id=booked.payment_id)
    return Returned(line.id, booked.id, booked.payment_id)
