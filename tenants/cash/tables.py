"""Decides the shape of what cash application keeps: proposals with their parts, and deductions."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Date, ForeignKeyConstraint, Index, SmallInteger, Text, text
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


def _of(column: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


class CashMatch(TenantOwned, Model):
    """What is proposed for one bank line, or for one part of it, and what became of that."""

    __tablename__ = "cash_match"
    __table_args__ = (
        _of("bank_line_id", "bank_line"),
        _of("debtor_id", "debtor"),
        _of("payment_id", "payment"),
        Index("ix_cash_match_line", "tenant_id", "bank_line_id"),
        Index(
            "ix_cash_match_queue",
            *("tenant_id", "state", "band", "booked_on", "id"),
            postgresql_where=text("state IN ('waiting', 'parked')"),
        ),
        Index(
            "ix_cash_match_decided", "tenant_id", "decided_at", "id", postgresql_where=text("decided_at IS NOT NULL")
        ),
        Index("ix_cash_match_payment", "tenant_id", "payment_id", postgresql_where=text("payment_id IS NOT NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    bank_line_id: Mapped[UUID]
    debtor_id: Mapped[UUID | None]
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    booked_on: Mapped[date] = mapped_column(Date)
    band: Mapped[str] = mapped_column(Text)
    pattern: Mapped[str] = mapped_column(Text)
    score: Mapped[int] = mapped_column(SmallInteger)
    reasons: Mapped[list[Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text)
    payment_id: Mapped[UUID | None]
    remittance_id: Mapped[UUID | None]
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(Text)
    proposed_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    decided_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class CashPart(TenantOwned, Model):
    """So much of a line for one invoice, and what it leaves short."""

    __tablename__ = "cash_part"
    __table_args__ = (
        _of("match_id", "cash_match"),
        _of("invoice_id", "invoice"),
        Index("ix_cash_part_invoice", "tenant_id", "invoice_id"),
    )

    match_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger, primary_key=True)
    invoice_id: Mapped[UUID]
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    short_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)


class Deduction(TenantOwned, Model):
    """What a customer kept back when paying, with the reason that was given or seen."""

    __tablename__ = "deduction"
    __table_args__ = (
        _of("match_id", "cash_match"),
        _of("payment_id", "payment"),
        _of("invoice_id", "invoice"),
        _of("debtor_id", "debtor"),
        Index("ix_deduction_open", "tenant_id", "opened_on", "id", postgresql_where=text("closed_on IS NULL")),
        Index("ix_deduction_invoice", "tenant_id", "invoice_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    match_id: Mapped[UUID]
    payment_id: Mapped[UUID]
    invoice_id: Mapped[UUID]
    debtor_id: Mapped[UUID]
    currency: Mapped[str] = mapped_column(Text)
    amount_minor: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    opened_on: Mapped[date] = mapped_column(Date)
    closed_on: Mapped[date | None] = mapped_column(Date)
    outcome: Mapped[str] = mapped_column(Text)
    known_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
