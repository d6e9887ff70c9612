"""Decides what a statement of account says: what a customer owed before, what happened since, and what is open now.

It is told by currency, as of any day, with all that is known now or with what was known at an instant. What is open
item by item, less what is not applied, must be the balance that the movements end with; otherwise nothing is shown.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from tenants import store
from tenants.insight import aging, buckets, items
from tenants.insight.aging import CurrencyAging, IdentityBroken
from tenants.insight.items import Item
from tenants.insight.narrowing import Narrow
from tenants.ledger import debtors
from tenants.ledger.debtors import Card
from tenants.values.dates import written
from tenants.values.faults import Refusal

LONGEST = timedelta(days=366 * 10)
USUAL = timedelta(days=90)
MOST_ITEMS = 2_000
MOST_MOVEMENTS = 5_000


class BadStatement(Refusal):
    """These days make no statement."""

    code = "bad_statement"
    remedy = "Name a first day that is not after the last, and a last day that has come."


class StatementTooLong(Refusal):
    """There is more than one statement can hold."""

    code = "statement_too_long"
    remedy = "Start on a later day."


@dataclass(frozen=True, slots=True)
class Movement:
    """One line: what was asked for is above nothing, what was paid or given back to us below."""

    on_day: date
    kind: str
    reference: str
    due_on: date | None
    minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class Account:
    """The account in one currency."""

    currency: str
    opening_minor: int
    movements: Sequence[Movement]
    closing_minor: int
    open_items: Sequence[Item]
    aging: CurrencyAging


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of account of one customer."""

    debtor: Card
    first_on: date
    day: date
    known_at: datetime | None
    accounts: Sequence[Account]


KNOWN = "(CAST(:known_at AS timestamptz) IS NULL OR {row}.known_at <= :known_at)"
MOVEMENTS = f"""
SELECT i.issued_on AS on_day, i.kind, i.number AS reference, coalesce(i.original_due_on, i.due_on) AS due_on,
  i.amount_minor AS minor, i.currency, i.id
FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = :debtor_id AND i.issued_on <= :day
  AND {KNOWN.format(row="i")}
UNION ALL
SELECT i.voided_on, 'cancelled', i.number, NULL, -i.amount_minor, i.currency, i.id
FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = :debtor_id AND i.voided_on <= :day
  AND i.known_at <= coalesce(CAST(:known_at AS timestamptz), i.known_at)
  AND i.voided_at <= coalesce(CAST(:known_at AS timestamptz), i.voided_at)
UNION ALL
SELECT c.issued_on, 'credit_note', c.number, NULL, -c.amount_minor, c.currency, c.id
FROM credit_note c WHERE c.tenant_id = :tenant AND c.debtor_id = :debtor_id AND c.issued_on <= :day
  AND {KNOWN.format(row="c")}
UNION ALL
SELECT p.received_on, 'payment', p.reference, NULL, -p.amount_minor, p.currency, p.id
FROM payment p WHERE p.tenant_id = :tenant AND p.debtor_id = :debtor_id AND p.received_on <= :day
  AND {KNOWN.format(row="p")}
UNION ALL
SELECT a.effective_on, CASE WHEN a.reverses_id IS NULL THEN a.kind ELSE a.kind || '_back' END,
  coalesce((SELECT i.number FROM invoice i WHERE i.tenant_id = :tenant AND i.id = a.invoice_id),
    (SELECT p.reference FROM payment p WHERE p.tenant_id = :tenant AND p.id = a.payment_id),
    (SELECT c.number FROM credit_note c WHERE c.tenant_id = :tenant AND c.id = a.credit_note_id)),
  NULL, CASE WHEN a.kind IN ('refund', 'returned', 'undone') THEN a.amount_minor ELSE -a.amount_minor END,
  a.currency, a.id
FROM allocation a WHERE a.tenant_id = :tenant AND a.debtor_id = :debtor_id AND a.effective_on <= :day
  AND a.kind IN ('refund', 'returned', 'undone', 'write_off', 'discount') AND {KNOWN.format(row="a")}
"""
OPENING = f"""
SELECT m.currency, CAST(sum(m.minor) AS bigint) FROM ({MOVEMENTS}) m WHERE m.on_day < :first_on GROUP BY m.currency
"""
SINCE = f"""
SELECT m.currency, m.on_day, m.kind, m.reference, m.due_on, m.minor FROM ({MOVEMENTS}) m WHERE m.on_day >= :first_on
ORDER BY m.on_day, m.minor < 0, m.reference, m.id LIMIT :most
"""


def of(
    debtor_id: UUID,
    *,
    day: date,
    today: date,
    first_on: date | None = None,
    known_at: datetime | None = None,
) -> Statement:
    """The statement of one customer. Raises UnknownDebtor, BadStatement, StatementTooLong."""
    card = debtors.card(debtor_id)
    first_on = day - USUAL if first_on is None else first_on
    if day > today or first_on > day or day - first_on > LONGEST:
        raise BadStatement(f"There is no statement from {written(first_on)} to {written(day)}.", pointer="/as_of")
    accounts = _accounts(debtor_id, first_on, day, known_at)
    return Statement(card, first_on, day, known_at, tuple(accounts))


def _accounts(debtor_id: UUID, first_on: date, day: date, known_at: datetime | None) -> Iterator[Account]:
    values: dict[str, Any] = {"debtor_id": debtor_id, "first_on": first_on, "day": day, "known_at": known_at}
    opening: dict[str, int] = {row[0]: row[1] for row in store.run(OPENING, **values)}
    since = store.run(SINCE, **values, most=MOST_MOVEMENTS + 1).all()
    if len(since) > MOST_MOVEMENTS:
        raise StatementTooLong(
            f"More than {MOST_MOVEMENTS:,} movements fall between {written(first_on)} and {written(day)}."
        )
    narrow = Narrow(debtor_id=debtor_id)
    owed = aging.as_of(day, known_at=known_at, narrow=narrow)
    currencies = sorted({*opening, *(row.currency for row in since), *(line.currency for line in owed.currencies)})
    for currency in currencies:
        mine = [row for row in since if row.currency == currency]
        movements = tuple(_running(mine, opening.get(currency, 0)))
        closing = movements[-1].balance_minor if movements else opening.get(currency, 0)
        line = owed.of(currency)
        if line.outstanding_minor != closing:
            raise IdentityBroken(f"{currency}: the account ends with {closing}, open are {line.outstanding_minor}")
        if movements or closing or line.gross.count or line.unapplied_minor:
            found = items.behind(
                buckets.ALL, currency=currency, day=day, known_at=known_at, narrow=narrow, limit=MOST_ITEMS
            )
            if found.next:
                raise StatementTooLong(f"More than {MOST_ITEMS:,} items are open.", remedy="Use the list of invoices.")
            yield Account(currency, opening.get(currency, 0), movements, closing, found.items, line)


def _running(rows: Sequence[Any], balance: int) -> Iterator[Movement]:
    for row in rows:
        balance += row.minor
        yield Movement(row.on_day, row.kind, row.reference or "", row.due_on, row.minor, balance)
