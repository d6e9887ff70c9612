"""Widen the ledger: due dates in parts, closed periods, exchange rates, late charges, and when payment is expected."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0012"
down_revision = "0011"
branch_labels = depends_on = None

# A schedule is never edited: the newest one that holds on a day counts on it.
DUE_SCHEDULE = """
  id uuid NOT NULL, invoice_id uuid NOT NULL, debtor_id uuid NOT NULL,
  kind text NOT NULL CHECK (kind IN ('terms', 'agreed')), effective_on date NOT NULL, known_at timestamptz NOT NULL,
  reason text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
INSTALMENT = """
  schedule_id uuid NOT NULL, position smallint NOT NULL, debtor_id uuid NOT NULL, due_on date NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0), up_to_minor bigint NOT NULL,
  PRIMARY KEY (tenant_id, schedule_id, position), UNIQUE (tenant_id, schedule_id, due_on),
  FOREIGN KEY (tenant_id, schedule_id) REFERENCES app.due_schedule (tenant_id, id)
"""
# The newest row says through which day the books are closed; its control sums say what they were then.
PERIOD_CLOSE = """
  id uuid NOT NULL, through_on date NOT NULL, known_at timestamptz NOT NULL, actor text NOT NULL,
  reason text NOT NULL, PRIMARY KEY (tenant_id, id)
"""
PERIOD_CONTROL = """
  close_id uuid NOT NULL, currency text NOT NULL, open_minor bigint NOT NULL, unapplied_minor bigint NOT NULL,
  PRIMARY KEY (tenant_id, close_id, currency),
  FOREIGN KEY (tenant_id, close_id) REFERENCES app.period_close (tenant_id, id)
"""
EXCHANGE_RATE = """
  base text NOT NULL, quote text NOT NULL, on_day date NOT NULL, known_at timestamptz NOT NULL,
  rate numeric NOT NULL CHECK (rate > 0), source text NOT NULL,
  PRIMARY KEY (tenant_id, base, quote, on_day, known_at)
"""
LATE_TERM = """
  id uuid NOT NULL, country text NOT NULL, regime text NOT NULL
    CHECK (regime IN ('uk', 'eu', 'us_prompt_pay', 'contract')),
  base text NOT NULL, percent numeric NOT NULL, from_on date NOT NULL, known_at timestamptz NOT NULL,
  source text NOT NULL, PRIMARY KEY (tenant_id, id)
"""
BASE_RATE = """
  base text NOT NULL, from_on date NOT NULL, known_at timestamptz NOT NULL, percent numeric NOT NULL,
  source text NOT NULL, PRIMARY KEY (tenant_id, base, from_on, known_at)
"""
# For each open invoice: when its payment is expected, and how much of it in which week from `made_on` on.
EXPECTED_PAYMENT = """
  invoice_id uuid NOT NULL, debtor_id uuid NOT NULL, currency text NOT NULL, open_minor bigint NOT NULL,
  made_on date NOT NULL, expected_on date NOT NULL, earliest_on date NOT NULL, latest_on date NOT NULL,
  first_made_on date NOT NULL, first_expected_on date NOT NULL, first_earliest_on date NOT NULL,
  first_latest_on date NOT NULL, basis text NOT NULL, seen smallint NOT NULL,
  own_days numeric, group_days numeric, all_days numeric NOT NULL, weeks bigint[] NOT NULL,
  PRIMARY KEY (tenant_id, invoice_id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""

# How much a role may give up alone, and what waits for a second person.
FORGO_LIMIT = """
  role text NOT NULL, limit_minor bigint NOT NULL CHECK (limit_minor >= 0), PRIMARY KEY (tenant_id, role)
"""
FORGO_REQUEST = """
  id uuid NOT NULL, invoice_id uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('write_off', 'discount')),
  currency text NOT NULL, amount_minor bigint NOT NULL CHECK (amount_minor > 0), reason text NOT NULL,
  asked_by text NOT NULL, asked_at timestamptz NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'posted', 'refused')), decided_by text NOT NULL DEFAULT '',
  decided_at timestamptz, words text NOT NULL DEFAULT '', allocation_id uuid,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id),
  FOREIGN KEY (tenant_id, allocation_id) REFERENCES app.allocation (tenant_id, id)
"""
# Who looks after a customer from a day on; what was said last counts.
DEBTOR_OWNER = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, owner_id uuid, since_on date NOT NULL, known_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# What a customer may keep who pays by a day; an invoice may offer more the sooner it is paid.
DISCOUNT_TERM = """
  invoice_id uuid NOT NULL, until_on date NOT NULL, debtor_id uuid NOT NULL,
  amount_minor bigint NOT NULL CHECK (amount_minor > 0), known_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, invoice_id, until_on),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("due_schedule", DUE_SCHEDULE, debtor="debtor_id", rights=APPEND_ONLY)
    index("due_schedule", "invoice", "invoice_id, effective_on")
    index("due_schedule", "effective", "effective_on")
    tenant_table("instalment", INSTALMENT, debtor="debtor_id", rights=APPEND_ONLY)
    tenant_table("period_close", PERIOD_CLOSE, rights=APPEND_ONLY)
    tenant_table("period_control", PERIOD_CONTROL, rights=APPEND_ONLY)
    tenant_table("exchange_rate", EXCHANGE_RATE, rights=APPEND_ONLY)
    tenant_table("late_term", LATE_TERM, rights=APPEND_ONLY)
    tenant_table("base_rate", BASE_RATE, rights=APPEND_ONLY)
    tenant_table("forgo_limit", FORGO_LIMIT)
    tenant_table("forgo_request", FORGO_REQUEST)
    index("forgo_request", "waiting", "id", where="state = 'waiting'")
    index("forgo_request", "invoice", "invoice_id")
    tenant_table("expected_payment", EXPECTED_PAYMENT)
    index("expected_payment", "expected", "expected_on, invoice_id")
    tenant_table("debtor_owner", DEBTOR_OWNER, rights=APPEND_ONLY)
    index("debtor_owner", "debtor", "debtor_id, known_at")
    tenant_table("discount_term", DISCOUNT_TERM, debtor="debtor_id", rights=APPEND_ONLY)
    index("discount_term", "until", "until_on, invoice_id")
