"""Decides how many payments are taken and applied at once: by the same rules as one alone, in a few statements.

Sources are locked before invoices and both by id, as everywhere. A payment that cannot be applied as wanted, because
somebody was faster, is left alone and told: the others do not suffer.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from tenants import store
from tenants.events import recording
from tenants.events.recording import Occurrence
from tenants.ledger import allocation, balances, instalments, locking, periods
from tenants.ledger.allocation import SETTLE
from tenants.ledger.locking import Item
from tenants.values import ids

TOLD_TOGETHER = 500
TAKE = """
INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source,
  known_at)
SELECT :tenant, t.id, t.debtor_id, t.reference, t.currency, t.minor, t.minor - t.applied, t.received_on, :source, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:debtors AS uuid[]), CAST(:references AS text[]), CAST(:currencies AS text[]),
  CAST(:minors AS bigint[]), CAST(:applied AS bigint[]), CAST(:days AS date[]))
  AS t (id, debtor_id, reference, currency, minor, applied, received_on)
ON CONFLICT (tenant_id, source, reference) DO NOTHING RETURNING id
"""
APPLY = """
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor, effective_on,
  known_at)
SELECT :tenant, t.id, t.debtor_id, t.invoice_id, 'payment', t.payment_id, t.currency, t.minor, t.effective_on, :now
FROM unnest(CAST(:ids AS uuid[]), CAST(:debtors AS uuid[]), CAST(:invoices AS uuid[]), CAST(:payments AS uuid[]),
  CAST(:currencies AS text[]), CAST(:minors AS bigint[]), CAST(:days AS date[]))
  AS t (id, debtor_id, invoice_id, payment_id, currency, minor, effective_on)
ON CONFLICT (tenant_id, id) DO NOTHING
"""


@dataclass(frozen=True, slots=True)
class Receipt:
    """Money that came from a customer, and what of it pays which invoice."""

    id: UUID
    debtor_id: UUID
    reference: str
    currency: str
    amount_minor: int
    received_on: date
    parts: Sequence[tuple[UUID, int]]


def take(receipts: Sequence[Receipt], *, source: str, now: datetime, wall: datetime | None = None) -> set[UUID]:
    """Keep new payments and apply each to its invoices from the day it came; return those that were taken.

    In a closed period nothing counts any more: such a receipt counts from the first open day. One is left out whole
    when an invoice is void, another customer's, in another currency, or has less open on
    any day from then on than is wanted of it, and when its source told of it before. `wall` is the real time.
    """
    receipts = _in_open_days(receipts)
    items = _locked(receipts)
    fitting = _fitting(receipts, items)
    if not fitting:
        return set()
    taken = set(store.run(TAKE, source=source, now=now, **_as_columns(fitting)).scalars())
    parts = [
        (each, items[invoice_id], minor) for each in fitting if each.id in taken for invoice_id, minor in each.parts
    ]
    if parts:
        _apply(parts, now=now, wall=wall or now)
    return taken


def _in_open_days(receipts: Sequence[Receipt]) -> Sequence[Receipt]:
    closed = periods.closed_through()
    if closed is None:
        return receipts
    first = closed + timedelta(days=1)
    return [replace(each, received_on=max(each.received_on, first)) for each in receipts]


def _locked(receipts: Sequence[Receipt]) -> Mapping[UUID, Item]:
    """The invoices of all, locked; what is free of each is counted from the first day on which it is wanted."""
    since: dict[UUID, date] = {}
    for each in receipts:
        for invoice_id, _ in each.parts:
            since[invoice_id] = min(since.get(invoice_id, each.received_on), each.received_on)
    if not since:
        return {}
    return locking.items(sorted(since), effective_on=min(since.values()))


def _fitting(receipts: Sequence[Receipt], items: Mapping[UUID, Item]) -> list[Receipt]:
    free = {item.id: item.free_minor for item in items.values()}
    chosen = []
    for each in receipts:
        parts = [(items[invoice_id], minor) for invoice_id, minor in each.parts]
        if sum(minor for _, minor in parts) <= each.amount_minor and all(
            item.voided_on is None
            and (item.debtor_id, item.currency) == (each.debtor_id, each.currency)
            and 0 < minor <= free[item.id]
            for item, minor in parts
        ):
            for item, minor in parts:
                free[item.id] -= minor
            chosen.append(each)
    return chosen


def _as_columns(receipts: Sequence[Receipt]) -> dict[str, object]:
    return {
        "ids": [each.id for each in receipts],
        "debtors": [each.debtor_id for each in receipts],
        "references": [each.reference for each in receipts],
        "currencies": [each.currency for each in receipts],
        "minors": [each.amount_minor for each in receipts],
        "applied": [sum(minor for _, minor in each.parts) for each in receipts],
        "days": [each.received_on for each in receipts],
    }


def _apply(parts: Sequence[tuple[Receipt, Item, int]], *, now: datetime, wall: datetime) -> None:
    """Nothing counts for an invoice before it was issued, however early its money came."""
    store.run(
        APPLY,
        ids=[ids.new() for _ in parts],
        debtors=[each.debtor_id for each, _, _ in parts],
        invoices=[item.id for _, item, _ in parts],
        payments=[each.id for each, _, _ in parts],
        currencies=[item.currency for _, item, _ in parts],
        minors=[minor for _, _, minor in parts],
        days=[max(each.received_on, item.issued_on) for each, item, _ in parts],
        now=now,
    )
    invoice_ids = sorted({item.id for _, item, _ in parts})
    store.run(SETTLE, invoice_ids=invoice_ids)
    instalments.point([item.id for _, item, _ in parts if item.schedule_id])
    applied: Counter[Item] = Counter()
    for _, item, minor in parts:
        applied[item] += minor
    balances.move(allocation.moves(applied))
    first = parts[0][0].id
    recording.record_many(
        "payment.applied",
        [
            Occurrence(f"receipts:{first}:{at}", {"invoice_ids": [str(each) for each in some]})
            for at, some in enumerate(_chunks(invoice_ids))
        ],
        now=wall,
    )


def _chunks(found: Sequence[UUID]) -> list[Sequence[UUID]]:
    return [found[at : at + TOLD_TOGETHER] for at in range(0, len(found), TOLD_TOGETHER)]
