"""The rows about ways beside mail, about news without a mail, and about what is counted without knowing whom."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, Integer, SmallInteger, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.delivery.models import Delivered, Instant, _index, _key
from tenants.store import Model, TenantOwned


class FormerVerdict(TenantOwned, Model):
    """What an earlier ruleset said of a sign."""

    __tablename__ = "former_verdict"
    __table_args__ = (_key("evidence_id", "evidence"),)
    evidence_id: Mapped[UUID] = mapped_column(primary_key=True)
    ruleset: Mapped[int] = mapped_column(SmallInteger)
    verdict: Mapped[str] = mapped_column(Text)
    reasons: Mapped[str] = mapped_column(Text)
    level: Mapped[int] = mapped_column(SmallInteger)
    replaced_at: Mapped[datetime] = mapped_column(Instant, primary_key=True)


class ParkedEvent(Delivered, Model):
    """News about a mail that is not known, or not known yet."""

    __tablename__ = "parked_event"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "external_id"),
        _index("parked_event", "waiting", "parked_at", where="state = 'waiting'"),
    )
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    attempt_id: Mapped[UUID]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    parked_at: Mapped[datetime] = mapped_column(Instant)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="waiting")
    settled_at: Mapped[datetime | None] = mapped_column(Instant)


class DebtorChannels(TenantOwned, Model):
    """In which order ways to one customer are tried."""

    __tablename__ = "debtor_channels"
    __table_args__ = (CheckConstraint("wait_days BETWEEN 1 AND 60"), _key("debtor_id", "debtor"))
    debtor_id: Mapped[UUID] = mapped_column(primary_key=True)
    ways: Mapped[list[str]] = mapped_column(ARRAY(Text))
    wait_days: Mapped[int] = mapped_column(SmallInteger)
    phone: Mapped[str] = mapped_column(Text, server_default="")
    postal: Mapped[str] = mapped_column(Text, server_default="")
    changed_by: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(Instant)


class OpenTally(TenantOwned, Model):
    """How often images of one kind of mail were loaded on one day, by nobody in particular."""

    __tablename__ = "open_tally"
    day_on: Mapped[date] = mapped_column(Date, primary_key=True)
    template: Mapped[str] = mapped_column(Text, primary_key=True)
    country: Mapped[str] = mapped_column(Text, primary_key=True)
    loads: Mapped[int] = mapped_column(Integer)
    machines: Mapped[int] = mapped_column(Integer)


class PrintBatch(Delivered, Model):
    """Letters that were printed together, and whether they were posted."""

    __tablename__ = "print_batch"
    __table_args__ = (_index("print_batch", "made", "made_at", "id"),)
    letters: Mapped[int] = mapped_column(Integer)
    pages: Mapped[int] = mapped_column(Integer)
    sha256: Mapped[str] = mapped_column(Text)
    store_key: Mapped[str] = mapped_column(Text)
    made_by: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant)
    posted_by: Mapped[str] = mapped_column(Text, server_default="")
    posted_at: Mapped[datetime | None] = mapped_column(Instant)


class EinvoiceGoal(TenantOwned, Model):
    """What a client wants of e-invoices, by when; shares in thousandths."""

    __tablename__ = "einvoice_goal"
    __table_args__ = (CheckConstraint("due_on > begun_on"),)
    metric: Mapped[str] = mapped_column(Text)
    baseline: Mapped[int] = mapped_column(SmallInteger)
    target: Mapped[int] = mapped_column(SmallInteger)
    begun_on: Mapped[date] = mapped_column(Date)
    due_on: Mapped[date] = mapped_column(Date)
    set_by: Mapped[str] = mapped_column(Text)
    set_at: Mapped[datetime] = mapped_column(Instant)
