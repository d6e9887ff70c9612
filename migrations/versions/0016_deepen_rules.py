"""Deepen rules: consents, tests, the provider's standards, precedence of a day, approvals, marks on subjects, pools,
webhooks, digests and notices to people, the daily fact and backtests over it."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0016"
down_revision = "0015"
branch_labels = depends_on = None

OF_RULE = "FOREIGN KEY (tenant_id, rule_id) REFERENCES app.rule (tenant_id, id)"
# A second person's word on one wording; it is never taken back, only outlived by the next wording.
CONSENT = f"""
  rule_id uuid NOT NULL, version integer NOT NULL, given_by text NOT NULL, given_at timestamptz NOT NULL,
  reason text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, rule_id, version, given_by), {OF_RULE}
"""
TEST = f"""
  rule_id uuid NOT NULL, name text NOT NULL, given jsonb NOT NULL, at timestamptz NOT NULL, expect jsonb NOT NULL,
  made_by text NOT NULL, made_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, rule_id, name), {OF_RULE}
"""
STANDARD = """
  key text NOT NULL, pack text NOT NULL, document jsonb NOT NULL, sha256 text NOT NULL, locked boolean NOT NULL,
  given_by text NOT NULL, given_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, key)
"""
# Which rules act on a customer on a day; the lowest rank has the first word.
CLAIM = f"""
  debtor_id uuid NOT NULL, claimed_on date NOT NULL, rule_id uuid NOT NULL, rank integer NOT NULL,
  PRIMARY KEY (tenant_id, debtor_id, claimed_on, rule_id), {OF_RULE},
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# What a rule would have acted on and left alone, to compare; the first time only.
SPARED = f"""
  rule_id uuid NOT NULL, subject_id uuid NOT NULL, run_id uuid NOT NULL, spared_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, rule_id, subject_id), {OF_RULE}
"""
APPROVAL = f"""
  id uuid NOT NULL, rule_id uuid NOT NULL, version integer NOT NULL, episode integer NOT NULL, place text NOT NULL,
  subject_id uuid NOT NULL, debtor_id uuid, invoice_id uuid, title text NOT NULL, reason text NOT NULL,
  role text NOT NULL, state text NOT NULL CHECK (state IN ('waiting', 'granted', 'refused', 'lapsed', 'moot')),
  answer_by_on date NOT NULL, asked_at timestamptz NOT NULL, decided_by text NOT NULL DEFAULT '',
  decided_at timestamptz, words text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, rule_id, subject_id, episode, place), {OF_RULE}
"""
TAG = """
  subject_id uuid NOT NULL, key text NOT NULL, actor text NOT NULL, tagged_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, subject_id, key)
"""
STAGE = """
  subject_id uuid NOT NULL, stage text NOT NULL, rank smallint NOT NULL, actor text NOT NULL,
  entered_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, subject_id)
"""
TAKER = """
  subject_id uuid NOT NULL, person_id uuid NOT NULL, person_name text NOT NULL, role text NOT NULL,
  actor text NOT NULL, since_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, subject_id)
"""
MEMBER = """
  pool text NOT NULL, person_id uuid NOT NULL, person_name text NOT NULL, away_from_on date, away_until_on date,
  PRIMARY KEY (tenant_id, pool, person_id)
"""
ENDPOINT = """
  key text NOT NULL, url text NOT NULL, secret_sealed bytea NOT NULL,
  state text NOT NULL CHECK (state IN ('on', 'off')), made_by text NOT NULL, made_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, key)
"""
CALL = """
  id uuid NOT NULL, endpoint text NOT NULL, call_key text NOT NULL, body text NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed', 'off')), attempts smallint NOT NULL DEFAULT 0,
  status smallint, detail text NOT NULL DEFAULT '', made_at timestamptz NOT NULL, ended_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, call_key)
"""
LINE = """
  id uuid NOT NULL, line_key text NOT NULL, role text NOT NULL, title text NOT NULL, text text NOT NULL,
  for_on date NOT NULL, made_at timestamptz NOT NULL, told_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, line_key)
"""
NOTICE = """
  id uuid NOT NULL, notice_key text NOT NULL, email text NOT NULL, name text NOT NULL, subject text NOT NULL,
  words text NOT NULL, state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
  detail text NOT NULL DEFAULT '', queued_at timestamptz NOT NULL, ended_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, notice_key)
"""
# One row from a day until the day before the next row of the same invoice; only what changed makes a row.
DAILY = """
  invoice_id uuid NOT NULL, day_on date NOT NULL, until_on date, open_minor bigint NOT NULL,
  status text NOT NULL CHECK (status IN ('open', 'settled', 'voided')), evidence_level smallint NOT NULL,
  owner_id uuid, holds text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, invoice_id, day_on),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
KEPT = "days_on date NOT NULL, PRIMARY KEY (tenant_id, days_on)"
BACKTEST = """
  id uuid NOT NULL, rule_id uuid, document jsonb NOT NULL, sentence text NOT NULL, from_on date NOT NULL,
  to_on date NOT NULL, next_on date NOT NULL,
  state text NOT NULL CHECK (state IN ('waiting', 'running', 'done', 'failed')), days integer NOT NULL,
  days_done integer NOT NULL DEFAULT 0, seconds real NOT NULL DEFAULT 0, result jsonb NOT NULL DEFAULT '{}',
  fault text NOT NULL DEFAULT '', asked_by text NOT NULL, asked_at timestamptz NOT NULL, done_at timestamptz,
  PRIMARY KEY (tenant_id, id)
"""
BACKTEST_FIRING = """
  backtest_id uuid NOT NULL, subject_id uuid NOT NULL, fired_on date NOT NULL, debtor_id uuid,
  PRIMARY KEY (tenant_id, backtest_id, subject_id, fired_on),
  FOREIGN KEY (tenant_id, backtest_id) REFERENCES app.backtest (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("rule_consent", CONSENT, rights=APPEND_ONLY)
    tenant_table("rule_test", TEST)
    tenant_table("rule_standard", STANDARD)
    tenant_table("rule_claim", CLAIM, through="rule")
    tenant_table("rule_spared", SPARED, rights=APPEND_ONLY, through="rule")
    tenant_table("action_approval", APPROVAL)
    index("action_approval", "waiting", "answer_by_on, id", "state = 'waiting'")
    tenant_table("subject_tag", TAG)
    tenant_table("subject_stage", STAGE)
    tenant_table("subject_taker", TAKER)
    tenant_table("pool_member", MEMBER)
    tenant_table("webhook_endpoint", ENDPOINT)
    tenant_table("webhook_call", CALL)
    tenant_table("digest_line", LINE)
    index("digest_line", "untold", "for_on, role", "told_at IS NULL")
    tenant_table("staff_notice", NOTICE)
    tenant_table("invoice_daily", DAILY)
    index("invoice_daily", "open_end", "invoice_id", "until_on IS NULL")
    tenant_table("invoice_daily_kept", KEPT)
    tenant_table("backtest", BACKTEST)
    tenant_table("backtest_firing", BACKTEST_FIRING)
