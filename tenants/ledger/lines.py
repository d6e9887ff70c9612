"""Decides what an invoice is made of: lines in order, net plus tax, that add up to what is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Numeric, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.store import Model, TenantOwned
from tenants.values.faults import Refusal


class LinesDiffer(Refusal):
    """The lines do not add up to the invoice."""

    code = "lines_differ"
    remedy = "Correct the lines or the total."


class InvoiceLine(TenantOwned, Model):
    """One line of an invoice."""

    __tablename__ = "invoice_line"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),)

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    debtor_id: Mapped[UUID]
    description: Mapped[str]
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[Decimal] = mapped_column(Numeric)
    tax_minor: Mapped[int] = mapped_column(BigInteger)


@dataclass(frozen=True, slots=True)
class Line:
    """One line as it is written and read."""

    description: str
    net_minor: int
    unit_price_minor: int
    quantity: Decimal = Decimal(1)
    tax_rate: Decimal = Decimal(0)
    tax_minor: int = 0


ADD = """
INSERT INTO invoice_line (tenant_id, invoice_id, position, debtor_id, description, quantity, unit_price_minor,
  net_minor, tax_rate, tax_minor)
VALUES (:tenant, :invoice_id, :position, :debtor_id, :description, :quantity, :unit_price_minor, :net_minor,
  :tax_rate, :tax_minor)
"""
OF_INVOICE = """
SELECT description, net_minor, unit_price_minor, quantity, tax_rate, tax_minor FROM invoice_line
WHERE tenant_id = :tenant AND invoice_id = :invoice_id ORDER BY position
"""


def add(invoice_id: UUID, *, debtor_id: UUID, lines: Sequence[Line], amount_minor: int) -> None:
    """Write the lines of a new invoice. Raises LinesDiffer unless they add up to its amount."""
    total = sum(line.net_minor + line.tax_minor for line in lines)
    if total != amount_minor:
        raise LinesDiffer(f"The lines add up to {total}, not to {amount_minor} minor units.", pointer="/lines")
    store.run_many(
        ADD,
        [
            {
                "invoice_id": invoice_id,
                "position": position,
                "debtor_id": debtor_id,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "net_minor": line.net_minor,
                "tax_rate": line.tax_rate,
                "tax_minor": line.tax_minor,
            }
            for position, line in enumerate(lines, 1)
        ],
    )


def of_invoice(invoice_id: UUID) -> Sequence[Line]:
    """The lines of an invoice in order."""
    return [Line(*row) for row in store.run(OF_INVOICE, invoice_id=invoice_id)]
