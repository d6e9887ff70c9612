"""Decides what is kept about words that leave by a rule to others than customers (webhooks, digests, notices), about
each invoice day by day, and about backtests."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, REAL, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


class WebhookEndpoint(TenantOwned, Model):
    """Where a client's own programs hear of rules."""

    __tablename__ = "webhook_endpoint"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    url: Mapped[str] = mapped_column(Text)
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class WebhookCall(TenantOwned, Model):
    """One call to be made, or made: at least once, with one id for all its repetitions."""

    __tablename__ = "webhook_call"
    __table_args__ = (UniqueConstraint("tenant_id", "call_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    endpoint: Mapped[str] = mapped_column(Text)
    call_key: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(SmallInteger)
    status: Mapped[int | None] = mapped_column(SmallInteger)
    detail: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class DigestLine(TenantOwned, Model):
    """A line of a day's digest of a role."""

    __tablename__ = "digest_line"
    __table_args__ = (
        UniqueConstraint("tenant_id", "line_key"),
        Index("ix_digest_line_untold", "tenant_id", "for_on", "role", postgresql_where=text("told_at IS NULL")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    line_key: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    for_on: Mapped[date]
    made_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    told_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class StaffNotice(TenantOwned, Model):
    """A mail to one of the client's or provider's own people; its key makes a second one impossible."""

    __tablename__ = "staff_notice"
    __table_args__ = (UniqueConstraint("tenant_id", "notice_key"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    notice_key: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    words: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)
    queued_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class InvoiceDaily(TenantOwned, Model):
    """What an invoice was from a day on, until the day before its next row; only what changed makes a row."""

    __tablename__ = "invoice_daily"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_invoice_daily_open_end", "tenant_id", "invoice_id", postgresql_where=text("until_on IS NULL")),
    )

    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    day_on: Mapped[date] = mapped_column(primary_key=True)
    until_on: Mapped[date | None]
    open_minor: Mapped[int] = mapped_column(BigInteger)
    status: Mapped[str] = mapped_column(Text)
    evidence_level: Mapped[int] = mapped_column(SmallInteger)
    owner_id: Mapped[UUID | None]
    holds: Mapped[str] = mapped_column(Text)
    """The kinds of hold in force, in the order of the alphabet, with commas."""


class InvoiceDailyKept(TenantOwned, Model):
    """A day of which the facts are kept; a day without a row is one that nobody looked at."""

    __tablename__ = "invoice_daily_kept"

    days_on: Mapped[date] = mapped_column(primary_key=True)


class Backtest(TenantOwned, Model):
    """One rule asked about each of many past days, a few days at a time."""

    __tablename__ = "backtest"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    rule_id: Mapped[UUID | None]
    document: Mapped[dict[str, Any]] = mapped_column(JSONB)
    sentence: Mapped[str] = mapped_column(Text)
    from_on: Mapped[date]
    to_on: Mapped[date]
    next_on: Mapped[date]
    state: Mapped[str] = mapped_column(Text)
    days: Mapped[int] = mapped_column(Integer)
    days_done: Mapped[int] = mapped_column(Integer)
    seconds: Mapped[float] = mapped_column(REAL)
    result: Mapped[dict[str, Any]] = mapped_column(JSONB)
    fault: Mapped[str] = mapped_column(Text)
    asked_by: Mapped[str] = mapped_column(Text)
    asked_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    done_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))


class BacktestFiring(TenantOwned, Model):
    """That the rule would have acted on a subject on a day."""

    __tablename__ = "backtest_firing"
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "backtest_id"], ["backtest.tenant_id", "backtest.id"]),)

    backtest_id: Mapped[UUID] = mapped_column(primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(primary_key=True)
    fired_on: Mapped[date] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID | None]
