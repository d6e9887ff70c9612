"""Decides how a compiled question is asked about a past day: the same statement over invoices and holds as they were.

What has no past form (groups, addresses, tags) is read as it is today, and a backtest names it.
"""

import re

from tenants.rules.tree import Other, Rule

INVOICE = re.compile(r"\binvoice ([ioslm])\b")
HOLD = re.compile(r"\bhold ([hn])\b")
WITH = """WITH invoice_then AS (
  SELECT i.tenant_id, i.id, i.debtor_id, i.number, i.currency, i.amount_minor, i.issued_on, i.due_on, i.purchase_order,
    COALESCE(f.open_minor, 0) AS open_minor, COALESCE(f.evidence_level, 0) AS evidence_level,
    CASE WHEN i.settled_on <= :today THEN i.settled_on END AS settled_on,
    CASE WHEN i.voided_on <= :today THEN i.voided_on END AS voided_on,
    CASE WHEN i.delivered_at <= :now THEN i.delivered_at END AS delivered_at,
    CASE WHEN i.bounced_at <= :now THEN i.bounced_at END AS bounced_at,
    CASE WHEN i.first_seen_at <= :now THEN i.first_seen_at END AS first_seen_at,
    CASE WHEN i.last_reminder_at <= :now THEN i.reminder_count ELSE 0 END AS reminder_count,
    CASE WHEN i.last_reminder_at <= :now THEN i.last_reminder_at END AS last_reminder_at,
    CASE WHEN i.last_contact_at <= :now THEN i.last_contact_at END AS last_contact_at,
    CASE WHEN i.last_reply_at <= :now THEN i.last_reply_at END AS last_reply_at,
    CASE WHEN i.bounced_at <= :now AND (i.delivered_at IS NULL OR i.delivered_at < i.bounced_at) THEN 'bounced'
      WHEN i.delivered_at <= :now THEN 'delivered' ELSE 'none' END AS delivery
  FROM invoice i
  LEFT JOIN invoice_daily f ON f.tenant_id = :tenant AND f.invoice_id = i.id AND f.day_on <= :today
    AND (f.until_on IS NULL OR f.until_on > :today)
  WHERE i.tenant_id = :tenant AND i.issued_on <= :today
), hold_then AS (
  SELECT h.tenant_id, h.id, h.kind, h.debtor_id, h.invoice_id, h.starts_on, h.ends_on, h.opened_at,
    CASE WHEN h.ended_at <= :now THEN h.ended_at END AS ended_at,
    CASE WHEN h.ended_at <= :now THEN h.outcome ELSE '' END AS outcome
  FROM hold h WHERE h.tenant_id = :tenant AND h.opened_at <= :now
)
"""


def then(sql: str) -> str:
    """The same statement over the books as they were at `:now`."""
    return WITH + HOLD.sub(r"hold_then \1", INVOICE.sub(r"invoice_then \1", sql))


def untold(rule: Rule) -> tuple[str, ...]:
    """Fields of the rule whose value on a past day cannot be told."""
    asked = [leaf.field for leaf in rule.leaves()]
    asked += [leaf.value.field for leaf in rule.leaves() if isinstance(leaf.value, Other)]
    return tuple(sorted({field.key for field in asked if not field.as_of}))
