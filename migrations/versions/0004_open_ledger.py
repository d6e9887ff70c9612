"""Open the ledger: debtors, contacts, invoices, credit notes, payments, allocations, and the open balance by
due date."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0004"
down_revision = "0003"
branch_labels = depends_on = None

DEBTOR = """
  id uuid NOT NULL, number text NOT NULL, name text NOT NULL, country text NOT NULL DEFAULT '',
  language text NOT NULL DEFAULT 'en', time_zone text, channel text NOT NULL DEFAULT 'email'
    CHECK (channel IN ('email', 'portal', 'paper')),
  consumer boolean NOT NULL DEFAULT false, credit_limit_minor bigint, owner_id uuid, import_id uuid, known_at
  timestamptz NOT NULL, undone_at timestamptz, address text NOT NULL DEFAULT '',
  terms_days smallint CHECK (terms_days BETWEEN 0 AND 730),
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number)
"""
GROUP = """
  debtor_id uuid NOT NULL, key text NOT NULL, PRIMARY KEY (tenant_id, debtor_id, key),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
CONTACT = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, name text NOT NULL DEFAULT '', email text NOT NULL,
  role text NOT NULL DEFAULT 'billing', language text NOT NULL DEFAULT 'en', pixel_consent text NOT NULL
  DEFAULT 'unknown'
    CHECK (pixel_consent IN ('unknown', 'granted', 'withdrawn')), active boolean NOT NULL DEFAULT true,
  import_id uuid, known_at timestamptz NOT NULL, reminders_stopped_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, debtor_id, email),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
INVOICE = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, number text NOT NULL, currency text NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor >= 0), tax_minor bigint NOT NULL DEFAULT 0, issued_on date
  NOT NULL, due_on date NOT NULL,
  kind text NOT NULL DEFAULT 'invoice' CHECK (kind IN ('invoice', 'debit_note')), original_due_on date,
  schedule_id uuid,
  purchase_order text NOT NULL DEFAULT '', open_minor bigint NOT NULL, settled_on date,
  voided_on date, voided_at timestamptz,
  known_at timestamptz NOT NULL, import_id uuid,
  delivery text NOT NULL DEFAULT 'none' CHECK (delivery IN ('none', 'queued', 'sent', 'delayed', 'delivered',
  'bounced', 'failed')),
  delivered_at timestamptz, bounced_at timestamptz, first_seen_at timestamptz, evidence_level smallint NOT NULL
  DEFAULT 0,
  reminder_count smallint NOT NULL DEFAULT 0, last_reminder_at timestamptz, last_contact_at timestamptz,
  last_reply_at timestamptz, bones text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
LINE = """
  invoice_id uuid NOT NULL, position smallint NOT NULL, debtor_id uuid NOT NULL, description text NOT NULL,
  quantity numeric NOT NULL DEFAULT 1,
  unit_price_minor bigint NOT NULL, net_minor bigint NOT NULL, tax_rate numeric NOT NULL DEFAULT 0, tax_minor
  bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, invoice_id, position), FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice
  (tenant_id, id)
"""
CREDIT_NOTE = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, number text NOT NULL, currency text NOT NULL, amount_minor bigint
  NOT NULL CHECK (amount_minor > 0),
  unapplied_minor bigint NOT NULL, issued_on date NOT NULL, reason text NOT NULL DEFAULT '', import_id uuid,
  known_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, number), FOREIGN KEY (tenant_id, debtor_id) REFERENCES
  app.debtor (tenant_id, id)
"""
PAYMENT = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, reference text NOT NULL, currency text NOT NULL, amount_minor
  bigint NOT NULL CHECK (amount_minor > 0),
  unapplied_minor bigint NOT NULL, received_on date NOT NULL, source text NOT NULL DEFAULT '', import_id uuid,
  known_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, source, reference), FOREIGN KEY (tenant_id, debtor_id)
  REFERENCES app.debtor (tenant_id, id)
"""
# What goes back to a debtor takes from its payment and counts for no invoice.
# Corrections are new rows with a negative amount that name what they reverse; no row is ever edited.
ALLOCATION = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, invoice_id uuid, kind text NOT NULL
    CHECK (kind IN ('payment', 'credit_note', 'write_off', 'discount', 'refund', 'returned', 'undone')),
  payment_id uuid, credit_note_id uuid, reverses_id uuid, currency text NOT NULL, amount_minor bigint NOT NULL
  CHECK (amount_minor <> 0),
  effective_on date NOT NULL, known_at timestamptz NOT NULL, reason text NOT NULL DEFAULT '', import_id uuid,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, reverses_id),
  CHECK ((kind IN ('refund', 'returned', 'undone')) = (invoice_id IS NULL)),
  CHECK (CASE kind WHEN 'payment' THEN payment_id IS NOT NULL AND credit_note_id IS NULL
    WHEN 'credit_note' THEN credit_note_id IS NOT NULL AND payment_id IS NULL
    WHEN 'refund' THEN num_nonnulls(payment_id, credit_note_id) = 1
    WHEN 'undone' THEN num_nonnulls(payment_id, credit_note_id) = 1
    WHEN 'returned' THEN payment_id IS NOT NULL AND credit_note_id IS NULL
    ELSE num_nonnulls(payment_id, credit_note_id) = 0 END),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id),
  FOREIGN KEY (tenant_id, payment_id) REFERENCES app.payment (tenant_id, id),
  FOREIGN KEY (tenant_id, credit_note_id) REFERENCES app.credit_note (tenant_id, id),
  FOREIGN KEY (tenant_id, reverses_id) REFERENCES app.allocation (tenant_id, id)
"""
# Kept in the same transaction as every posting; the aging of today is a sum over a few hundred of these rows.
OPEN_BALANCE = """
  currency text NOT NULL, due_on date NOT NULL, open_minor bigint NOT NULL, open_count integer NOT NULL,
  PRIMARY KEY (tenant_id, currency, due_on)
"""


def upgrade() -> None:
    tenant_table("debtor", DEBTOR, debtor="id")
    index("debtor", "country", "country")
    tenant_table("debtor_group", GROUP, debtor="debtor_id")
    index("debtor_group", "key", "key, debtor_id")
    tenant_table("contact", CONTACT, debtor="debtor_id")
    tenant_table("invoice", INVOICE, debtor="debtor_id")
    index("invoice", "debtor", "debtor_id, due_on, id")
    index("invoice", "open", "due_on, id", "open_minor > 0 AND voided_on IS NULL")
    index("invoice", "issued", "issued_on, id")
    index("invoice", "settled", "debtor_id, settled_on, due_on", "settled_on IS NOT NULL AND voided_on IS NULL")
    index("invoice", "voided", "voided_on", "voided_on IS NOT NULL")
    tenant_table("invoice_line", LINE, debtor="debtor_id")
    tenant_table("credit_note", CREDIT_NOTE, debtor="debtor_id")
    index("credit_note", "unapplied", "issued_on", "unapplied_minor > 0")
    tenant_table("payment", PAYMENT, debtor="debtor_id")
    index("payment", "debtor", "debtor_id, received_on")
    index("payment", "unapplied", "received_on", "unapplied_minor > 0")
    tenant_table("allocation", ALLOCATION, debtor="debtor_id", rights=APPEND_ONLY)
    index("allocation", "invoice", "invoice_id, effective_on")
    index("allocation", "effective", "effective_on, invoice_id")
    index("allocation", "payment", "payment_id", "payment_id IS NOT NULL")
    index("allocation", "credit_note", "credit_note_id", "credit_note_id IS NOT NULL")
    tenant_table("open_balance", OPEN_BALANCE)
