"""Match cash: what is proposed for each bank line and what became of it, deductions, and who has paid for whom.

Open invoices get two indexes for it: by the bones of their number, and by what is open.
"""

from migrations.tables import index, tenant_table

revision = "0013"
down_revision = "0012"
branch_labels = depends_on = None

STILL_OPEN = "open_minor > 0 AND voided_on IS NULL"
# One row for each line, or for each part of a line that a person split.
MATCH = """
  id uuid NOT NULL, bank_line_id uuid NOT NULL, debtor_id uuid, currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0), booked_on date NOT NULL,
  band text NOT NULL CHECK (band IN ('automatic', 'suggested', 'manual')), pattern text NOT NULL DEFAULT '',
  score smallint NOT NULL DEFAULT 0, reasons jsonb NOT NULL DEFAULT '[]',
  state text NOT NULL CHECK (state IN ('waiting', 'parked', 'applied', 'replaced', 'undone', 'returned',
    'withdrawn')),
  payment_id uuid, remittance_id uuid, note text NOT NULL DEFAULT '', actor text NOT NULL DEFAULT '',
  proposed_at timestamptz NOT NULL, decided_at timestamptz,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, bank_line_id) REFERENCES app.bank_line (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES app.payment (tenant_id, id)
"""
PART = """
  match_id uuid NOT NULL, position smallint NOT NULL, invoice_id uuid NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0), short_minor bigint NOT NULL DEFAULT 0 CHECK (short_minor >= 0),
  reason text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, match_id, position),
  FOREIGN KEY (tenant_id, match_id) REFERENCES app.cash_match (tenant_id, id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
DEDUCTION = """
  id uuid NOT NULL, match_id uuid NOT NULL, payment_id uuid NOT NULL, invoice_id uuid NOT NULL, debtor_id uuid NOT NULL,
  currency text NOT NULL, amount_minor bigint NOT NULL CHECK (amount_minor > 0), reason text NOT NULL,
  opened_on date NOT NULL, closed_on date, outcome text NOT NULL DEFAULT ''
    CHECK (outcome IN ('', 'paid', 'credited', 'written_off', 'undone')), known_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, match_id) REFERENCES app.cash_match (tenant_id, id),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES app.payment (tenant_id, id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
PAYER = """
  key text NOT NULL, debtor_id uuid NOT NULL, times integer NOT NULL, last_on date NOT NULL,
  PRIMARY KEY (tenant_id, key, debtor_id), FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("cash_match", MATCH)
    index("cash_match", "line", "bank_line_id")
    index("cash_match", "queue", "state, band, booked_on, id", "state IN ('waiting', 'parked')")
    index("cash_match", "decided", "decided_at, id", "decided_at IS NOT NULL")
    index("cash_match", "payment", "payment_id", "payment_id IS NOT NULL")
    tenant_table("cash_part", PART)
    index("cash_part", "invoice", "invoice_id")
    tenant_table("deduction", DEDUCTION)
    index("deduction", "open", "opened_on, id", "closed_on IS NULL")
    index("deduction", "invoice", "invoice_id")
    tenant_table("payer", PAYER)
    index("invoice", "bones", "bones", STILL_OPEN)
    index("invoice", "open_amount", "currency, open_minor", STILL_OPEN)
