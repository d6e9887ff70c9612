"""Decides how a refusal of the conduct gate is remembered: one row for each step and reason, which counts its repeats.

"Why was nothing sent?" is asked more often than "why was it sent?", and this table answers it.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from tenants import store
from tenants.values import ids

KEEP = """
INSERT INTO held_action (tenant_id, id, step_key, debtor_id, invoice_id, rule_key, reason, detail, first_at, last_at,
       times)
SELECT :tenant, r.id, r.step_key, r.debtor_id, r.invoice_id, r.rule_key, r.reason, r.detail, :now, :now, 1
FROM jsonb_to_recordset(CAST(:rows AS jsonb))
  AS r(id uuid, step_key text, debtor_id uuid, invoice_id uuid, rule_key text, reason text, detail text)
ON CONFLICT (tenant_id, step_key, reason) DO UPDATE
  SET last_at = excluded.last_at, times = held_action.times + 1, detail = excluded.detail
"""
BY_REASON = """
SELECT reason, count(*) AS steps, sum(times) AS times, max(last_at) AS last_at FROM held_action
WHERE tenant_id = :tenant AND last_at >= :since GROUP BY reason ORDER BY steps DESC, reason
"""
ABOUT_INVOICE = """
SELECT step_key, rule_key, reason, detail, first_at, last_at, times FROM held_action
WHERE tenant_id = :tenant AND invoice_id = :invoice ORDER BY last_at DESC, id DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Refused:
    """One step that did not happen, and why. A part of a bundle is a step of its own."""

    step_key: str
    debtor_id: UUID
    invoice_id: UUID | None
    rule_key: str
    reason: str
    detail: str


def keep(refused: Iterable[Refused], *, now: datetime) -> None:
    """Remember refusals in the transaction that refuses."""
    rows = [{**asdict(each), "id": ids.new()} for each in refused]
    if rows:
        store.run(KEEP, rows=json.dumps(rows, default=str), now=now)


def by_reason(*, since: datetime) -> Sequence[RowMapping]:
    """How many steps were held, by reason, since an instant: reason, steps, times, last_at."""
    return store.run(BY_REASON, since=since).mappings().all()


def about_invoice(invoice_id: UUID, *, limit: int = 50) -> Sequence[RowMapping]:
    """What was not sent about one invoice, newest first."""
    return store.run(ABOUT_INVOICE, invoice=invoice_id, limit=limit).mappings().all()
