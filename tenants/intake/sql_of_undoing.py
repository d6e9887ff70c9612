"""Decides, in SQL, what undoing an import asks and posts: all that a file made has the id that its staged row brought.

The staged rows stay for a week after loading and an import can be undone for a day, so they lead to everything.
"""

MADE = "import_row r JOIN {table} m ON m.tenant_id = r.tenant_id AND m.id = r.invoice_id"
OURS = "r.tenant_id = :tenant AND r.import_id = :import_id AND m.tenant_id = :tenant AND m.import_id = :import_id"
PAID = f"""{MADE.format(table="allocation")} AND m.reverses_id IS NULL
WHERE {OURS}"""
STANDING = f"""{PAID} AND NOT EXISTS (
    SELECT FROM allocation x WHERE x.tenant_id = :tenant AND x.reverses_id = m.id)"""

# What another file brought that was undone itself stands in nobody's way.
STANDS = """NOT EXISTS (
    SELECT FROM import_run u WHERE u.tenant_id = :tenant AND u.id = {row}.import_id AND u.state = 'undone')"""

TOUCHED = f"""
SELECT m.number FROM {MADE.format(table="invoice")} WHERE {OURS} AND (m.delivery NOT IN ('none', 'queued')
  OR m.reminder_count > 0 OR m.last_contact_at IS NOT NULL OR m.first_seen_at IS NOT NULL
  OR m.last_reply_at IS NOT NULL)
ORDER BY m.number LIMIT 1
"""
CHANGED = f"""
SELECT m.number FROM {MADE.format(table="invoice")} WHERE {OURS}
  AND (m.voided_on IS NOT NULL OR m.schedule_id IS NOT NULL) ORDER BY m.number LIMIT 1
"""
POSTED = " UNION ALL ".join(
    f"""
SELECT m.{label} AS label FROM {MADE.format(table=table)} JOIN allocation a ON a.tenant_id = :tenant
  AND a.{table}_id = m.id AND a.import_id IS DISTINCT FROM r.import_id WHERE {OURS} AND {STANDS.format(row="a")}"""
    for table, label in (("invoice", "number"), ("payment", "reference"), ("credit_note", "number"))
)
POSTED_BY_OTHERS = f"SELECT p.label FROM ({POSTED}) p ORDER BY p.label LIMIT 1"
REVERSED = f"""
SELECT i.number FROM {MADE.format(table="allocation")}
JOIN allocation x ON x.tenant_id = :tenant AND x.reverses_id = m.id
JOIN invoice i ON i.tenant_id = :tenant AND i.id = m.invoice_id WHERE {OURS} ORDER BY i.number LIMIT 1
"""
CLOSED = f"""
SELECT min(d.on_day) FROM (
  SELECT m.issued_on AS on_day FROM {MADE.format(table="invoice")} WHERE {OURS}
  UNION ALL SELECT m.issued_on FROM {MADE.format(table="credit_note")} WHERE {OURS}
  UNION ALL SELECT m.received_on FROM {MADE.format(table="payment")} WHERE {OURS}
  UNION ALL SELECT m.effective_on FROM {PAID}) d WHERE d.on_day <= :closed_through
"""
TRADED = " UNION ALL ".join(
    f"""
SELECT m.number FROM {MADE.format(table="debtor")} JOIN {table} o ON o.tenant_id = :tenant AND o.debtor_id = m.id
  AND o.import_id IS DISTINCT FROM r.import_id WHERE {OURS} AND {STANDS.format(row="o")}"""
    for table in ("invoice", "payment", "credit_note")
)
TRADED_SINCE = f"SELECT t.number FROM ({TRADED}) t ORDER BY t.number LIMIT 1"

LOCK_SOURCES = f"SELECT m.id FROM {MADE.format(table='{table}')} WHERE {OURS} ORDER BY m.id FOR UPDATE OF m"
LOCK_INVOICES = f"""
SELECT i.id, i.schedule_id FROM invoice i WHERE i.tenant_id = :tenant AND i.id IN (
  SELECT m.id FROM {MADE.format(table="invoice")} WHERE {OURS} UNION SELECT m.invoice_id FROM {PAID})
ORDER BY i.id FOR UPDATE OF i
"""
TO_REVERSE = f"SELECT m.id FROM {STANDING}"
TO_TAKE = f"SELECT m.id FROM {MADE.format(table='{table}')} WHERE {OURS} AND m.amount_minor > 0"
PAIRS = "was uuid, made uuid"
REVERSE = """
INSERT INTO allocation (tenant_id, id, debtor_id, invoice_id, kind, payment_id, credit_note_id, reverses_id, currency,
  amount_minor, effective_on, known_at, reason, import_id)
SELECT a.tenant_id, p.made, a.debtor_id, a.invoice_id, a.kind, a.payment_id, a.credit_note_id, a.id, a.currency,
  -a.amount_minor, a.effective_on, :now, :reason, :import_id
FROM {pairs} p JOIN allocation a ON a.tenant_id = :tenant AND a.id = p.was
ON CONFLICT (tenant_id, id) DO NOTHING
"""
OPEN_AGAIN = """
UPDATE invoice i SET open_minor = i.open_minor + t.minor, settled_on = NULL
FROM (SELECT a.invoice_id, sum(a.amount_minor) AS minor FROM {pairs} p
  JOIN allocation a ON a.tenant_id = :tenant AND a.id = p.was GROUP BY a.invoice_id) t
WHERE i.tenant_id = :tenant AND i.id = t.invoice_id
"""
TAKE = """
INSERT INTO allocation (tenant_id, id, debtor_id, kind, payment_id, credit_note_id, currency, amount_minor,
  effective_on, known_at, reason, import_id)
SELECT m.tenant_id, p.made, m.debtor_id, 'undone', {ids}, m.currency, m.amount_minor, m.{day}, :now, :reason, :import_id
FROM {pairs} p JOIN {table} m ON m.tenant_id = :tenant AND m.id = p.was
ON CONFLICT (tenant_id, id) DO NOTHING
"""
EMPTY = """
UPDATE {table} m SET unapplied_minor = 0, {label} = m.{label} || :mark FROM import_row r
WHERE m.tenant_id = :tenant AND r.tenant_id = :tenant AND r.import_id = :import_id AND m.id = r.invoice_id
  AND m.import_id = :import_id
"""
VOID = """
UPDATE invoice m SET voided_on = m.issued_on, voided_at = :now, number = m.number || :mark, bones = '' FROM import_row r
WHERE m.tenant_id = :tenant AND r.tenant_id = :tenant AND r.import_id = :import_id AND m.id = r.invoice_id
  AND m.import_id = :import_id
"""
LEAVE = """
UPDATE debtor m SET undone_at = :now, number = m.number || :mark FROM import_row r
WHERE m.tenant_id = :tenant AND r.tenant_id = :tenant AND r.import_id = :import_id AND m.id = r.invoice_id
  AND m.import_id = :import_id
"""
RETIRE = """
UPDATE contact m SET active = false FROM import_row r
WHERE m.tenant_id = :tenant AND r.tenant_id = :tenant AND r.import_id = :import_id AND m.id = r.invoice_id
  AND m.import_id = :import_id
"""
