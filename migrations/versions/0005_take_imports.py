"""Take imports: remembered mappings, runs with their report, staged rows, and the faults found row by row."""

from migrations.tables import index, tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None

SOURCE = "key text NOT NULL, mapping jsonb NOT NULL, saved_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, key)"
RUN = """
  id uuid NOT NULL, source text NOT NULL, file_name text NOT NULL, file_sha256 text NOT NULL, file_key text NOT NULL,
  bytes bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('received', 'checked', 'refused', 'loaded', 'failed')),
  detection jsonb NOT NULL DEFAULT '{}',
  mapping jsonb NOT NULL DEFAULT '{}', rows_read bigint NOT NULL DEFAULT 0, rows_accepted bigint NOT NULL DEFAULT 0,
  rows_refused bigint NOT NULL DEFAULT 0, rows_added bigint NOT NULL DEFAULT 0, rows_same bigint NOT NULL DEFAULT 0,
  report jsonb NOT NULL DEFAULT '{}', actor text NOT NULL, received_at timestamptz NOT NULL, loaded_at timestamptz,
  PRIMARY KEY (tenant_id, id)
"""
ROW = """
  import_id uuid NOT NULL, row_no integer NOT NULL, invoice_id uuid NOT NULL, debtor_number text NOT NULL,
  debtor_name text NOT NULL,
  email text NOT NULL DEFAULT '', country text NOT NULL DEFAULT '', groups text NOT NULL DEFAULT '',
  channel text NOT NULL DEFAULT 'email',
  number text NOT NULL, currency text NOT NULL, amount_minor bigint NOT NULL, tax_minor bigint NOT NULL DEFAULT 0,
  issued_on date NOT NULL, due_on date NOT NULL, purchase_order text NOT NULL DEFAULT '',
  disputed boolean NOT NULL DEFAULT false,
  settled_on date, paid_minor bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, import_id, row_no), FOREIGN KEY (tenant_id,
  import_id) REFERENCES app.import_run (tenant_id, id)
"""
FAULT = """
  import_id uuid NOT NULL, row_no integer NOT NULL, column_name text NOT NULL, value text NOT NULL,
  reason text NOT NULL, remedy text NOT NULL,
  PRIMARY KEY (tenant_id, import_id, row_no, column_name), FOREIGN KEY (tenant_id,
  import_id) REFERENCES app.import_run (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("import_source", SOURCE)
    tenant_table("import_run", RUN)
    index("import_run", "sha256", "file_sha256")
    index("import_run", "received", "received_at")
    tenant_table("import_row", ROW)
    tenant_table("import_fault", FAULT)
