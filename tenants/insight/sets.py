"""Decides which rows a figure is counted from; a figure is a sum over one of these sets, so its rows add up to it.

Each set is a text that gives for every row: kind and id of the thing, its currency and customer, a label, its day,
its part (a bucket, a state), its amount (`minor`), what of that amount counts above the line (`hit`), and days.
All are counted as of `:day` over the days from `:first_on`, with what was known at `:known_at` if that is given.
"""

KNOWN = "(CAST(:known_at AS timestamptz) IS NULL OR {row}.known_at <= :known_at)"
STANDS = "({row}.voided_on IS NULL OR {row}.voided_on > :day OR {row}.voided_at > :known_at)"
EXISTS = f"{{row}}.issued_on <= :day AND {KNOWN} AND {STANDS}"
INVOICE, POSTING = EXISTS.format(row="i"), KNOWN.format(row="a")
BY_CONTRACT = "coalesce(i.original_due_on, i.due_on)"
"""When all of an invoice was due by contract, whatever was agreed since: lateness as a habit is counted from it."""

SALES = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, i.issued_on AS on_day, '' AS part,
  i.amount_minor AS minor, i.amount_minor AS hit, 0 AS days
FROM invoice i WHERE i.tenant_id = :tenant AND i.issued_on BETWEEN :first_on AND :day AND {INVOICE}
UNION ALL
SELECT 'credit_note', c.id, c.currency, c.debtor_id, c.number, c.issued_on, '', -c.amount_minor, -c.amount_minor, 0
FROM credit_note c
WHERE c.tenant_id = :tenant AND c.issued_on BETWEEN :first_on AND :day AND {KNOWN.format(row="c")}
  AND NOT EXISTS (SELECT FROM allocation a WHERE a.tenant_id = :tenant AND a.credit_note_id = c.id AND a.kind = 'undone'
    AND {POSTING})
"""
# Only what was touched in the period can have been settled in it; the whole of each is then added up.
SETTLED = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, p.last_on AS on_day, '' AS part,
  i.amount_minor AS minor, i.amount_minor AS hit, p.last_on - {{counted_from}} AS days
FROM invoice i JOIN (
  SELECT a.invoice_id, sum(a.amount_minor) AS minor, max(a.effective_on) AS last_on,
    sum(a.amount_minor) FILTER (WHERE a.kind = 'payment') AS paid,
    coalesce(sum(a.amount_minor) FILTER (WHERE a.kind = 'write_off'), 0) AS lost
  FROM allocation a WHERE a.tenant_id = :tenant AND a.effective_on <= :day AND {POSTING} AND a.invoice_id IN (
    SELECT t.invoice_id FROM allocation t WHERE t.tenant_id = :tenant AND t.effective_on BETWEEN :first_on AND :day)
  GROUP BY a.invoice_id) p ON p.invoice_id = i.id
WHERE i.tenant_id = :tenant AND p.minor = i.amount_minor AND p.paid > 0 AND p.lost = 0
  AND p.last_on BETWEEN :first_on AND :day AND {INVOICE}
"""
SLICES = f"""
SELECT 'posting' AS kind, a.id, a.currency, a.debtor_id, i.number AS label, a.effective_on AS on_day, '' AS part,
  a.amount_minor AS minor, a.amount_minor AS hit, a.effective_on - i.issued_on AS days
FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant AND a.kind = 'payment' AND a.amount_minor > 0
  AND a.effective_on BETWEEN :first_on AND :day AND {POSTING}
  AND NOT EXISTS (SELECT FROM allocation r WHERE r.tenant_id = :tenant AND r.reverses_id = a.id
    AND r.effective_on <= :day AND {KNOWN.format(row="r")})
"""
# Due on the day itself is not late on it: an item has fallen due once its day is over. Each instalment of the contract
# is an item; what is paid by its day pays the older ones first.
FELL_DUE = f"""
SELECT 'invoice' AS kind, d.id, d.currency, d.debtor_id, d.number AS label, d.due_on AS on_day, '' AS part, d.minor,
  CASE WHEN coalesce(sum(a.amount_minor), 0) >= d.up_to THEN d.minor ELSE 0 END AS hit, 0 AS days
FROM (
  SELECT i.id, i.currency, i.debtor_id, i.number, coalesce(n.due_on, {BY_CONTRACT}) AS due_on,
    coalesce(n.amount_minor, i.amount_minor) AS minor, coalesce(n.up_to_minor, i.amount_minor) AS up_to
  FROM invoice i LEFT JOIN (
    SELECT DISTINCT ON (c.invoice_id) c.invoice_id, c.id FROM due_schedule c
    WHERE c.tenant_id = :tenant AND c.kind = 'terms' ORDER BY c.invoice_id, c.effective_on, c.known_at, c.id
    ) s ON s.invoice_id = i.id
  LEFT JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = s.id
  WHERE i.tenant_id = :tenant AND coalesce(n.due_on, {BY_CONTRACT}) >= :first_on
    AND coalesce(n.due_on, {BY_CONTRACT}) < :day AND i.amount_minor > 0 AND {INVOICE}) d
LEFT JOIN allocation a ON a.tenant_id = :tenant AND a.invoice_id = d.id AND a.effective_on <= d.due_on AND {POSTING}
GROUP BY d.id, d.currency, d.debtor_id, d.number, d.due_on, d.minor, d.up_to
"""
WRITTEN_OFF = f"""
SELECT 'posting' AS kind, a.id, a.currency, a.debtor_id, i.number AS label, a.effective_on AS on_day, '' AS part,
  a.amount_minor AS minor, greatest(a.amount_minor, 0) AS hit, 0 AS days
FROM allocation a JOIN invoice i ON i.tenant_id = :tenant AND i.id = a.invoice_id
WHERE a.tenant_id = :tenant AND a.kind = 'write_off' AND a.effective_on BETWEEN :first_on AND :day AND {POSTING}
"""
AGE = """CASE WHEN l.days <= 30 THEN '0-30' WHEN l.days <= 60 THEN '31-60' WHEN l.days <= 90 THEN '61-90'
  WHEN l.days <= 120 THEN '91-120' ELSE '121+' END"""
LEFT_OVER = f"""
SELECT '{{kind}}' AS kind, s.id, s.currency, s.debtor_id, s.{{label}} AS label, s.{{since}} AS on_day,
  s.amount_minor - coalesce(p.minor, 0) AS minor, :day - s.{{since}} AS days
FROM {{kind}} s LEFT JOIN (
  SELECT a.{{kind}}_id AS source_id, sum(a.amount_minor) AS minor FROM allocation a
  WHERE a.tenant_id = :tenant AND a.{{kind}}_id IS NOT NULL AND a.effective_on <= :day AND {POSTING}
  GROUP BY a.{{kind}}_id) p ON p.source_id = s.id
WHERE s.tenant_id = :tenant AND s.{{since}} <= :day AND {KNOWN.format(row="s")}
  AND s.amount_minor <> coalesce(p.minor, 0)
"""
UNAPPLIED = f"""
SELECT l.kind, l.id, l.currency, l.debtor_id, l.label, l.on_day, {AGE} AS part, l.minor, l.minor AS hit, l.days
FROM ({LEFT_OVER.format(kind="payment", label="reference", since="received_on")}
  UNION ALL {LEFT_OVER.format(kind="credit_note", label="number", since="issued_on")}) l
"""
PART = """CASE WHEN n.schedule_id IS NULL THEN i.amount_minor - {applied}
      ELSE least(n.amount_minor, greatest(n.up_to_minor - {applied}, 0)) END"""
DUE_THEN = f"coalesce(n.due_on, {BY_CONTRACT})"
# The same items on two days, thirty days apart: what stays open moves on by exactly one bucket.
ROLLED = f"""
SELECT 'invoice' AS kind, o.id, o.currency, o.debtor_id, o.number AS label, o.due_on AS on_day,
  CASE WHEN o.late <= 0 THEN 'not_due' WHEN o.late <= 30 THEN '1-30' WHEN o.late <= 60 THEN '31-60'
    WHEN o.late <= 90 THEN '61-90' WHEN o.late <= 120 THEN '91-120' ELSE '121+' END AS part,
  o.was AS minor, CASE WHEN o.gone OR o.due_on >= :day THEN 0 ELSE o.remaining END AS hit, :day - o.due_on AS days
FROM (
  SELECT i.id, i.currency, i.debtor_id, i.number, {DUE_THEN} AS due_on, CAST(:day AS date) - 30 - {DUE_THEN} AS late,
    {PART.format(applied="coalesce(p.before, 0)")} AS was,
    {PART.format(applied="coalesce(p.minor, 0)")} AS remaining,
    ({INVOICE}) IS NOT TRUE AS gone
  FROM invoice i LEFT JOIN (
    SELECT a.invoice_id, sum(a.amount_minor) AS minor,
      sum(a.amount_minor) FILTER (WHERE a.effective_on <= CAST(:day AS date) - 30) AS before
    FROM allocation a WHERE a.tenant_id = :tenant AND a.effective_on <= :day AND {POSTING}
    GROUP BY a.invoice_id) p ON p.invoice_id = i.id
  LEFT JOIN (
    SELECT DISTINCT ON (c.invoice_id) c.invoice_id, c.id FROM due_schedule c
    WHERE c.tenant_id = :tenant AND c.effective_on <= CAST(:day AS date) - 30 AND {KNOWN.format(row="c")}
    ORDER BY c.invoice_id, c.effective_on DESC, c.known_at DESC, c.id DESC) s ON s.invoice_id = i.id
  LEFT JOIN instalment n ON n.tenant_id = :tenant AND n.schedule_id = s.id
  WHERE i.tenant_id = :tenant AND i.issued_on <= CAST(:day AS date) - 30 AND {KNOWN.format(row="i")}
    AND (i.voided_on IS NULL OR i.voided_on > CAST(:day AS date) - 30 OR i.voided_at > :known_at)
    AND {PART.format(applied="coalesce(p.before, 0)")} <> 0) o
"""
# The newest billing month of which every invoice has had its ninety days.
AT_RISK = f"""
SELECT 'invoice' AS kind, i.id, i.currency, i.debtor_id, i.number AS label, i.issued_on AS on_day, '' AS part,
  i.amount_minor AS minor, i.amount_minor - coalesce((
    SELECT sum(a.amount_minor) FROM allocation a
    WHERE a.tenant_id = :tenant AND a.invoice_id = i.id AND a.effective_on <= {BY_CONTRACT} + 90 AND {POSTING}), 0
  ) AS hit, :day - {BY_CONTRACT} AS days
FROM (
  SELECT g.currency, max(g.month_on) AS month_on FROM (
    SELECT i.currency, CAST(date_trunc('month', i.issued_on) AS date) AS month_on, max({BY_CONTRACT}) AS last_on
    FROM invoice i WHERE i.tenant_id = :tenant AND i.issued_on > CAST(:day AS date) - 760 AND {INVOICE}
    GROUP BY 1, 2) g
  WHERE g.last_on + 90 <= :day GROUP BY g.currency) m
JOIN invoice i ON i.tenant_id = :tenant AND i.currency = m.currency AND i.issued_on >= m.month_on
  AND i.issued_on < m.month_on + interval '1 month' AND {INVOICE}
"""
# A promise is judged once its day is over; one taken back before its day, and not kept by then, leaves the rate.
PROMISES = f"""
SELECT 'hold' AS kind, p.id, p.currency, p.debtor_id, p.label, p.ends_on AS on_day,
  CASE WHEN p.paid >= p.promised THEN 'kept' WHEN p.paid > 0 THEN 'part' ELSE 'broken' END AS part,
  p.promised AS minor, CASE WHEN p.paid >= p.promised THEN p.promised ELSE 0 END AS hit, p.ends_on - p.starts_on AS days
FROM (
  SELECT h.id, h.debtor_id, h.starts_on, h.ends_on, h.ended_at, coalesce(i.number, '') AS label,
    coalesce(nullif(h.currency, ''), i.currency) AS currency,
    coalesce(h.amount_minor, i.amount_minor - coalesce((SELECT sum(a.amount_minor) FROM allocation a
      WHERE a.tenant_id = :tenant AND a.invoice_id = i.id AND a.effective_on < h.starts_on AND {POSTING}), 0))
      AS promised,
    coalesce((SELECT sum(a.amount_minor) FROM allocation a
      WHERE a.tenant_id = :tenant AND a.debtor_id = h.debtor_id AND a.kind = 'payment'
        AND (h.invoice_id IS NULL OR a.invoice_id = h.invoice_id)
        AND a.currency = coalesce(nullif(h.currency, ''), i.currency)
        AND a.effective_on BETWEEN h.starts_on AND h.ends_on AND {POSTING}), 0) AS paid
  FROM hold h LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
  WHERE h.tenant_id = :tenant AND h.kind = 'promise' AND h.ends_on >= :first_on AND h.ends_on < :day
    AND (CAST(:known_at AS timestamptz) IS NULL OR h.opened_at <= :known_at)) p
WHERE p.promised > 0
  AND (p.paid >= p.promised OR p.ended_at IS NULL OR p.ended_at > :known_at
    OR CAST(p.ended_at AT TIME ZONE :zone AS date) > p.ends_on)
"""
WORKING = """(SELECT count(*) FROM generate_series(CAST({first} AS timestamp), CAST({last} AS timestamp),
  interval '1 day') g(d) WHERE extract(isodow FROM g.d) < 6) - 1"""
OPENED, ENDED = "CAST(h.opened_at AT TIME ZONE :zone AS date)", "CAST(h.ended_at AT TIME ZONE :zone AS date)"
DISPUTES = f"""
SELECT 'hold' AS kind, h.id, coalesce(nullif(h.currency, ''), i.currency, '') AS currency, h.debtor_id,
  coalesce(i.number, '') AS label, d.on_day, d.part, coalesce(h.amount_minor, i.amount_minor, 0) AS minor,
  coalesce(h.amount_minor, i.amount_minor, 0) AS hit,
  CAST(greatest({WORKING.format(first=OPENED, last="d.on_day")}, 0) AS int) AS days
FROM (
  SELECT h.id, CASE WHEN {{closed}} THEN {ENDED} ELSE CAST(:day AS date) END AS on_day,
    CASE WHEN {{closed}} THEN 'closed' ELSE 'open' END AS part
  FROM hold h WHERE h.tenant_id = :tenant AND h.kind = 'dispute' AND {OPENED} <= :day
    AND (CAST(:known_at AS timestamptz) IS NULL OR h.opened_at <= :known_at)) d
JOIN hold h ON h.tenant_id = :tenant AND h.id = d.id
LEFT JOIN invoice i ON i.tenant_id = :tenant AND i.id = h.invoice_id
WHERE d.part = 'open' OR d.on_day >= :first_on
""".format(
    closed=f"h.ended_at IS NOT NULL AND {ENDED} <= :day"
    " AND (CAST(:known_at AS timestamptz) IS NULL OR h.ended_at <= :known_at)"
)
SETS = {
    "sales": SALES,
    "settled": SETTLED.format(counted_from="i.issued_on"),
    "settled_terms": SETTLED.format(counted_from=BY_CONTRACT),
    "slices": SLICES,
    "fell_due": FELL_DUE,
    "written_off": WRITTEN_OFF,
    "unapplied": UNAPPLIED,
    "rolled": ROLLED,
    "at_risk": AT_RISK,
    "promises": PROMISES,
    "disputes": DISPUTES,
}
