"""The rows of this room. Hot paths write SQL; these models serve single objects and hold the schema to what the
migrations say."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PgUuid
from sqlalchemy.orm import Mapped, mapped_column

from tenants.store import Model, TenantOwned

Instant = TIMESTAMP(timezone=True)


def _key(here: str, table: str) -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["tenant_id", here], [f"{table}.tenant_id", f"{table}.id"])


def _index(table: str, name: str, *columns: str, where: str | None = None, unique: bool = False) -> Index:
    prefix = "uq" if unique else "ix"
    condition = None if where is None else text(where)
    return Index(f"{prefix}_{table}_{name}", "tenant_id", *columns, postgresql_where=condition, unique=unique)


class Delivered(TenantOwned):
    """What every table of this room starts with: the tenant and an id."""

    tenant_id: Mapped[UUID] = mapped_column(PgUuid, ForeignKey("tenant.id"), primary_key=True, sort_order=-10)
    id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-9)


class Document(Delivered, Model):
    """One kept file: which bytes, where, about which invoice."""

    __tablename__ = "document"
    __table_args__ = (
        UniqueConstraint("tenant_id", "store_key"),
        _key("debtor_id", "debtor"),
        _key("invoice_id", "invoice"),
        _index("document", "invoice", "invoice_id", "made_at"),
    )
    debtor_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    kind: Mapped[str] = mapped_column(Text)
    media_type: Mapped[str] = mapped_column(Text)
    sha256: Mapped[str] = mapped_column(Text)
    bytes: Mapped[int] = mapped_column(Integer)
    store_key: Mapped[str] = mapped_column(Text)
    made_at: Mapped[datetime] = mapped_column(Instant)


class Message(Delivered, Model):
    """One mail to one recipient about one step; its step key makes a second one for that step impossible."""

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("tenant_id", "step_key"),
        CheckConstraint("kind IN ('invoice', 'reminder', 'note')"),
        _key("debtor_id", "debtor"),
        _key("contact_id", "contact"),
        _index("message", "debtor", "debtor_id", "queued_at"),
        _index("message", "state", "state", "queued_at", where="state IN ('queued', 'sending', 'held')"),
        _index("message", "queued", "queued_at", "id"),
    )
    debtor_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    step_key: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    channel: Mapped[str] = mapped_column(Text, server_default="email")
    recipient: Mapped[str] = mapped_column(Text)
    language: Mapped[str] = mapped_column(Text, server_default="en")
    template: Mapped[str] = mapped_column(Text)
    rule_key: Mapped[str] = mapped_column(Text, server_default="")
    signed_by: Mapped[str] = mapped_column(Text, server_default="")
    subject: Mapped[str] = mapped_column(Text, server_default="")
    content_key: Mapped[str] = mapped_column(Text, server_default="")
    state: Mapped[str] = mapped_column(Text, server_default="queued")
    held_reason: Mapped[str] = mapped_column(Text, server_default="")
    overridden_by: Mapped[str] = mapped_column(Text, server_default="")
    override_reason: Mapped[str] = mapped_column(Text, server_default="")
    evidence_level: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    queued_at: Mapped[datetime] = mapped_column(Instant)
    sent_at: Mapped[datetime | None] = mapped_column(Instant)
    delivered_at: Mapped[datetime | None] = mapped_column(Instant)
    bounced_at: Mapped[datetime | None] = mapped_column(Instant)


class MessageItem(TenantOwned, Model):
    """One invoice that a message is about."""

    __tablename__ = "message_item"
    __table_args__ = (
        _key("message_id", "message"),
        _key("invoice_id", "invoice"),
        _index("message_item", "invoice", "invoice_id", "message_id"),
    )
    tenant_id: Mapped[UUID] = mapped_column(PgUuid, primary_key=True, sort_order=-10)
    message_id: Mapped[UUID] = mapped_column(primary_key=True)
    invoice_id: Mapped[UUID] = mapped_column(primary_key=True)
    debtor_id: Mapped[UUID]


class DeliveryAttempt(Delivered, Model):
    """One hand-over to a mail server: written before the call, settled after it."""

    __tablename__ = "delivery_attempt"
    __table_args__ = (
        UniqueConstraint("tenant_id", "message_id", "attempt_no"),
        _key("message_id", "message"),
        _index("delivery_attempt", "unsettled", "intent_at", where="state IN ('intent', 'ambiguous')"),
    )
    message_id: Mapped[UUID]
    attempt_no: Mapped[int] = mapped_column(SmallInteger)
    state: Mapped[str] = mapped_column(Text)
    content_sha256: Mapped[str] = mapped_column(Text, server_default="")
    provider: Mapped[str] = mapped_column(Text)
    provider_ref: Mapped[str] = mapped_column(Text, server_default="")
    detail: Mapped[str] = mapped_column(Text, server_default="")
    intent_at: Mapped[datetime] = mapped_column(Instant)
    settled_at: Mapped[datetime | None] = mapped_column(Instant)
    sender: Mapped[str] = mapped_column(Text, server_default="")


class Evidence(Delivered, Model):
    """One graded sign that something arrived or was seen; only ever added."""

    __tablename__ = "evidence"
    __table_args__ = (
        UniqueConstraint("tenant_id", "source", "source_key"),
        _key("debtor_id", "debtor"),
        _key("invoice_id", "invoice"),
        _key("message_id", "message"),
        _index("evidence", "invoice", "invoice_id", "occurred_at"),
        _index("evidence", "message", "message_id", "occurred_at"),
        _index("evidence", "traces", "recorded_at", "id", where="agent <> '' OR ip_prefix <> ''"),
    )
    debtor_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    contact_id: Mapped[UUID | None]
    level: Mapped[int] = mapped_column(SmallInteger)
    kind: Mapped[str] = mapped_column(Text)
    verdict: Mapped[str] = mapped_column(Text, server_default="")
    reasons: Mapped[str] = mapped_column(Text, server_default="")
    ruleset: Mapped[int] = mapped_column(SmallInteger, server_default="1")
    occurred_at: Mapped[datetime] = mapped_column(Instant)
    recorded_at: Mapped[datetime] = mapped_column(Instant)
    source: Mapped[str] = mapped_column(Text)
    source_key: Mapped[str] = mapped_column(Text)
    agent: Mapped[str] = mapped_column(Text, server_default="")
    ip_prefix: Mapped[str] = mapped_column(Text, server_default="")
    document_sha256: Mapped[str] = mapped_column(Text, server_default="")


class Suppression(Delivered, Model):
    """An address that nothing is sent to, and why."""

    __tablename__ = "suppression"
    __table_args__ = (_index("suppression", "live", "address", where="lifted_at IS NULL", unique=True),)
    address: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, server_default="")
    since_at: Mapped[datetime] = mapped_column(Instant)
    lifted_at: Mapped[datetime | None] = mapped_column(Instant)
    lifted_by: Mapped[str] = mapped_column(Text, server_default="")


class PortalLink(Delivered, Model):
    """One way in without a password, for one contact of one debtor."""

    __tablename__ = "portal_link"
    __table_args__ = (
        UniqueConstraint("tenant_id", "message_id"),
        _key("contact_id", "contact"),
        _key("invoice_id", "invoice"),
        _index("portal_link", "contact", "contact_id"),
    )
    debtor_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    message_id: Mapped[UUID | None]
    made_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)


class HeldAction(Delivered, Model):
    """One step that did not happen, with its reason; repeats are counted."""

    __tablename__ = "held_action"
    __table_args__ = (
        UniqueConstraint("tenant_id", "step_key", "reason"),
        _key("debtor_id", "debtor"),
        _index("held_action", "invoice", "invoice_id", "last_at"),
        _index("held_action", "reason", "reason", "last_at"),
    )
    step_key: Mapped[str] = mapped_column(Text)
    debtor_id: Mapped[UUID]
    invoice_id: Mapped[UUID | None]
    rule_key: Mapped[str] = mapped_column(Text, server_default="")
    reason: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, server_default="")
    first_at: Mapped[datetime] = mapped_column(Instant)
    last_at: Mapped[datetime] = mapped_column(Instant)
    times: Mapped[int] = mapped_column(Integer, server_default="1")
