"""Decides what is still free to apply, under locks that are always taken in the same order.

Free is what is left on the day itself and on every later day, so that a posting put in for a past day cannot make a
later one negative.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from tenants import store
from tenants.ledger.invoices import UnknownInvoice
from tenants.values.faults import Kind, Refusal


class UnknownSource(Refusal):
    """No such payment or credit note, or not yours."""

    kind = Kind.UNKNOWN
    code = "unknown_source"
    remedy = "Look at the list of payments and credit notes again."


@dataclass(frozen=True, slots=True)
class Source:
    """Where money comes from; a write-off or discount comes from nowhere and is not limited by it."""

    kind: str
    id: UUID | None
    debtor_id: UUID | None
    currency: str
    since_on: date
    amount_minor: int
    free_minor: int

    @classmethod
    def forgone(cls, kind: str) -> "Source":
        """The source of what a client gives up."""
        return cls(kind, None, None, "", date.min, 0, 0)


@dataclass(frozen=True, slots=True)
class Item:
    """One locked invoice, and what can still be applied to it from the day on."""

    id: UUID
    debtor_id: UUID
    number: str
    currency: str
    issued_on: date
    due_on: date
    voided_on: date | None
    amount_minor: int
    open_minor: int
    free_minor: int
    schedule_id: UUID | None


SOURCE = """
SELECT id, debtor_id, currency, {since} AS since_on, amount_minor FROM {table}
WHERE tenant_id = :tenant AND id = :source_id FOR UPDATE
"""
ITEMS = """
SELECT id, debtor_id, number, currency, issued_on, due_on, voided_on, amount_minor, open_minor,
  amount_minor AS free_minor, schedule_id FROM invoice
WHERE tenant_id = :tenant AND id = ANY(:keys) ORDER BY id FOR UPDATE
"""
# The most that is applied on the day or on any later one: after a reversal, less may be applied later than was before.
USED = """
WITH steps AS (
  SELECT a.{key} AS key, greatest(a.effective_on, :effective_on) AS day, sum(a.amount_minor) AS minor FROM allocation a
  WHERE a.tenant_id = :tenant AND a.{key} = ANY(:keys) GROUP BY 1, 2
), running AS (
  SELECT key, sum(minor) OVER (PARTITION BY key ORDER BY day) AS used FROM steps
)
SELECT key, greatest(max(used), 0) FROM running GROUP BY key
"""
TAKE = "UPDATE {table} SET unapplied_minor = unapplied_minor - :minor WHERE tenant_id = :tenant AND id = :source_id"
SINCE = {"payment": "received_on", "credit_note": "issued_on"}


def source(source_id: UUID, *, effective_on: date) -> Source:
    """Lock a payment or credit note and say what is free of it from a day on. Raises UnknownSource."""
    for table, since in SINCE.items():
        row = store.run(SOURCE.format(table=table, since=since), source_id=source_id).one_or_none()
        if row is not None:
            used = _used(f"{table}_id", [source_id], effective_on=effective_on)
            free = row.amount_minor - used.get(source_id, 0)
            return Source(table, row.id, row.debtor_id, row.currency, row.since_on, row.amount_minor, free)
    raise UnknownSource("There is no such payment or credit note.")


def items(invoice_ids: Sequence[UUID], *, effective_on: date) -> Mapping[UUID, Item]:
    """Lock invoices by id and say what can still be applied to each from a day on. Raises UnknownInvoice."""
    rows = store.run(ITEMS, keys=list(invoice_ids)).all()
    if len(rows) != len(set(invoice_ids)):
        raise UnknownInvoice("There is no such invoice.")
    used = _used("invoice_id", invoice_ids, effective_on=effective_on)
    return {row.id: Item(**{**row._mapping, "free_minor": row.free_minor - used.get(row.id, 0)}) for row in rows}


def take(source: Source, *, minor: int) -> None:
    """Note that so much of a locked source is applied now; negative gives it back."""
    if source.id is not None:
        store.run(TAKE.format(table=source.kind), source_id=source.id, minor=minor)


def _used(key: str, keys: Sequence[UUID], *, effective_on: date) -> dict[UUID, int]:
    rows = store.run(USED.format(key=key), keys=list(keys), effective_on=effective_on)
    return {row[0]: int(row[1]) for row in rows}
