"""Rows of the world that nothing in the program writes alone: how they are put into their tables."""

DEAD = """
INSERT INTO work_item (tenant_id, id, lane, kind, dedupe_key, payload, state, run_at, attempts, recorded_at,
  finished_at, last_error, error_class)
VALUES (:tenant, :id, 'insight', 'noop', :key, CAST(:payload AS jsonb), 'dead', :now, 8, :now, :now, 'it broke',
  'ValueError')
"""
DOCUMENT = """
INSERT INTO document (tenant_id, id, debtor_id, invoice_id, kind, media_type, sha256, bytes, store_key, made_at)
VALUES (:tenant, :id, :debtor_id, :invoice_id, 'invoice', 'application/pdf', 'ab12', 8, :key, :now)
ON CONFLICT (tenant_id, store_key) DO NOTHING
"""
DELIVERED = """
UPDATE invoice SET delivery = 'delivered', delivered_at = :at WHERE tenant_id = :tenant AND id = :id
"""
PAPER = """
INSERT INTO original (tenant_id, id, debtor_id, import_id, media_type)
VALUES (:tenant, :invoice_id, :debtor_id, :import_id, 'application/xml') ON CONFLICT (tenant_id, id) DO NOTHING
"""
