"""Decides what is remembered of each invoice day by day: open amount, status, grade of evidence, owner and holds.

A row stands from its day until the day before the next one of the same invoice, so a quiet invoice costs one row and a
day costs only what changed on it. Backtests and trends read it. Days before the first that was kept are filled in once
from the ledger's own history, and are then as good as that history.
"""

from datetime import date, timedelta

from tenants import store

STATE_NOW = """
  SELECT i.id, i.open_minor,
    CASE WHEN i.voided_on <= :day THEN 'voided' WHEN i.open_minor > 0 THEN 'open' ELSE 'settled' END AS status,
    i.evidence_level, COALESCE(t.person_id, d.owner_id) AS owner_id, COALESCE(h.kinds, '') AS holds
  FROM invoice i
  JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
  LEFT JOIN subject_taker t ON t.tenant_id = :tenant AND t.subject_id = i.id
  LEFT JOIN (
    SELECT x.id, string_agg(DISTINCT x.kind, ',' ORDER BY x.kind) AS kinds FROM (
      SELECT h.invoice_id AS id, h.kind FROM hold h
      WHERE h.tenant_id = :tenant AND h.invoice_id IS NOT NULL AND h.ended_at IS NULL AND h.starts_on <= :day
        AND (h.ends_on IS NULL OR h.ends_on >= :day)
      UNION ALL
      SELECT o.id, h.kind FROM hold h JOIN invoice o ON o.tenant_id = :tenant AND o.debtor_id = h.debtor_id
      WHERE h.tenant_id = :tenant AND h.invoice_id IS NULL AND h.ended_at IS NULL AND h.starts_on <= :day
        AND (h.ends_on IS NULL OR h.ends_on >= :day) AND o.open_minor > 0) x
    GROUP BY x.id) h ON h.id = i.id
  WHERE i.tenant_id = :tenant AND i.issued_on <= :day
"""
CHANGED = "(f.open_minor, f.status, f.evidence_level, f.owner_id, f.holds) IS DISTINCT FROM"
VALUES = "(n.open_minor, n.status, n.evidence_level, n.owner_id, n.holds)"
CLOSE = f"""
UPDATE invoice_daily f SET until_on = :day FROM ({STATE_NOW}) n
WHERE f.tenant_id = :tenant AND f.invoice_id = n.id AND f.until_on IS NULL AND f.day_on < :day AND {CHANGED} {VALUES}
"""
OPEN = f"""
INSERT INTO invoice_daily (tenant_id, invoice_id, day_on, open_minor, status, evidence_level, owner_id, holds)
SELECT :tenant, n.id, :day, n.open_minor, n.status, n.evidence_level, n.owner_id, n.holds FROM ({STATE_NOW}) n
LEFT JOIN invoice_daily f ON f.tenant_id = :tenant AND f.invoice_id = n.id AND f.until_on IS NULL
WHERE (f.invoice_id IS NULL AND n.status = 'open') OR (f.day_on = :day AND {CHANGED} {VALUES})
   OR (f.invoice_id IS NULL AND EXISTS (
         SELECT FROM invoice_daily e WHERE e.tenant_id = :tenant AND e.invoice_id = n.id AND e.until_on = :day))
ON CONFLICT (tenant_id, invoice_id, day_on) DO UPDATE SET open_minor = excluded.open_minor, status = excluded.status,
  evidence_level = excluded.evidence_level, owner_id = excluded.owner_id, holds = excluded.holds
"""
KEEP = "INSERT INTO invoice_daily_kept (tenant_id, days_on) VALUES (:tenant, :day) ON CONFLICT DO NOTHING"
FIRST = "SELECT min(days_on) FROM invoice_daily_kept WHERE tenant_id = :tenant"
# Each day on which something about an invoice changed, and what it was then, from the ledger's own history.
FILL = """
INSERT INTO invoice_daily (tenant_id, invoice_id, day_on, until_on, open_minor, status, evidence_level, owner_id, holds)
SELECT :tenant, x.id, x.day, COALESCE(lead(x.day) OVER (PARTITION BY x.id ORDER BY x.day), CAST(:stop AS date)),
  x.open_minor,
  CASE WHEN x.voided_on <= x.day THEN 'voided' WHEN x.open_minor > 0 THEN 'open' ELSE 'settled' END,
  x.level, x.owner_id, ''
FROM (
  SELECT c.id, c.day, c.voided_on, c.owner_id,
    CASE WHEN c.voided_on <= c.day THEN 0 ELSE c.amount_minor - CAST(sum(c.taken) OVER w AS bigint) END AS open_minor,
    CAST(max(c.level) OVER w AS smallint) AS level
  FROM (
    SELECT i.id, i.amount_minor, i.voided_on, d.owner_id, GREATEST(e.day, CAST(:from_on AS date)) AS day,
      sum(e.taken) AS taken, max(e.level) AS level
    FROM invoice i JOIN debtor d ON d.tenant_id = :tenant AND d.id = i.debtor_id
    JOIN (
      SELECT o.id AS invoice_id, o.issued_on AS day, 0 AS taken, 0 AS level FROM invoice o WHERE o.tenant_id = :tenant
      UNION ALL
      SELECT o.id, o.voided_on, 0, 0 FROM invoice o WHERE o.tenant_id = :tenant AND o.voided_on IS NOT NULL
      UNION ALL
      SELECT a.invoice_id, a.effective_on, a.amount_minor, 0 FROM allocation a WHERE a.tenant_id = :tenant
      UNION ALL
      SELECT v.invoice_id, CAST(v.occurred_at AT TIME ZONE :zone AS date), 0, v.level FROM evidence v
      WHERE v.tenant_id = :tenant AND v.invoice_id IS NOT NULL AND v.verdict <> 'machine'
    ) e ON e.invoice_id = i.id
    WHERE i.tenant_id = :tenant AND i.issued_on < :stop AND e.day < :stop
      AND (i.settled_on IS NULL OR i.settled_on >= :from_on) AND (i.voided_on IS NULL OR i.voided_on >= :from_on)
    GROUP BY i.id, i.amount_minor, i.voided_on, d.owner_id, GREATEST(e.day, CAST(:from_on AS date))) c
  WINDOW w AS (PARTITION BY c.id ORDER BY c.day)) x
ON CONFLICT (tenant_id, invoice_id, day_on) DO NOTHING
"""
KEEP_DAYS = """
INSERT INTO invoice_daily_kept (tenant_id, days_on)
SELECT :tenant, CAST(g AS date) FROM generate_series(CAST(:from_on AS timestamp), CAST(:last AS timestamp), '1 day') g
ON CONFLICT DO NOTHING
"""


def keep(day: date) -> int:
    """Write down what changed until this day; return how many rows that made. Repeating it changes nothing."""
    store.plan_for_sets()
    store.run(CLOSE, day=day)
    made = store.run(OPEN, day=day).rowcount
    store.run(KEEP, day=day)
    return made


def first_kept() -> date | None:
    """The first day of which something is kept."""
    found: date | None = store.run(FIRST).scalar_one_or_none()
    return found


def fill(from_on: date, *, today: date, zone: str) -> int:
    """Fill in the days from `from_on` until the first that was kept; return how many rows that made."""
    stop = first_kept() or today + timedelta(days=1)
    if from_on >= stop:
        return 0
    store.plan_for_sets()
    made = store.run(FILL, from_on=from_on, stop=stop, zone=zone).rowcount
    store.run(KEEP_DAYS, from_on=from_on, last=stop - timedelta(days=1))
    return made
