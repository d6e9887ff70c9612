"""Mails that were sent, written straight into a client's books, and what a provider tells of them."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from console.chaos import books
from tenants import store
from tenants.delivery import links, queueing
from tenants.directory import clients
from tenants.isolation import scope
from tenants.values import ids
from tenants.work import unit_of_work

SENT = """
UPDATE message SET state = 'sent', sent_at = :now WHERE tenant_id = :tenant AND state = 'queued'
RETURNING id, debtor_id, contact_id
"""
ATTEMPTS = """
INSERT INTO delivery_attempt (tenant_id, id, message_id, attempt_no, state, provider, intent_at, settled_at)
SELECT :tenant, r.attempt, r.message, 1, 'accepted', 'ses', :now, :now
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(attempt uuid, message uuid)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
LINKS = """
INSERT INTO portal_link (tenant_id, id, debtor_id, contact_id, message_id, made_at, expires_at)
SELECT :tenant, r.link, r.debtor, r.contact, r.message, :now, :ends
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(link uuid, message uuid, debtor uuid, contact uuid)
ON CONFLICT (tenant_id, id) DO NOTHING
"""
NO_WORK = "DELETE FROM work_item WHERE tenant_id = :tenant AND kind = 'send_message'"
TOLD = """
INSERT INTO inbox_event (tenant_id, id, source, external_id, kind, message_id, occurred_at, received_at, payload)
SELECT :tenant, r.id, 'ses', r.id::text, r.kind, r.message, :now, :now,
  jsonb_build_object('attempt_id', r.attempt, 'status', '', 'said', 'told', 'reference', '0100')
FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r(id uuid, kind text, message uuid, attempt uuid)
ON CONFLICT (tenant_id, source, external_id) DO NOTHING
"""
SLICE = 2_000
LOADED = (
    "message",
    "message_item",
    "delivery_attempt",
    "portal_link",
    "invoice",
    "contact",
    "debtor",
    "inbox_event",
    "evidence",
)


@dataclass(frozen=True)
class Posted:
    """One mail that left."""

    tenant: UUID
    message: UUID
    attempt: UUID
    link: UUID
    link_ends: datetime


def allow_images(client: UUID) -> None:
    """Let tracking images count."""
    with unit_of_work(scope.tenant(client, actor="bench")):
        clients.change(pixel="on")


def post(client: UUID, n: int, *, first: int) -> list[Posted]:
    """Customers, invoices and mails that left; `first` keeps the numbers of several rounds apart."""
    now = datetime.now(UTC)
    with unit_of_work(scope.tenant(client, actor="bench")):
        made = books.fill(n, today=now.date(), now=now, first=first * 100_000)
        queueing.queue_invoices(today=now.date(), now=now, real=now, invoice_ids=made)
        rows = [
            {
                "message": row.id,
                "debtor": row.debtor_id,
                "contact": row.contact_id,
                "attempt": ids.new(),
                "link": ids.new(),
            }
            for row in store.run(SENT, now=now)
        ]
        ends = (now + links.LIFETIME).replace(microsecond=0)
        store.run(ATTEMPTS, rows=json.dumps(rows, default=str), now=now)
        store.run(LINKS, rows=json.dumps(rows, default=str), now=now, ends=ends)
        store.run(NO_WORK)
    _look_over()
    return [Posted(client, row["message"], row["attempt"], row["link"], ends) for row in rows]


def _look_over() -> None:
    """What the database's own housekeeping does within a minute of such a load."""
    with psycopg.connect(os.environ["GOODTERMS_BENCH_ADMIN_URL"], autocommit=True) as admin:
        for table in LOADED:
            admin.execute(f"ANALYZE app.{table}")


def tell(client: UUID, mails: Sequence[Posted]) -> list[UUID]:
    """What a provider tells of these mails: of most that they were taken and delivered, of some more."""
    rows: list[dict[str, Any]] = []
    for number, mail in enumerate(mails):
        kinds = ["accepted", "delivered"] + ["delayed"] * (number % 10 == 0) + ["failed"] * (number % 50 == 0)
        rows += [{"id": ids.new(), "kind": kind, "message": mail.message, "attempt": mail.attempt} for kind in kinds]
    at = datetime.now(UTC) - timedelta(seconds=1)
    for start in range(0, len(rows), SLICE):
        with unit_of_work(scope.tenant(client, actor="bench")):
            store.run(TOLD, rows=json.dumps(rows[start : start + SLICE], default=str), now=at)
    _look_over()
    return [row["id"] for row in rows]
