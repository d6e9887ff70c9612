"""What the benchmarks of rules write alike: customers by number, and ids that follow from a number."""

from datetime import UTC, datetime

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
ID = """CAST(lpad(to_hex({kind}), 8, '0') || '-' || substr(md5(CAST(g AS text)), 1, 4) || '-7000-8000-'
  || lpad(to_hex(g), 12, '0') AS uuid)"""
CUSTOMER_ID, INVOICE_ID = ID.format(kind=1), ID.format(kind=2)

DEBTORS = f"""
INSERT INTO app.debtor (tenant_id, id, number, name, known_at)
SELECT %(tenant)s, {CUSTOMER_ID}, 'C-' || g, 'Customer ' || g, %(now)s FROM generate_series(0, %(customers)s - 1) g
"""
NUMBERED = """
CREATE TEMP TABLE bench_customer AS SELECT CAST(substr(number, 3) AS bigint) AS n, id FROM app.debtor
WHERE tenant_id = %(tenant)s
"""
