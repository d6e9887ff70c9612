"""Decides what people see of what a rule did: each act, the newest first, with its reason in the wording that was live
then.

Acts are found by their runs, so the newest page costs no walk over all that a rule ever did.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.rules import bounds, language, rule_book, wording
from tenants.rules.statements import SEGMENT

# A rule about invoices answers for a customer by all its invoices; one about customers answers for an invoice by whose
# it is.
OF_SUBJECT = """
  AND (f.subject_id = :subject
    OR f.subject_id IN (SELECT i.id FROM invoice i WHERE i.tenant_id = :tenant AND i.debtor_id = :subject)
    OR f.subject_id = (SELECT i.debtor_id FROM invoice i WHERE i.tenant_id = :tenant AND i.id = :subject))"""
BEHIND = """
  AND r.started_at <= :after_at
  AND (r.started_at, r.id, f.subject_id, f.episode) < (:after_at, :after_run, :after_subject, :after_episode)"""
PAGE = """
SELECT p.*, i.number, i.id AS invoice_id, d.id AS debtor_id, d.name AS customer FROM (
  SELECT r.started_at, r.id AS run_id, f.subject_id, f.episode, f.version, f.fired_at, f.explanation
  FROM rule_run r JOIN rule_firing f ON f.tenant_id = :tenant AND f.run_id = r.id
  WHERE r.tenant_id = :tenant AND r.rule_id = :rule{narrow}
  ORDER BY r.started_at DESC, r.id DESC, f.subject_id DESC, f.episode DESC LIMIT :limit) p
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = p.subject_id
LEFT JOIN debtor d ON d.tenant_id = :tenant AND d.id = COALESCE(i.debtor_id, p.subject_id)
ORDER BY p.started_at DESC, p.run_id DESC, p.subject_id DESC, p.episode DESC
"""
WORDINGS = "SELECT version, document FROM rule_version WHERE tenant_id = :tenant AND rule_id = :rule"
Place = tuple[datetime, UUID, UUID, int]


@dataclass(frozen=True, slots=True)
class Act:
    """One subject on which a rule acted, and why."""

    run_id: UUID
    subject_id: UUID
    episode: int
    version: int
    fired_at: datetime
    text: str
    invoice_id: UUID | None
    debtor_id: UUID | None
    number: str
    customer: str
    """Whom it concerned; of a rule about groups, the group."""
    place: Place


def of(rule_key: str, *, subject_id: UUID | None = None, after: Place | None = None, limit: int = 50) -> list[Act]:
    """The acts of a rule behind a place, all or those that concern an invoice or a customer. Raises RuleUnknown."""
    kept = rule_book.find(rule_key)
    narrow, values = "", dict[str, Any](rule=kept.id, limit=limit)
    if subject_id is not None:
        narrow, values["subject"] = OF_SUBJECT, subject_id
    if after is not None:
        narrow += BEHIND
        names = ("after_at", "after_run", "after_subject", "after_episode")
        values |= dict(zip(names, after, strict=True))
    rows = store.run(PAGE.format(narrow=narrow), **values).all()
    return _told(rows, rule_id=kept.id) if rows else []


def _told(rows: Sequence[Any], *, rule_id: UUID) -> list[Act]:
    written = {row.version: language.read(row.document) for row in store.run(WORDINGS, rule=rule_id)}
    zone = bounds.here(rows[0].fired_at).zone
    return [
        Act(
            row.run_id,
            row.subject_id,
            row.episode,
            row.version,
            row.fired_at,
            wording.reason(written[row.version], row.explanation, zone=zone),
            row.invoice_id,
            row.debtor_id,
            row.number or "",
            row.customer or str(row.explanation.get(SEGMENT, "")),
            (row.started_at, row.run_id, row.subject_id, row.episode),
        )
        for row in rows
    ]
