"""Decides, in SQL, what undoing a bank statement asks and takes back: its own lines, and what was booked for them.

A line that another loaded statement tells of as well is not this one's alone: the other one keeps it, with all that was
booked. The lines that a statement repeats stay staged for a week for this.
"""

TWIN = """import_bank_line s JOIN import_run u ON u.tenant_id = :tenant AND u.id = s.import_id AND u.state = 'loaded'
WHERE s.tenant_id = :tenant AND s.line_key = b.line_key AND s.import_id <> :import_id"""
HAND_OVER = f"""
UPDATE bank_line b SET import_id = (SELECT s.import_id FROM {TWIN} ORDER BY s.import_id LIMIT 1)
WHERE b.tenant_id = :tenant AND b.import_id = :import_id AND EXISTS (SELECT FROM {TWIN})
"""
LINES = f"""bank_line b WHERE b.tenant_id = :tenant AND b.import_id = :import_id AND NOT EXISTS (SELECT FROM {TWIN})"""
MATCHES = f"""cash_match m JOIN bank_line b ON b.tenant_id = :tenant AND b.id = m.bank_line_id
WHERE m.tenant_id = :tenant AND b.import_id = :import_id AND NOT EXISTS (SELECT FROM {TWIN})"""
BOOKED = f"""SELECT m.payment_id FROM {MATCHES} AND m.state = 'applied'"""

DECIDED = f"""
SELECT b.booked_on, b.party FROM {MATCHES} AND m.state = 'applied' AND m.actor <> '' ORDER BY b.booked_on, b.id LIMIT 1
"""
CAME_BACK = f"""
SELECT b.booked_on, b.party FROM {MATCHES} AND m.state = 'returned' ORDER BY b.booked_on, b.id LIMIT 1
"""
TOOK_BACK = f"""
SELECT b.booked_on, b.party FROM {LINES} AND b.amount_minor < 0 AND b.payment_id IS NOT NULL
ORDER BY b.booked_on, b.id LIMIT 1
"""
POSTED_SINCE = f"""
SELECT p.reference FROM payment p JOIN allocation a ON a.tenant_id = :tenant AND a.payment_id = p.id
WHERE p.tenant_id = :tenant AND p.id IN ({BOOKED}) AND (a.known_at > p.known_at OR a.kind <> 'payment')
ORDER BY p.reference LIMIT 1
"""
CLOSED = f"""
SELECT min(d.on_day) FROM (
  SELECT p.received_on AS on_day FROM payment p WHERE p.tenant_id = :tenant AND p.id IN ({BOOKED})
  UNION ALL SELECT a.effective_on FROM allocation a WHERE a.tenant_id = :tenant AND a.payment_id IN ({BOOKED})) d
WHERE d.on_day <= :closed_through
"""

LOCK_PAYMENTS = (
    f"SELECT p.id FROM payment p WHERE p.tenant_id = :tenant AND p.id IN ({BOOKED}) ORDER BY p.id FOR UPDATE"
)
LOCK_INVOICES = f"""
SELECT i.id, i.schedule_id FROM invoice i WHERE i.tenant_id = :tenant AND i.id IN (
  SELECT a.invoice_id FROM allocation a WHERE a.tenant_id = :tenant AND a.payment_id IN ({BOOKED}))
ORDER BY i.id FOR UPDATE OF i
"""
TO_REVERSE = f"SELECT a.id FROM allocation a WHERE a.tenant_id = :tenant AND a.payment_id IN ({BOOKED})"
TO_TAKE = f"SELECT p.id FROM payment p WHERE p.tenant_id = :tenant AND p.id IN ({BOOKED})"
EMPTY = f"""
UPDATE payment p SET unapplied_minor = 0, reference = p.reference || :mark WHERE p.tenant_id = :tenant
  AND p.id IN ({BOOKED})
"""
KEPT_BACK = f"""
UPDATE deduction d SET closed_on = d.opened_on, outcome = 'undone'
WHERE d.tenant_id = :tenant AND d.outcome <> 'undone' AND d.match_id IN (SELECT m.id FROM {MATCHES})
"""
LEARNED = f"""
SELECT b.party, b.party_mark, m.debtor_id FROM {MATCHES} AND m.state = 'applied' AND m.pattern NOT LIKE '%/other'
"""
ANSWERED = f"""
UPDATE remittance r SET used_at = NULL WHERE r.tenant_id = :tenant AND r.id IN (
  SELECT m.remittance_id FROM {MATCHES} AND m.state = 'applied')
"""
WITHDRAW_MATCHES = f"""
UPDATE cash_match w SET state = 'withdrawn', decided_at = :now WHERE w.tenant_id = :tenant AND w.id IN (
  SELECT m.id FROM {MATCHES} AND m.state IN ('waiting', 'parked', 'applied'))
"""
WITHDRAW_LINES = """
UPDATE bank_line b SET undone_at = :now, line_key = b.line_key || :mark
WHERE b.tenant_id = :tenant AND b.import_id = :import_id
"""
ADVICE_USED = """
SELECT number FROM remittance WHERE tenant_id = :tenant AND import_id = :import_id AND used_at IS NOT NULL LIMIT 1
"""
WITHDRAW_ADVICE = """
UPDATE remittance SET undone_at = :now, number = number || :mark WHERE tenant_id = :tenant AND import_id = :import_id
"""
