"""Take imports: remembered mappings, runs with their report, staged rows and lines, the faults found row by row, the
papers that invoices came on, the lines of bank statements, and remittance
advices."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0005"
down_revision = "0004"
branch_labels = depends_on = None

SOURCE = "key text NOT NULL, mapping jsonb NOT NULL, saved_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, key)"
RUN = """
  id uuid NOT NULL, source text NOT NULL, file_name text NOT NULL, file_sha256 text NOT NULL, file_key text NOT NULL,
  bytes bigint NOT NULL,
  state text NOT NULL CHECK (state IN ('received', 'checked', 'refused', 'loaded', 'undone')),
  detection jsonb NOT NULL DEFAULT '{}',
  mapping jsonb NOT NULL DEFAULT '{}', rows_read bigint NOT NULL DEFAULT 0, rows_accepted bigint NOT NULL DEFAULT 0,
  rows_refused bigint NOT NULL DEFAULT 0, rows_added bigint NOT NULL DEFAULT 0, rows_same bigint NOT NULL DEFAULT 0,
  report jsonb NOT NULL DEFAULT '{}', actor text NOT NULL, received_at timestamptz NOT NULL, loaded_at timestamptz,
  undone_at timestamptz,
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
  discount_minor bigint NOT NULL DEFAULT 0, discount_until_on date,
  PRIMARY KEY (tenant_id, import_id, row_no), FOREIGN KEY (tenant_id,
  import_id) REFERENCES app.import_run (tenant_id, id)
"""
# What a later file said otherwise of a customer who was here: before and after, field by field.
CHANGE = """
  import_id uuid NOT NULL, debtor_id uuid NOT NULL, field text NOT NULL, was text NOT NULL, became text NOT NULL,
  PRIMARY KEY (tenant_id, import_id, debtor_id, field), FOREIGN KEY (tenant_id,
  import_id) REFERENCES app.import_run (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# What a file of customers says of one of them; an empty text says nothing.
CUSTOMER = """
  import_id uuid NOT NULL, row_no integer NOT NULL, made_id uuid NOT NULL, debtor_number text NOT NULL,
  debtor_name text NOT NULL, email text NOT NULL, country text NOT NULL, channel text NOT NULL, groups text NOT NULL,
  address text NOT NULL, terms text NOT NULL, credit_limit text NOT NULL, owner text NOT NULL,
  PRIMARY KEY (tenant_id, import_id, row_no),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id)
"""
FAULT = """
  import_id uuid NOT NULL, row_no integer NOT NULL, column_name text NOT NULL, value text NOT NULL,
  reason text NOT NULL, remedy text NOT NULL,
  PRIMARY KEY (tenant_id, import_id, row_no, column_name), FOREIGN KEY (tenant_id,
  import_id) REFERENCES app.import_run (tenant_id, id)
"""
# The lines of an electronic invoice, beside its staged row.
LINE = """
  import_id uuid NOT NULL, row_no integer NOT NULL, position smallint NOT NULL, description text NOT NULL,
  quantity numeric NOT NULL, unit_price_minor bigint NOT NULL, net_minor bigint NOT NULL, tax_rate numeric NOT NULL,
  tax_minor bigint NOT NULL, PRIMARY KEY (tenant_id, import_id, row_no, position),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id)
"""
# The document of record of an invoice or credit note that came on an electronic paper: id is that of either.
ORIGINAL = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, import_id uuid NOT NULL, media_type text NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id)
"""
STATEMENT = """
  line_key text NOT NULL, account text NOT NULL, account_sealed bytea, currency text NOT NULL,
  amount_minor bigint NOT NULL, booked_on date NOT NULL, valued_on date NOT NULL,
  party text NOT NULL DEFAULT '', words text NOT NULL DEFAULT '',
  reference text NOT NULL DEFAULT '', bank_ref text NOT NULL DEFAULT '',
  party_mark text NOT NULL DEFAULT ''
"""
STAGED_BANK_LINE = f"""
  import_id uuid NOT NULL, row_no integer NOT NULL, bank_line_id uuid NOT NULL, {STATEMENT},
  PRIMARY KEY (tenant_id, import_id, row_no),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id)
"""
# One line of one statement, once however often it is reported; a credit without a payment waits to be matched.
BANK_LINE = f"""
  id uuid NOT NULL, import_id uuid NOT NULL, {STATEMENT}, payment_id uuid, known_at timestamptz NOT NULL,
  undone_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, line_key),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES app.payment (tenant_id, id)
"""
# What a customer says that a payment of theirs is for, until a credit has answered it.
REMITTANCE = """
  id uuid NOT NULL, import_id uuid NOT NULL, number text NOT NULL, currency text NOT NULL, amount_minor bigint NOT NULL,
  paid_on date NOT NULL, payer text NOT NULL, used_at timestamptz, known_at timestamptz NOT NULL,
  undone_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, payer, number),
  FOREIGN KEY (tenant_id, import_id) REFERENCES app.import_run (tenant_id, id)
"""
REMITTANCE_LINE = """
  remittance_id uuid NOT NULL, position smallint NOT NULL, invoice_number text NOT NULL, amount_minor bigint NOT NULL,
  PRIMARY KEY (tenant_id, remittance_id, position),
  FOREIGN KEY (tenant_id, remittance_id) REFERENCES app.remittance (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("import_source", SOURCE)
    tenant_table("import_run", RUN)
    index("import_run", "sha256", "file_sha256")
    index("import_run", "received", "received_at")
    tenant_table("import_row", ROW)
    tenant_table("import_customer", CUSTOMER)
    tenant_table("import_fault", FAULT)
    tenant_table("import_change", CHANGE, rights=APPEND_ONLY)
    tenant_table("import_line", LINE)
    tenant_table("original", ORIGINAL, debtor="debtor_id")
    tenant_table("import_bank_line", STAGED_BANK_LINE)
    tenant_table("bank_line", BANK_LINE)
    tenant_table("remittance", REMITTANCE)
    index("remittance", "waiting", "amount_minor", "used_at IS NULL AND undone_at IS NULL")
    tenant_table("remittance_line", REMITTANCE_LINE)
    index("bank_line", "booked", "booked_on, id")
    index("bank_line", "unmatched", "booked_on, id", "payment_id IS NULL AND amount_minor > 0 AND undone_at IS NULL")
