"""Decides, in SQL, what each staged row makes: debtor, contact, invoice or credit note, line, payment, allocation.

Every made row takes the id that its staged row brought, each in its own table; so a row made by this import is known by
`id = import_row.invoice_id`, and one that was here before by any other id.
"""

from tenants.values import bones

STAGED = "r.tenant_id = :tenant AND r.import_id = :import_id"
PAID = "r.settled_on <= :today AND r.paid_minor > 0 AND r.amount_minor > 0"
SOURCE = "'ledger file'"
REFERENCE = "r.number || '/' || r.paid_minor"
"""What has been paid up to now is part of the name: the next file of a half-paid invoice adds the other half."""

UNDATED = """
UPDATE import_row SET settled_on = greatest(issued_on, :today)
WHERE tenant_id = :tenant AND import_id = :import_id AND settled_on IS NULL AND paid_minor > 0
"""
DEBTORS = f"""
INSERT INTO debtor (tenant_id, id, number, name, country, channel, language, import_id, known_at)
SELECT DISTINCT ON (r.debtor_number) r.tenant_id, r.invoice_id, r.debtor_number, r.debtor_name, r.country, r.channel,
  :language, r.import_id, :now
FROM import_row r WHERE {STAGED} ORDER BY r.debtor_number, r.row_no
ON CONFLICT (tenant_id, number) DO NOTHING
"""
GROUPS = f"""
INSERT INTO debtor_group (tenant_id, debtor_id, key)
SELECT DISTINCT d.tenant_id, d.id, trim(part.key)
FROM (SELECT DISTINCT r.tenant_id, r.debtor_number, r.groups FROM import_row r WHERE {STAGED} AND r.groups <> '') g
JOIN debtor d ON d.tenant_id = :tenant AND d.number = g.debtor_number
CROSS JOIN LATERAL unnest(string_to_array(g.groups, ';')) AS part (key)
WHERE trim(part.key) <> ''
ON CONFLICT (tenant_id, debtor_id, key) DO NOTHING
"""
CONTACTS = f"""
INSERT INTO contact (tenant_id, id, debtor_id, email, language, import_id, known_at)
SELECT DISTINCT ON (d.id, r.email) d.tenant_id, r.invoice_id, d.id, r.email, :language, r.import_id, :now
FROM import_row r JOIN debtor d ON d.tenant_id = r.tenant_id AND d.number = r.debtor_number
WHERE {STAGED} AND d.tenant_id = :tenant AND r.email <> '' ORDER BY d.id, r.email, r.row_no
ON CONFLICT (tenant_id, debtor_id, email) DO NOTHING
"""
INVOICES = f"""
INSERT INTO invoice (tenant_id, id, debtor_id, number, kind, currency, amount_minor, tax_minor, issued_on, due_on,
  purchase_order, open_minor, settled_on, import_id, known_at, bones)
SELECT r.tenant_id, r.invoice_id, d.id, r.number, :kind, r.currency, r.amount_minor, r.tax_minor, r.issued_on, r.due_on,
  r.purchase_order, r.amount_minor - CASE WHEN {PAID} THEN least(r.paid_minor, r.amount_minor) ELSE 0 END,
  CASE WHEN r.amount_minor = 0 THEN r.issued_on WHEN {PAID} AND r.paid_minor >= r.amount_minor THEN r.settled_on END,
  r.import_id, :now, {bones.SQL.format(number="r.number")}
FROM import_row r JOIN debtor d ON d.tenant_id = r.tenant_id AND d.number = r.debtor_number
WHERE {STAGED} AND d.tenant_id = :tenant AND r.amount_minor >= 0
ON CONFLICT (tenant_id, number) DO NOTHING
"""
CREDIT_NOTES = f"""
INSERT INTO credit_note (tenant_id, id, debtor_id, number, currency, amount_minor, unapplied_minor, issued_on,
  import_id, known_at)
SELECT r.tenant_id, r.invoice_id, d.id, r.number, r.currency, -r.amount_minor, -r.amount_minor, r.issued_on,
  r.import_id, :now
FROM import_row r JOIN debtor d ON d.tenant_id = r.tenant_id AND d.number = r.debtor_number
WHERE {STAGED} AND d.tenant_id = :tenant AND r.amount_minor < 0
ON CONFLICT (tenant_id, number) DO NOTHING
"""
NEW = f"""import_row r JOIN invoice i ON i.tenant_id = r.tenant_id AND i.id = r.invoice_id
WHERE {STAGED} AND i.tenant_id = :tenant"""
LINES = f"""
INSERT INTO invoice_line (tenant_id, invoice_id, position, debtor_id, description, unit_price_minor, net_minor,
  tax_rate, tax_minor)
SELECT r.tenant_id, r.invoice_id, 1, i.debtor_id, 'Goods and services as invoiced', r.amount_minor - r.tax_minor,
  r.amount_minor - r.tax_minor,
  CASE WHEN r.tax_minor = 0 OR r.amount_minor = r.tax_minor THEN 0
       ELSE round(100.0 * r.tax_minor / (r.amount_minor - r.tax_minor), 2) END,
  r.tax_minor
FROM {NEW}
ON CONFLICT (tenant_id, invoice_id, position) DO NOTHING
"""
LINES_OF_PAPER = f"""
INSERT INTO invoice_line (tenant_id, invoice_id, position, debtor_id, description, quantity, unit_price_minor,
  net_minor, tax_rate, tax_minor)
SELECT i.tenant_id, i.id, l.position, i.debtor_id, l.description, l.quantity, l.unit_price_minor, l.net_minor,
  l.tax_rate, l.tax_minor
FROM import_row r JOIN invoice i ON i.tenant_id = r.tenant_id AND i.id = r.invoice_id
JOIN import_line l ON l.tenant_id = r.tenant_id AND l.import_id = r.import_id AND l.row_no = r.row_no
WHERE {STAGED} AND i.tenant_id = :tenant AND l.tenant_id = :tenant
ON CONFLICT (tenant_id, invoice_id, position) DO NOTHING
"""
DISCOUNTS = f"""
INSERT INTO discount_term (tenant_id, invoice_id, until_on, debtor_id, amount_minor, known_at)
SELECT i.tenant_id, i.id, r.discount_until_on, i.debtor_id, r.discount_minor, :now FROM {NEW}
  AND r.discount_minor > 0 AND r.discount_until_on IS NOT NULL
ON CONFLICT (tenant_id, invoice_id, until_on) DO NOTHING
"""
PAYMENTS_OF_NEW = f"""
INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source,
  import_id, known_at)
SELECT r.tenant_id, r.invoice_id, i.debtor_id, {REFERENCE}, r.currency, r.paid_minor,
  r.paid_minor - least(r.paid_minor, r.amount_minor), r.settled_on, {SOURCE}, r.import_id, :now
FROM {NEW} AND {PAID}
ON CONFLICT (tenant_id, source, reference) DO NOTHING
"""
ALLOCATIONS_OF_NEW = f"""
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor, effective_on,
  import_id, known_at)
SELECT r.tenant_id, r.invoice_id, i.debtor_id, r.invoice_id, 'payment', r.invoice_id, r.currency,
  least(r.paid_minor, r.amount_minor), r.settled_on, r.import_id, :now
FROM {NEW} AND {PAID}
ON CONFLICT (tenant_id, id) DO NOTHING
"""
SAME = """r.debtor_number = d.number AND r.currency = i.currency AND r.amount_minor = i.amount_minor
  AND r.issued_on = i.issued_on AND r.due_on = coalesce(i.original_due_on, i.due_on)"""
OLD = f"""import_row r JOIN invoice i ON i.tenant_id = r.tenant_id AND i.number = r.number
JOIN debtor d ON d.tenant_id = i.tenant_id AND d.id = i.debtor_id
WHERE {STAGED} AND i.tenant_id = :tenant AND d.tenant_id = :tenant AND i.id <> r.invoice_id AND r.amount_minor >= 0"""
PAID_SINCE = f"""{OLD} AND {SAME} AND {PAID} AND i.open_minor > 0 AND i.voided_on IS NULL
  AND r.paid_minor > i.amount_minor - i.open_minor"""
# What was paid in a closed period and is learned only now counts from the first open day.
PAID_IN_CLOSED = f"""
UPDATE import_row u SET settled_on = :first_open
WHERE u.tenant_id = :tenant AND u.import_id = :import_id AND u.settled_on < :first_open
  AND u.row_no IN (SELECT r.row_no FROM {PAID_SINCE})
"""
NEW_IN_CLOSED = f"""
SELECT r.number FROM import_row r WHERE {STAGED} AND r.issued_on < :first_open
  AND NOT EXISTS (SELECT FROM invoice i WHERE i.tenant_id = :tenant AND i.number = r.number AND r.amount_minor >= 0)
  AND NOT EXISTS (SELECT FROM credit_note c WHERE c.tenant_id = :tenant AND c.number = r.number AND r.amount_minor < 0)
ORDER BY r.row_no LIMIT 1
"""
LOCK_OLD = f"SELECT i.id FROM {PAID_SINCE} ORDER BY i.id FOR UPDATE OF i"
"""Nobody else applies cash to these invoices until we are done; the next statement sees what was applied before."""
PAYMENTS_OF_OLD = f"""
INSERT INTO payment (tenant_id, id, debtor_id, reference, currency, amount_minor, unapplied_minor, received_on, source,
  import_id, known_at)
SELECT r.tenant_id, r.invoice_id, i.debtor_id, {REFERENCE}, r.currency,
  r.paid_minor - (i.amount_minor - i.open_minor),
  greatest(r.paid_minor - i.amount_minor, 0), r.settled_on, {SOURCE}, r.import_id, :now
FROM {PAID_SINCE}
ON CONFLICT (tenant_id, source, reference) DO NOTHING
"""
NEWLY_PAID_FROM = """import_row r JOIN payment p ON p.tenant_id = r.tenant_id AND p.id = r.invoice_id
JOIN invoice i ON i.tenant_id = r.tenant_id AND i.number = r.number"""
NEWLY_PAID_WHERE = """WHERE r.tenant_id = :tenant AND r.import_id = :import_id AND p.tenant_id = :tenant
  AND i.tenant_id = :tenant AND i.id <> r.invoice_id"""
NEWLY_PAID = f"{NEWLY_PAID_FROM} {NEWLY_PAID_WHERE}"
ALLOCATIONS_OF_OLD = f"""
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, currency, amount_minor, effective_on,
  import_id, known_at)
SELECT p.tenant_id, p.id, p.debtor_id, i.id, 'payment', p.id, p.currency, p.amount_minor - p.unapplied_minor,
  p.received_on, p.import_id, :now
FROM {NEWLY_PAID}
ON CONFLICT (tenant_id, id) DO NOTHING
"""
# Of an invoice in instalments the oldest one is paid first; an invoice with one due date is one part.
BALANCE_OF_OLD = f"""
INSERT INTO open_balance (tenant_id, currency, due_on, open_minor, open_count)
SELECT t.tenant_id, t.currency, t.due_on, sum(t.after - t.before), sum((t.after > 0)::int - (t.before > 0)::int)
FROM (
  SELECT i.tenant_id, i.currency, coalesce(n.due_on, i.due_on) AS due_on,
    least(coalesce(n.amount_minor, i.amount_minor), greatest(coalesce(n.up_to_minor, i.amount_minor)
      - i.amount_minor + i.open_minor, 0)) AS before,
    least(coalesce(n.amount_minor, i.amount_minor), greatest(coalesce(n.up_to_minor, i.amount_minor)
      - i.amount_minor + i.open_minor - p.amount_minor + p.unapplied_minor, 0)) AS after
  FROM {NEWLY_PAID_FROM}
  LEFT JOIN instalment n ON n.tenant_id = i.tenant_id AND n.schedule_id = i.schedule_id
  {NEWLY_PAID_WHERE}) t
WHERE t.before <> t.after GROUP BY 1, 2, 3 ORDER BY 2, 3
ON CONFLICT (tenant_id, currency, due_on) DO UPDATE
SET open_minor = open_balance.open_minor + excluded.open_minor,
  open_count = open_balance.open_count + excluded.open_count
"""
SETTLE_OLD = """
UPDATE invoice i SET open_minor = i.open_minor - a.amount_minor,
  settled_on = CASE WHEN i.open_minor = a.amount_minor THEN a.effective_on ELSE i.settled_on END
FROM import_row r, allocation a
WHERE i.tenant_id = :tenant AND r.tenant_id = :tenant AND a.tenant_id = :tenant AND r.import_id = :import_id
  AND a.id = r.invoice_id AND a.invoice_id = i.id AND i.id <> r.invoice_id
"""
SCHEDULED_OLD = f"SELECT i.id FROM {NEWLY_PAID} AND i.schedule_id IS NOT NULL"
CHANGED = f"SELECT count(*) FROM {OLD} AND NOT ({SAME})"
EXAMPLES = f"""
SELECT r.row_no, r.number, r.currency, r.amount_minor, r.issued_on, r.due_on, r.debtor_number,
  i.currency, i.amount_minor, i.issued_on, i.due_on, d.number
FROM {OLD} AND NOT ({SAME}) ORDER BY r.row_no LIMIT :limit
"""
PAYMENTS_AHEAD = f"SELECT count(*) FROM import_row r WHERE {STAGED} AND r.settled_on > :today AND r.paid_minor > 0"
CHUNKS = f"""
SELECT number, min(row_no), max(row_no), count(*)
FROM (SELECT r.row_no, (row_number() OVER (ORDER BY r.row_no) - 1) / :chunk AS number FROM {NEW}) counted
GROUP BY number ORDER BY number
"""
