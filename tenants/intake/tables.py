"""Decides the shape of what intake keeps: the mapping of each source, each run with its report, staged rows, faults."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Date, ForeignKey, ForeignKeyConstraint, Index, Integer, Text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


def _of_run() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", "import_id"], ["import_run.tenant_id", "import_run.id"])


class ImportSource(TenantOwned, Model):
    """How the files of one source are read, as the last loaded one taught us."""

    __tablename__ = "import_source"

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    key: Mapped[str] = mapped_column(Text, primary_key=True)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    saved_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class ImportRun(TenantOwned, Model):
    """One file that came, and what became of it."""

    __tablename__ = "import_run"
    __table_args__ = (
        Index("ix_import_run_sha256", "tenant_id", "file_sha256"),
        Index("ix_import_run_received", "tenant_id", "received_at"),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    file_name: Mapped[str] = mapped_column(Text)
    file_sha256: Mapped[str] = mapped_column(Text)
    file_key: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[str] = mapped_column(Text)
    detection: Mapped[dict[str, Any]] = mapped_column(JSONB)
    mapping: Mapped[dict[str, Any]] = mapped_column(JSONB)
    rows_read: Mapped[int] = mapped_column(BigInteger)
    rows_accepted: Mapped[int] = mapped_column(BigInteger)
    rows_refused: Mapped[int] = mapped_column(BigInteger)
    rows_added: Mapped[int] = mapped_column(BigInteger)
    rows_same: Mapped[int] = mapped_column(BigInteger)
    report: Mapped[dict[str, Any]] = mapped_column(JSONB)
    """What the check found under `check`, what loading did under `load`."""
    actor: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    loaded_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    undone_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class ImportChange(TenantOwned, Model):
    """What a later file said otherwise of a customer who was here."""

    __tablename__ = "import_change"
    __table_args__ = (
        _of_run(),
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
    )

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(Text, primary_key=True)
    was: Mapped[str] = mapped_column(Text)
    became: Mapped[str] = mapped_column(Text)


class ImportRow(TenantOwned, Model):
    """One believed row, waiting to be loaded. `invoice_id` is the id of whatever the row turns out to make."""

    __tablename__ = "import_row"
    __table_args__ = (_of_run(),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    invoice_id: Mapped[UUID]
    debtor_number: Mapped[str] = mapped_column(Text)
    debtor_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    groups: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    number: Mapped[str] = mapped_column(Text)
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    tax_minor: Mapped[int] = mapped_column(BigInteger)
    issued_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    purchase_order: Mapped[str] = mapped_column(Text)
    disputed: Mapped[bool] = mapped_column(Boolean)
    settled_on: Mapped[date | None] = mapped_column(Date)
    paid_minor: Mapped[int] = mapped_column(BigInteger)
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    discount_until_on: Mapped[date | None] = mapped_column(Date)


class ImportCustomer(TenantOwned, Model):
    """What a file of customers says of one of them. `made_id` is the id of whatever the row turns out to make."""

    __tablename__ = "import_customer"
    __table_args__ = (_of_run(),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    made_id: Mapped[UUID]
    debtor_number: Mapped[str] = mapped_column(Text)
    debtor_name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    country: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text)
    groups: Mapped[str] = mapped_column(Text)
    address: Mapped[str] = mapped_column(Text)
    terms: Mapped[str] = mapped_column(Text)
    credit_limit: Mapped[str] = mapped_column(Text)
    owner: Mapped[str] = mapped_column(Text)


class ImportFault(TenantOwned, Model):
    """Why one cell kept its row out."""

    __tablename__ = "import_fault"
    __table_args__ = (_of_run(),)

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    import_id: Mapped[UUID] = mapped_column(primary_key=True)
    row_no: Mapped[int] = mapped_column(Integer, primary_key=True)
    column_name: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    remedy: Mapped[str] = mapped_column(Text)
