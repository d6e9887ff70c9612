"""Debtors, invoices, payments and credits in the books of one tenant.

Inside an open unit of work of that tenant they join it; outside they open one of their own.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from tenants.isolation import scope
from tenants.ledger import allocation, contacts, credit_notes, debtors, invoices, payments
from tenants.work import unit_of_work

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
TODAY = date(2026, 11, 20)
_number = count(1)


@contextmanager
def books_of(tenant: UUID) -> Iterator[None]:
    """Be in the books of the tenant, in the open unit of work or in one of our own."""
    if scope.is_open():
        assert scope.current().write == tenant, "the open unit of work is another client's"
        yield
    else:
        with unit_of_work(scope.tenant(tenant, actor="factory")):
            yield


def a_debtor(tenant: UUID, *, name: str = "Marigold Stores", number: str = "", **over: Any) -> UUID:
    """A debtor, by default with a number that nobody else has."""
    with books_of(tenant):
        return debtors.open(number or f"C-{next(_number):05}", name=name, **{"country": "DE", "now": NOW} | over)


def a_contact(tenant: UUID, debtor_id: UUID, *, email: str = "", **over: Any) -> UUID:
    """A contact at a debtor, by default with an address that nobody else has."""
    with books_of(tenant):
        return contacts.add(debtor_id, email=email or f"bills{next(_number)}@marigold.test", **{"now": NOW} | over)


def an_invoice(
    tenant: UUID,
    debtor_id: UUID | None = None,
    *,
    amount: int = 100_00,
    late: int = 0,
    number: str = "",
    currency: str = "EUR",
    **over: Any,
) -> UUID:
    """An open invoice, `late` days overdue on TODAY (negative: due later), issued thirty days before it is due."""
    due_on = over.pop("due_on", TODAY - timedelta(days=late))
    issued_on = over.pop("issued_on", due_on - timedelta(days=30))
    with books_of(tenant):
        return invoices.issue(
            number or f"A-{next(_number):05}",
            debtor_id=debtor_id or a_debtor(tenant),
            currency=currency,
            amount_minor=amount,
            issued_on=issued_on,
            due_on=due_on,
            **{"now": NOW} | over,
        )


def a_payment(
    tenant: UUID,
    debtor_id: UUID,
    *,
    amount: int = 100_00,
    on: date = TODAY,
    currency: str = "EUR",
    parts: Sequence[tuple[UUID, int]] = (),
    **over: Any,
) -> UUID:
    """A payment, applied to the `parts` on the day it came if there are any."""
    with books_of(tenant):
        payment = payments.receive(
            debtor_id,
            currency=currency,
            amount_minor=amount,
            received_on=on,
            **{"reference": f"BANK-{next(_number):05}", "now": NOW} | over,
        )
        if parts:
            allocation.apply(payment, parts=parts, effective_on=on, now=over.get("now", NOW))
        return payment


def a_credit_note(
    tenant: UUID, debtor_id: UUID, *, amount: int = 20_00, on: date = TODAY, currency: str = "EUR", **over: Any
) -> UUID:
    """A credit note, applied to nothing."""
    with books_of(tenant):
        return credit_notes.issue(
            f"K-{next(_number):05}",
            debtor_id=debtor_id,
            currency=currency,
            amount_minor=amount,
            issued_on=on,
            **{"now": NOW} | over,
        )


def an_allocation(
    tenant: UUID, source_id: UUID, invoice_id: UUID, *, amount: int, on: date = TODAY, now: datetime = NOW
) -> UUID:
    """A part of a payment or credit note, applied to one invoice."""
    with books_of(tenant):
        (added,) = allocation.apply(source_id, parts=[(invoice_id, amount)], effective_on=on, now=now)
        return added
