"""Decides what people are warned of: one open alert per subject, grouped by cause, gone when its cause is gone.

Forty invoices behind one dead mail domain are one thing to know, not forty; an alert that outlives its cause
teaches people to ignore alerts.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, ForeignKeyConstraint, Index, RowMapping, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tenants import store
from tenants.events import history
from tenants.isolation import scope
from tenants.store import Model, TenantOwned
from tenants.values import ids
from tenants.values.faults import Kind, Refusal


class AlertUnknown(Refusal, LookupError):
    """No such alert that is still open, or none of this client."""

    kind = Kind.UNKNOWN
    code = "alert_unknown"
    remedy = "Reload the inbox: the alert may have been resolved already."


class Alert(TenantOwned, Model):
    """One warning about one subject."""

    __tablename__ = "alert"
    __table_args__ = (
        ForeignKeyConstraint(["tenant_id", "debtor_id"], ["debtor.tenant_id", "debtor.id"]),
        ForeignKeyConstraint(["tenant_id", "invoice_id"], ["invoice.tenant_id", "invoice.id"]),
        Index("ix_alert_state", "tenant_id", "state", "opened_at", "id"),
        Index("ix_alert_invoice", "tenant_id", "invoice_id"),
        Index("uq_alert_open", "tenant_id", "dedupe_key", unique=True, postgresql_where=text("state <> 'resolved'")),
    )
    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    dedupe_key: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(Text)
    cause: Mapped[str] = mapped_column(Text, default="")
    severity: Mapped[str] = mapped_column(Text, default="normal")
    audience: Mapped[str] = mapped_column(Text, default="specialist")
    rule_key: Mapped[str] = mapped_column(Text, default="")
    debtor_id: Mapped[UUID | None]
    invoice_id: Mapped[UUID | None]
    ends_when: Mapped[str] = mapped_column(Text, default="settled")
    state: Mapped[str] = mapped_column(Text, default="open")
    opened_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    acknowledged_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    acknowledged_by: Mapped[str] = mapped_column(Text, default="")
    resolved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    resolution: Mapped[str] = mapped_column(Text, default="")


@dataclass(frozen=True, slots=True)
class NewAlert:
    """An alert to raise. `cause` is what groups it ("rule:<key>", "domain:<name>"); `ends_when` as in tasks.NewTask."""

    dedupe_key: str
    title: str
    reason: str
    cause: str = ""
    severity: str = "normal"
    rule_key: str = ""
    debtor_id: UUID | None = None
    invoice_id: UUID | None = None
    ends_when: str = "settled"
    audience: str = "specialist"
    """Whom it is for, as rules name people."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Alerts of one client that have one cause: one line of the inbox."""

    tenant_id: UUID
    client: str
    slug: str
    cause: str
    title: str
    severity: str
    count: int
    unread: int
    customers: int
    oldest_at: datetime
    newest_at: datetime


RAISE = """
INSERT INTO alert (tenant_id, id, dedupe_key, title, reason, cause, severity, rule_key, debtor_id, invoice_id,
  ends_when, audience, state, opened_at)
SELECT :tenant, d.id, d.dedupe_key, d.title, d.reason, d.cause, d.severity, d.rule_key,
  COALESCE(d.debtor_id, i.debtor_id), d.invoice_id, d.ends_when, d.audience, 'open', :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS d(id uuid, dedupe_key text, title text, reason text, cause text,
  severity text, rule_key text, debtor_id uuid, invoice_id uuid, ends_when text, audience text)
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = d.invoice_id
ON CONFLICT (tenant_id, dedupe_key) WHERE state <> 'resolved' DO NOTHING RETURNING id
"""
WEIGHT = "max(CASE a.severity WHEN 'high' THEN 3 WHEN 'normal' THEN 2 ELSE 1 END)"
INBOX = f"""
SELECT a.tenant_id, t.legal_name, t.slug, a.cause, min(a.title) AS title,
  CASE {WEIGHT} WHEN 3 THEN 'high' WHEN 2 THEN 'normal' ELSE 'low' END, count(*),
  count(*) FILTER (WHERE a.state = 'open'), count(DISTINCT a.debtor_id), min(a.opened_at), max(a.opened_at)
FROM alert a JOIN tenant t ON t.id = a.tenant_id
WHERE a.tenant_id = ANY(:tenants) AND a.state IN ('open', 'acknowledged')
GROUP BY a.tenant_id, t.legal_name, t.slug, a.cause
ORDER BY {WEIGHT} DESC, max(a.opened_at) DESC, a.tenant_id, a.cause LIMIT :limit
"""
# Several clients' mail to one kind of mailbox falls at once: that is sending itself, not the clients. Only how many
# clients of the caller's own is told, and their own names.
PARENTS = """
SELECT split_part(a.dedupe_key, '/', 2) AS mailbox, count(DISTINCT a.tenant_id) AS clients,
  array_agg(DISTINCT t.legal_name) AS names, min(a.opened_at) AS since_at
FROM alert a JOIN tenant t ON t.id = a.tenant_id
WHERE a.tenant_id = ANY(:tenants) AND a.cause = 'sending:seen-rate' AND a.state IN ('open', 'acknowledged')
  AND a.dedupe_key LIKE 'seen-rate:%/%'
GROUP BY split_part(a.dedupe_key, '/', 2) HAVING count(DISTINCT a.tenant_id) >= :least ORDER BY 1
"""
# Ids rise with time, so an alert's id is its place in time and pages need no second key.
ITEMS = """
SELECT a.id, a.title, a.reason, a.cause, a.severity, a.state, a.rule_key, a.debtor_id, d.name AS customer,
  a.invoice_id, i.number AS invoice_number, i.open_minor, i.currency, a.opened_at, a.acknowledged_at,
  a.acknowledged_by, a.resolved_at, a.resolution
FROM alert a
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = a.debtor_id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant AND a.state = ANY(:states) AND (CAST(:cause AS text) IS NULL OR a.cause = :cause)
  AND (CAST(:after AS uuid) IS NULL OR a.id < :after)
ORDER BY a.id DESC LIMIT :limit
"""
ACKNOWLEDGE = """
UPDATE alert SET state = 'acknowledged', acknowledged_at = :now, acknowledged_by = :actor
WHERE tenant_id = :tenant AND id = ANY(:ids) AND state = 'open' RETURNING id
"""
RESOLVE = """
UPDATE alert SET state = 'resolved', resolved_at = :now, resolution = :resolution
WHERE tenant_id = :tenant AND id = ANY(:ids) AND state <> 'resolved' RETURNING id
"""
BY_CAUSE = "SELECT id FROM alert WHERE tenant_id = :tenant AND cause = :cause AND state IN ('open', 'acknowledged')"


def raise_many(drafts: Sequence[NewAlert], *, now: datetime) -> list[UUID]:
    """Raise alerts in one statement; return the ids of the new ones. What is alerted already stays one alert."""
    if not drafts:
        return []
    rows = [{**asdict(draft), "id": ids.new()} for draft in {draft.dedupe_key: draft for draft in drafts}.values()]
    return list(store.run(RAISE, rows=json.dumps(rows, default=str), now=now).scalars())


def inbox(*, limit: int = 200) -> list[Cause]:
    """The open alerts of all clients in scope, one line per client and cause, worst and newest first."""
    return [Cause(*row) for row in store.run(INBOX, limit=limit)]


def parents(*, least: int = 3) -> Sequence[RowMapping]:
    """Kinds of mailboxes at which the mail of several clients in scope is seen less than usual at once."""
    return store.run(PARENTS, least=least).mappings().all()


def items(
    cause: str | None = None, *, resolved: bool = False, after: UUID | None = None, limit: int = 50
) -> Sequence[RowMapping]:
    """The single alerts of one client, newest first, of one cause or of all."""
    states = ["resolved"] if resolved else ["open", "acknowledged"]
    return store.run(ITEMS, cause=cause, states=states, after=after, limit=limit).mappings().all()


def of_cause(cause: str) -> list[UUID]:
    """The ids of all open alerts with one cause, for acting on the whole group."""
    return list(store.run(BY_CAUSE, cause=cause).scalars())


def acknowledge(alert_ids: Sequence[UUID], *, now: datetime) -> int:
    """Somebody has seen them and cares for them. Raises AlertUnknown when none of them was open."""
    moved = store.run(ACKNOWLEDGE, ids=list(alert_ids), now=now, actor=scope.current().actor).scalars().all()
    return _noted("acknowledged", moved, now=now)


def resolve(alert_ids: Sequence[UUID], *, now: datetime, resolution: str) -> int:
    """The cause is gone, by a person's word. Raises AlertUnknown when none of them was unresolved."""
    moved = store.run(RESOLVE, ids=list(alert_ids), now=now, resolution=resolution).scalars().all()
    return _noted("resolved", moved, now=now, reason=resolution)


def _noted(act: str, moved: Sequence[UUID], *, now: datetime, reason: str = "") -> int:
    if not moved:
        raise AlertUnknown("There is no such alert.")
    for alert_id in moved:
        history.note(act, about=("alert", alert_id), at=now, reason=reason)
    return len(moved)
