"""Decides the shape of work, of the tenants' lanes, of outside events and of the history, as the database keeps
them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import REAL, BigInteger, Double, Index, Integer, LargeBinary, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned


class WorkItem(TenantOwned, Model):
    """One piece of work that an event caused: the durable queue."""

    __tablename__ = "work_item"
    __table_args__ = (
        UniqueConstraint("tenant_id", "kind", "dedupe_key"),
        Index("ix_work_item_ready", "tenant_id", "lane", "run_at", "id", postgresql_where=text("state = 'ready'")),
        Index("ix_work_item_leased", "tenant_id", "lane", "lease_until", postgresql_where=text("state = 'leased'")),
        Index("ix_work_item_dead", "tenant_id", "finished_at", postgresql_where=text("state = 'dead'")),
        Index("ix_work_item_done", "tenant_id", "finished_at", postgresql_where=text("state = 'done'")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    lane: Mapped[str]
    kind: Mapped[str]
    dedupe_key: Mapped[str]
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(server_default="ready")
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    max_attempts: Mapped[int] = mapped_column(SmallInteger, server_default="8")
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    begun_at: Mapped[datetime | None]
    last_error: Mapped[str | None]
    error_class: Mapped[str | None]
    recorded_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class TenantLane(TenantOwned, Model):
    """How much of a lane a tenant has had: what fairness is computed from. Only the dispatcher writes it."""

    __tablename__ = "tenant_lane"
    lane: Mapped[str] = mapped_column(primary_key=True)
    vtime: Mapped[float] = mapped_column(Double, server_default="0")
    waiting: Mapped[int] = mapped_column(Integer, server_default="0")
    in_flight: Mapped[int] = mapped_column(Integer, server_default="0")
    cap: Mapped[int] = mapped_column(Integer, server_default="1000")
    weight: Mapped[float] = mapped_column(REAL, server_default="1")


class InboxEvent(TenantOwned, Model):
    """One event from outside, kept as it came; rows are only ever added."""

    __tablename__ = "inbox_event"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "external_id"),
        Index("ix_inbox_event_message", "tenant_id", "message_id", "occurred_at"),
        Index("ix_inbox_event_mail", "tenant_id", "occurred_at", "id", postgresql_where=text("source = 'mail'")),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    external_id: Mapped[str]
    kind: Mapped[str]
    message_id: Mapped[UUID | None]
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]]


class HistoryEntry(TenantOwned, Model):
    """One line of the history; rows are only ever added."""

    __tablename__ = "history"
    __table_args__ = (
        UniqueConstraint("tenant_id", "seq"),
        Index("ix_history_object", "tenant_id", "object_kind", "object_id", "at"),
        Index("ix_history_at", "tenant_id", "at"),
    )
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger)
    at: Mapped[datetime]
    actor: Mapped[str]
    actor_name: Mapped[str] = mapped_column(server_default="")
    act: Mapped[str]
    object_kind: Mapped[str]
    object_id: Mapped[UUID | None]
    was: Mapped[dict[str, Any] | None]
    became: Mapped[dict[str, Any] | None]
    reason: Mapped[str] = mapped_column(server_default="")
    request_id: Mapped[str] = mapped_column(server_default="")
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes | None] = mapped_column(LargeBinary)


class HistoryHead(TenantOwned, Model):
    """Where a client's chain of lines ends."""

    __tablename__ = "history_head"
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    signature: Mapped[bytes] = mapped_column(LargeBinary)
