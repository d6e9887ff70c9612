"""Decides what a customer may keep who pays early: each offer of an invoice has its amount and its last day.

An offer is stated with the invoice and never changed. What was in fact let go is a posting of kind discount; holding
the two against each other is for the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned
from tenants.values.faults import Refusal

MOST = 5


class BadDiscount(Refusal):
    """An offer that cannot be right."""

    code = "bad_discount"
    remedy = (
        "A discount is a part of the amount, its last day lies before the invoice is due, and later days offer less."
    )


class DiscountTerm(TenantOwned, Model):
    """What of one invoice may be kept by paying until a day."""

    __tablename__ = "discount_term"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_discount_term_until", "tenant_id", "until_on", "invoice_id"),
    )

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    until_on: Mapped[date] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    known_at: Mapped[datetime]


@dataclass(frozen=True, slots=True)
class Offer:
    """How much may be kept, and until when."""

    until_on: date
    amount_minor: int


OFFER = """
INSERT INTO discount_term (tenant_id, invoice_id, until_on, debtor_id, amount_minor, known_at)
SELECT :tenant, i.id, :until_on, i.debtor_id, :amount_minor, :now FROM invoice i
WHERE i.tenant_id = :tenant AND i.id = :invoice_id
ON CONFLICT (tenant_id, invoice_id, until_on) DO NOTHING
"""
OF_INVOICE = """
SELECT until_on, amount_minor FROM discount_term WHERE tenant_id = :tenant AND invoice_id = :invoice_id
ORDER BY until_on
"""


def refuse_bad(offers: Sequence[Offer], *, amount_minor: int, issued_on: date, due_on: date) -> None:
    """Raises BadDiscount for offers that no invoice of that amount and those days can make."""
    days = [each.until_on for each in offers]
    amounts = [each.amount_minor for each in offers]
    if (
        len(offers) > MOST
        or not all(0 < minor < amount_minor for minor in amounts)
        or not all(issued_on <= day <= due_on for day in days)
        or not all(one < other for one, other in pairwise(days))
        or not all(one > other for one, other in pairwise(amounts))
    ):
        raise BadDiscount("These discounts do not fit the invoice.", pointer="/discounts")


def offer(invoice_id: UUID, offers: Sequence[Offer], *, now: datetime) -> None:
    """Keep the offers of a new invoice, which `refuse_bad` has looked at."""
    store.run_many(
        OFFER,
        [
            {"invoice_id": invoice_id, "until_on": each.until_on, "amount_minor": each.amount_minor, "now": now}
            for each in offers
        ],
    )


def of_invoice(invoice_id: UUID) -> list[Offer]:
    """What an invoice offers, the soonest day first."""
    return [Offer(*row) for row in store.run(OF_INVOICE, invoice_id=invoice_id)]
