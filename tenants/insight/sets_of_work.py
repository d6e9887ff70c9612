"""Decides which rows the figures about work are counted from: contact, disputes, deductions, matching, receipt, losses.

They have the shape of `sets`: for every row kind and id, currency, customer, label, day, part, amount, what of it
counts above the line, and days.
"""

from tenants.insight.receipts import SEEN
from tenants.insight.sets import ENDED, INVOICE, KNOWN, OPENED, POSTING

CONTACT_DAYS, SLA_DAYS, LOSS_DAYS, REPEAT_DAYS = 30, 15, 365, 90
HOLD_KNOWN = "(CAST(:known_at AS timestamptz) IS NULL OR h.opened_at <= :known_at)"
DISPUTED = "least(coalesce(h.amount_minor, i.amount_minor), i.amount_minor)"
ON_INVOICES = f"""
FROM hold h JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND {HOLD_KNOWN}
"""
BILLED = f"""
SELECT 'hold' AS kind, h.id, i.currency, h.debtor_id, i.number AS label, {OPENED} AS on_day, '' AS part,
  i.amount_minor AS minor, {DISPUTED} AS hit, 0 AS days {ON_INVOICES} AND {OPENED} BETWEEN :first_on AND :day
"""
# What was credited after the objection, and no more than was objected to.
VALID = f"""
SELECT 'hold' AS kind, h.id, i.currency, h.debtor_id, i.number AS label, {ENDED} AS on_day, '' AS part,
  {DISPUTED} AS minor, least({DISPUTED}, greatest(coalesce((
    SELECT sum(a.amount_minor) FROM allocation a WHERE a.tenant_id = :tenant AND a.invoice_id = h.invoice_id
      AND a.kind = 'credit_note' AND a.effective_on BETWEEN {OPENED} AND :day AND {POSTING}), 0), 0)) AS hit,
  0 AS days {ON_INVOICES} AND {ENDED} BETWEEN :first_on AND :day
  AND (CAST(:known_at AS timestamptz) IS NULL OR h.ended_at <= :known_at)
"""
REPEATED = f"""
SELECT 'hold' AS kind, h.id, i.currency, h.debtor_id, i.number AS label, {OPENED} AS on_day, '' AS part,
  {DISPUTED} AS minor, CASE WHEN EXISTS (
    SELECT FROM hold b WHERE b.tenant_id = :tenant AND b.debtor_id = h.debtor_id AND b.kind = 'dispute'
      AND b.id <> h.id AND b.opened_at < h.opened_at AND b.opened_at >= h.opened_at - interval '{REPEAT_DAYS} days'
      AND lower(trim(b.reason)) = lower(trim(h.reason))) THEN {DISPUTED} ELSE 0 END AS hit, 0 AS days
{ON_INVOICES} AND {OPENED} BETWEEN :first_on AND :day
"""
DEDUCTIONS = f"""
SELECT 'deduction' AS kind, t.id, t.currency, t.debtor_id, i.number AS label, t.opened_on AS on_day, p.part,
  t.amount_minor AS minor, t.amount_minor AS hit, :day - t.opened_on AS days
FROM deduction t JOIN invoice i ON i.tenant_id = :tenant AND i.id = t.invoice_id
CROSS JOIN (VALUES ('open'), ('taken')) p(part)
WHERE t.tenant_id = :tenant AND t.opened_on <= :day AND t.outcome <> 'undone' AND {KNOWN.format(row="t")}
  AND CASE p.part WHEN 'open' THEN t.closed_on IS NULL OR t.closed_on > :day ELSE t.opened_on >= :first_on END
"""
# Applied by the machine alone and not taken back since.
MATCHED = f"""
SELECT 'payment' AS kind, p.id, p.currency, p.debtor_id, p.reference AS label, p.received_on AS on_day, '' AS part,
  p.amount_minor AS minor, CASE WHEN EXISTS (
    SELECT FROM cash_match m WHERE m.tenant_id = :tenant AND m.payment_id = p.id AND m.band = 'automatic'
      AND m.state = 'applied') THEN p.amount_minor ELSE 0 END AS hit, 0 AS days
FROM payment p WHERE p.tenant_id = :tenant AND p.received_on BETWEEN :first_on AND :day AND {KNOWN.format(row="p")}
  AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant AND a.payment_id = p.id AND a.kind = 'undone'
    AND {KNOWN.format(row="a")})
"""
TAKEN_BACK = """
SELECT 'payment' AS kind, p.id, p.currency, p.debtor_id, p.reference AS label, p.received_on AS on_day, '' AS part,
  m.amount_minor AS minor, CASE WHEN m.state IN ('undone', 'returned') THEN m.amount_minor ELSE 0 END AS hit, 0 AS days
FROM cash_match m JOIN payment p ON p.tenant_id = :tenant AND p.id = m.payment_id
WHERE m.tenant_id = :tenant AND m.band = 'automatic' AND m.state IN ('applied', 'undone', 'returned')
  AND p.received_on BETWEEN :first_on AND :day AND (CAST(:known_at AS timestamptz) IS NULL OR m.decided_at <= :known_at)
"""
# With all that is known now, what was settled by the day need not be added up.
LATE = f"""
SELECT i.id, i.debtor_id, i.currency, i.number, i.due_on, i.amount_minor - coalesce((
  SELECT sum(a.amount_minor) FROM allocation a
  WHERE a.tenant_id = :tenant AND a.invoice_id = i.id AND a.effective_on <= {{by}} AND {POSTING}), 0) AS minor
FROM invoice i WHERE i.tenant_id = :tenant AND {{due}} AND {INVOICE}
  AND (CAST(:known_at AS timestamptz) IS NOT NULL OR i.settled_on IS NULL OR i.settled_on > {{by}})
"""
SENT = "CAST(m.sent_at AT TIME ZONE :zone AS date)"
CLOSED = "CAST(t.closed_at AT TIME ZONE :zone AS date)"
COVERED = f"""
SELECT 'customer' AS kind, o.debtor_id AS id, o.currency, o.debtor_id, d.number AS label, min(o.due_on) AS on_day,
  '' AS part, sum(o.minor) AS minor, CASE WHEN EXISTS (
      SELECT FROM message m WHERE m.tenant_id = :tenant AND m.debtor_id = o.debtor_id
        AND {SENT} BETWEEN CAST(:day AS date) - {CONTACT_DAYS - 1} AND :day)
    OR EXISTS (SELECT FROM task t WHERE t.tenant_id = :tenant AND t.debtor_id = o.debtor_id AND t.state = 'done'
        AND {CLOSED} BETWEEN CAST(:day AS date) - {CONTACT_DAYS - 1} AND :day)
    THEN sum(o.minor) ELSE 0 END AS hit, max(:day - o.due_on) AS days
FROM ({LATE.format(by=":day", due="i.due_on < :day")}) o JOIN debtor d ON d.tenant_id = :tenant AND d.id = o.debtor_id
WHERE o.minor > 0 GROUP BY o.debtor_id, o.currency, d.number
"""
FIRST_CONTACT = f"""
SELECT 'invoice' AS kind, o.id, o.currency, o.debtor_id, o.number AS label, o.due_on AS on_day, '' AS part, o.minor,
  CASE WHEN EXISTS (
      SELECT FROM message_item s JOIN message m ON m.tenant_id = :tenant AND m.id = s.message_id
      WHERE s.tenant_id = :tenant AND s.invoice_id = o.id AND {SENT} > o.due_on AND {SENT} <= o.due_on + {SLA_DAYS})
    OR EXISTS (SELECT FROM task t WHERE t.tenant_id = :tenant AND t.invoice_id = o.id AND t.state = 'done'
        AND {CLOSED} > o.due_on AND {CLOSED} <= o.due_on + {SLA_DAYS}) THEN o.minor ELSE 0 END AS hit,
  {SLA_DAYS} AS days
FROM ({LATE.format(by=f"i.due_on + {SLA_DAYS}", due=f"i.due_on + {SLA_DAYS} BETWEEN :first_on AND :day")}) o
WHERE o.minor > 0
"""
DISCOUNTS = f"""
SELECT 'posting' AS kind, a.id, a.currency, a.debtor_id, i.number AS label, a.effective_on AS on_day, '' AS part,
  a.amount_minor AS minor, a.amount_minor AS hit, 0 AS days
FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant AND a.kind = 'discount' AND a.effective_on BETWEEN :first_on AND :day AND {POSTING}
"""
# Offered with the invoice, and its last day is over; what was let go counts whenever that was posted.
OFFERED = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, o.until_on AS on_day, '' AS part, o.minor,
  least(o.minor, greatest(coalesce((
    SELECT sum(a.amount_minor) FROM allocation a WHERE a.tenant_id = :tenant AND a.invoice_id = i.id
      AND a.kind = 'discount' AND a.effective_on <= :day AND {POSTING}), 0), 0)) AS hit, 0 AS days
FROM (
  SELECT t.invoice_id, max(t.until_on) AS until_on, max(t.amount_minor) AS minor FROM discount_term t
  WHERE t.tenant_id = :tenant AND {KNOWN.format(row="t")} GROUP BY t.invoice_id
  HAVING max(t.until_on) >= :first_on AND max(t.until_on) < :day) o
JOIN invoice i ON i.tenant_id = :tenant AND i.id = o.invoice_id WHERE {INVOICE}
"""
MISSED = f"""
SELECT o.kind, o.id, o.currency, o.debtor_id, o.label, o.on_day, o.part, o.minor - o.hit AS minor,
  o.minor - o.hit AS hit, o.days
FROM ({OFFERED}) o WHERE o.minor > o.hit
"""
ELECTRONIC = "i.delivery IN ('sent', 'delayed', 'delivered') AND i.bounced_at IS NULL"
ADOPTED = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, i.issued_on AS on_day, '' AS part,
  i.amount_minor AS minor, CASE WHEN {ELECTRONIC} THEN i.amount_minor ELSE 0 END AS hit, 0 AS days
FROM invoice i
WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :day AND i.amount_minor > 0 AND {INVOICE}
"""
ADOPTERS = f"""
SELECT DISTINCT ON (i.debtor_id, i.currency) 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label,
  i.issued_on AS on_day, '' AS part, i.amount_minor AS minor,
  CASE WHEN {ELECTRONIC} THEN i.amount_minor ELSE 0 END AS hit, 0 AS days
FROM invoice i
WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :day AND i.amount_minor > 0 AND {INVOICE}
ORDER BY i.debtor_id, i.currency, i.issued_on DESC, i.id DESC
"""
# Handed to the recipient's server and not come back; then looked at by a person, machines that fetch mail left out.
SENT_OUT = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, i.issued_on AS on_day, '' AS part,
  i.amount_minor AS minor, CASE WHEN {{passed}} THEN i.amount_minor ELSE 0 END AS hit, 0 AS days
FROM invoice i
WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :day AND i.amount_minor > 0 AND {INVOICE} AND {{of}}
"""
HANDED_OVER = "i.delivered_at IS NOT NULL AND i.bounced_at IS NULL"
ARRIVED, LOOKED = (f"CAST(i.{at} AT TIME ZONE :zone AS date)" for at in ("delivered_at", "first_seen_at"))
# What nobody has looked at yet counts with its age, and last when the middle is sought.
FIRST_SEEN = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, {ARRIVED} AS on_day, '' AS part,
  i.amount_minor AS minor, CASE WHEN {LOOKED} <= :day THEN i.amount_minor ELSE 0 END AS hit,
  CASE WHEN {LOOKED} <= :day THEN greatest({LOOKED} - {ARRIVED}, 0) ELSE :day - {ARRIVED} END AS days
FROM invoice i
WHERE i.tenant_id = :tenant AND {ARRIVED} BETWEEN :first_on AND :day AND i.bounced_at IS NULL AND i.amount_minor > 0
"""
# What was open a year before, by how late it was, and what of it was given up since.
LOST = f"""
SELECT 'invoice' AS kind, o.id, o.currency, o.debtor_id, o.number AS label, o.due_on AS on_day,
  CASE WHEN o.late <= 0 THEN 'not_due' WHEN o.late <= 30 THEN '1-30' WHEN o.late <= 60 THEN '31-60'
    WHEN o.late <= 90 THEN '61-90' WHEN o.late <= 120 THEN '91-120' ELSE '121+' END AS part,
  o.was AS minor, greatest(o.lost, 0) AS hit, o.late AS days
FROM (
  SELECT i.id, i.currency, i.debtor_id, i.number, i.due_on, CAST(:day AS date) - {LOSS_DAYS} - i.due_on AS late,
    i.amount_minor - coalesce(p.before, 0) AS was, coalesce(p.lost, 0) AS lost
  FROM invoice i LEFT JOIN (
    SELECT a.invoice_id,
      sum(a.amount_minor) FILTER (WHERE a.effective_on <= CAST(:day AS date) - {LOSS_DAYS}) AS before,
      sum(a.amount_minor) FILTER (WHERE a.kind = 'write_off' AND a.effective_on > CAST(:day AS date) - {LOSS_DAYS})
        AS lost
    FROM allocation a WHERE a.tenant_id = :tenant AND a.effective_on <= :day AND {POSTING}
    GROUP BY a.invoice_id) p ON p.invoice_id = i.id
  WHERE i.tenant_id = :tenant AND i.issued_on <= CAST(:day AS date) - {LOSS_DAYS} AND {INVOICE}) o
WHERE o.was > 0
"""
SETS_OF_WORK = {
    "billed": BILLED,
    "valid": VALID,
    "repeated": REPEATED,
    "deductions": DEDUCTIONS,
    "matched": MATCHED,
    "taken_back": TAKEN_BACK,
    "covered": COVERED,
    "first_contact": FIRST_CONTACT,
    "discounts": DISCOUNTS,
    "offered": OFFERED,
    "missed": MISSED,
    "adopted": ADOPTED,
    "adopters": ADOPTERS,
    "sent_out": SENT_OUT.format(of="i.delivery NOT IN ('none', 'queued')", passed=HANDED_OVER),
    "handed_over": SENT_OUT.format(of=HANDED_OVER, passed=f"i.evidence_level >= {SEEN}"),
    "first_seen": FIRST_SEEN,
    "lost": LOST,
}
