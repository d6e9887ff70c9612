"""Decides the shape of work, of the tenants' lanes, of outside events and of the history, as the database keeps them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    REAL,
    CheckConstraint,
    DateTime,
    Double,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned

Instant = DateTime(timezone=True)


class WorkItem(TenantOwned, Model):
    """One piece of work that an event caused: the durable queue."""

    __tablename__ = "work_item"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "kind", "dedupe_key"),
        CheckConstraint("state IN ('ready', 'leased', 'done', 'dead', 'held')", name="state"),
        Index("ix_work_item_ready", "tenant_id", "lane", "run_at", "id", postgresql_where=text("state = 'ready'")),
        Index("ix_work_item_leased", "tenant_id", "lane", "lease_until", postgresql_where=text("state = 'leased'")),
        Index("ix_work_item_dead", "tenant_id", "finished_at", postgresql_where=text("state = 'dead'")),
        Index("ix_work_item_done", "tenant_id", "finished_at", postgresql_where=text("state = 'done'")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lane: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    dedupe_key: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[str] = mapped_column(Text, server_default="ready")
    run_at: Mapped[datetime] = mapped_column(Instant)
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    max_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="8")
    lease_until: Mapped[datetime | None] = mapped_column(Instant)
    lease_token: Mapped[UUID | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    error_class: Mapped[str | None] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)


class TenantLane(TenantOwned, Model):
    """How much of a lane a tenant has had: what fairness is computed from. Only the dispatcher writes it."""

    __tablename__ = "tenant_lane"
    __table_args__ = (ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),)
    lane: Mapped[str] = mapped_column(Text, primary_key=True)
    vtime: Mapped[float] = mapped_column(Double, server_default="0")
    waiting: Mapped[int] = mapped_column(Integer, server_default="0")
    in_flight: Mapped[int] = mapped_column(Integer, server_default="0")
    cap: Mapped[int] = mapped_column(Integer, server_default="1000")
    weight: Mapped[float] = mapped_column(REAL, server_default="1")


class InboxEvent(TenantOwned, Model):
    """One event from outside, kept as it came; rows are only ever added."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        UniqueConstraint("tenant_id", "source", "external_id"),
        Index("ix_inbox_event_message", "tenant_id", "message_id", "occurred_at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(Text)
    external_id: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    message_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)


class HistoryEntry(TenantOwned, Model):
    """One line of the history; rows are only ever added."""

    __tablename__ = "history"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id"], ["tenant.id"]),
        Index("ix_history_object", "tenant_id", "object_kind", "object_id", "at"),
        Index("ix_history_at", "tenant_id", "at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor: Mapped[str] = mapped_column(Text)
    actor_name: Mapped[str] = mapped_column(Text, server_default="")
    act: Mapped[str] = mapped_column(Text)
    object_kind: Mapped[str] = mapped_column(Text)
    object_id: Mapped[UUID | None]
    was: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    became: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    reason: Mapped[str] = mapped_column(Text, server_default="")
    request_id: Mapped[str] = mapped_column(Text, server_default="")
