"""Weigh channels: open-rate alerts, preferences, structured invoices."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0017"
down_revision = "0016"
branch_labels = depends_on = None

# One matured cohort: the messages of one template that one group of mailbox providers took on one local day. What was
# said of it then stays as it was said.
COHORT = """
  day_on date NOT NULL, template text NOT NULL, mailbox text NOT NULL, tracked boolean NOT NULL,
  ruleset smallint NOT NULL, delivered integer NOT NULL, judgeable integer NOT NULL, seen integer NOT NULL,
  machine integer NOT NULL, answer text NOT NULL DEFAULT '', baseline double precision NOT NULL DEFAULT 0,
  chance double precision NOT NULL DEFAULT 1, matured_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, day_on, template, mailbox, tracked)
"""
# Who wants structured invoices, and to which electronic address.
EINVOICE = """
  debtor_id uuid NOT NULL, format text NOT NULL CHECK (format IN ('hybrid', 'ubl')), endpoint text NOT NULL DEFAULT '',
  buyer_reference text NOT NULL DEFAULT '', changed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, debtor_id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# What an earlier ruleset said of a sign, kept when a newer one says otherwise.
FORMER_VERDICT = """
  evidence_id uuid NOT NULL, ruleset smallint NOT NULL, verdict text NOT NULL, reasons text NOT NULL,
  level smallint NOT NULL, replaced_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, evidence_id, replaced_at),
  FOREIGN KEY (tenant_id, evidence_id) REFERENCES app.evidence (tenant_id, id)
"""
# News about a mail that we do not know, or do not know yet.
PARKED = """
  id uuid NOT NULL, source text NOT NULL, external_id text NOT NULL, kind text NOT NULL, attempt_id uuid NOT NULL,
  occurred_at timestamptz NOT NULL, parked_at timestamptz NOT NULL, payload jsonb NOT NULL,
  state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'found', 'given_up')), settled_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, source, external_id)
"""
# In which order ways to a customer are tried, and what those beside mail need to know.
CHANNELS = """
  debtor_id uuid NOT NULL, ways text[] NOT NULL, wait_days smallint NOT NULL CHECK (wait_days BETWEEN 1 AND 60),
  phone text NOT NULL DEFAULT '', postal text NOT NULL DEFAULT '', changed_by text NOT NULL,
  changed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, debtor_id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# How often images of one kind of mail were loaded, where nobody may be told from anybody.
OPEN_TALLY = """
  day_on date NOT NULL, template text NOT NULL, country text NOT NULL, loads integer NOT NULL,
  machines integer NOT NULL, PRIMARY KEY (tenant_id, day_on, template, country)
"""
PRINT_BATCH = """
  id uuid NOT NULL, letters integer NOT NULL, pages integer NOT NULL, sha256 text NOT NULL, store_key text NOT NULL,
  made_by text NOT NULL, made_at timestamptz NOT NULL, posted_by text NOT NULL DEFAULT '', posted_at timestamptz,
  PRIMARY KEY (tenant_id, id)
"""
# What a client wants of e-invoices: shares in thousandths.
EINVOICE_GOAL = """
  metric text NOT NULL CHECK (metric IN ('invoices', 'customers')), baseline smallint NOT NULL
    CHECK (baseline BETWEEN 0 AND 1000), target smallint NOT NULL CHECK (target BETWEEN 1 AND 1000),
  begun_on date NOT NULL, due_on date NOT NULL CHECK (due_on > begun_on), set_by text NOT NULL,
  set_at timestamptz NOT NULL, PRIMARY KEY (tenant_id)
"""
# A file that came with a mail, kept beside it.
MAIL_FILE = """
  id uuid NOT NULL, inbox_id uuid NOT NULL, place smallint NOT NULL, name text NOT NULL, media_type text NOT NULL,
  sha256 text NOT NULL, bytes integer NOT NULL, store_key text NOT NULL, kept_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, inbox_id, place),
  FOREIGN KEY (tenant_id, inbox_id) REFERENCES app.inbox_event (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("delivery_cohort", COHORT)
    tenant_table("debtor_einvoice", EINVOICE)
    index("delivery_cohort", "unit", "template, mailbox, tracked, day_on")
    tenant_table("former_verdict", FORMER_VERDICT, rights=APPEND_ONLY)
    tenant_table("parked_event", PARKED)
    index("parked_event", "waiting", "parked_at", "state = 'waiting'")
    tenant_table("debtor_channels", CHANNELS)
    tenant_table("open_tally", OPEN_TALLY)
    tenant_table("print_batch", PRINT_BATCH)
    index("print_batch", "made", "made_at, id")
    tenant_table("einvoice_goal", EINVOICE_GOAL)
    tenant_table("mail_file", MAIL_FILE, rights=APPEND_ONLY)
