"""Decides the shape of what papers leave: staged lines, the documents of record, lines of bank statements."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Date,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Numeric,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


def _of_run() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "import_id"], ["import_run.tenant_id", "import_run.id"])


class ImportLine(TenantOwned, Model):
    """One line of an electronic invoice, waiting with its row to be loaded."""

    __tablename__ = "import_line"
    __table_args__ = (_of_run(),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    description: Mapped[str] = mapped_column(Text)
    quantity: Mapped[Decimal] = mapped_column(Numeric)
    unit_price_minor: Mapped[int] = mapped_column(BigInteger)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    tax_rate: Mapped[Decimal] = mapped_column(Numeric)
    tax_minor: Mapped[int] = mapped_column(BigInteger)


class Original(TenantOwned, Model):
    """The paper that an invoice or credit note came on; its bytes are kept with the import."""

    __tablename__ = "original"
    __table_args__ = (
        _of_run(),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]
    import_id: Mapped[UUID]
    media_type: Mapped[str] = mapped_column(Text)


class ImportBankLine(TenantOwned, Model):
    """One line of a bank statement, waiting to be loaded."""

    __tablename__ = "import_bank_line"
    __table_args__ = (_of_run(),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    bank_line_id: Mapped[UUID]
    line_key: Mapped[str] = mapped_column(Text)
    account: Mapped[str] = mapped_column(Text)
    account_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date] = mapped_column(Date)
    valued_on: Mapped[date] = mapped_column(Date)
    party: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    bank_ref: Mapped[str] = mapped_column(Text)
    party_mark: Mapped[str] = mapped_column(Text)


class BankLine(TenantOwned, Model):
    """One line of one bank account; a credit without a payment waits to be matched."""

    __tablename__ = "bank_line"
    __table_args__ = (
        UniqueConstraint("tenant_id", "line_key"),
        _of_run(),
        ForeignKeyConstraint(["tenant_id", "payment_id"], ["payment.tenant_id", "payment.id"]),
        Index("ix_bank_line_booked", "tenant_id", "booked_on", "id"),
        Index(
            "ix_bank_line_unmatched",
            "tenant_id",
            "booked_on",
            "id",
            postgresql_where=text("payment_id IS NULL AND amount_minor > 0 AND undone_at IS NULL"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID]
    line_key: Mapped[str] = mapped_column(Text)
    account: Mapped[str] = mapped_column(Text)
    account_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date] = mapped_column(Date)
    valued_on: Mapped[date] = mapped_column(Date)
    party: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    reference: Mapped[str] = mapped_column(Text)
    bank_ref: Mapped[str] = mapped_column(Text)
    party_mark: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[UUID | None]
    known_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    """When the statement that told of it was undone: it is in no list any more and pays nothing."""


class Remittance(TenantOwned, Model):
    """What a customer says that a payment is for; `used_at` says that a credit has answered it."""

    __tablename__ = "remittance"
    __table_args__ = (
        UniqueConstraint("tenant_id", "payer", "number"),
        _of_run(),
        Index(
            "ix_remittance_waiting",
            "tenant_id",
            "amount_minor",
            postgresql_where=text("used_at IS NULL AND undone_at IS NULL"),
        ),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    import_id: Mapped[UUID]
    number: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    paid_on: Mapped[date] = mapped_column(Date)
    payer: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    known_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class RemittanceLine(TenantOwned, Model):
    """One invoice that a remittance advice names, with what is paid of it."""

    __tablename__ = "remittance_line"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "remittance_id"], ["remittance.tenant_id", "remittance.id"]),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    remittance_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    invoice_number: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
