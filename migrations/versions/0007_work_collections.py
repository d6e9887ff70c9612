"""Work collections: tasks, alerts and the holds (dispute, promise, plan, pause) that steer the automation."""

from alembic import op

from migrations.tables import index, tenant_table

revision = "0007"
down_revision = "0006"
branch_labels = depends_on = None

# `ends_when`: what closes a row without a person. A settled invoice always does, unless only a person may ("done").
TASK = """
  id uuid NOT NULL, dedupe_key text NOT NULL, kind text NOT NULL, title text NOT NULL, reason text NOT NULL,
  rule_key text NOT NULL DEFAULT '',
  debtor_id uuid, invoice_id uuid, assignee_id uuid, state text NOT NULL DEFAULT 'open' CHECK (state IN ('open',
  'snoozed', 'done', 'dropped')),
  answer_now boolean NOT NULL DEFAULT false,
  chance smallint NOT NULL DEFAULT 50, urgency smallint NOT NULL DEFAULT 100, rank bigint NOT NULL DEFAULT 0,
  ends_when text NOT NULL DEFAULT 'settled' CHECK (ends_when IN ('settled', 'seen', 'done')),
  amount_minor bigint NOT NULL DEFAULT 0, currency text NOT NULL DEFAULT '', due_on date, wakes_on date,
  opened_at timestamptz NOT NULL, closed_at timestamptz, closed_by text NOT NULL DEFAULT '',
  outcome text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
ALERT = """
  id uuid NOT NULL, dedupe_key text NOT NULL, title text NOT NULL, reason text NOT NULL,
  cause text NOT NULL DEFAULT '', severity text NOT NULL DEFAULT 'normal'
    CHECK (severity IN ('low', 'normal', 'high')), audience text NOT NULL DEFAULT 'specialist',
  rule_key text NOT NULL DEFAULT '', debtor_id uuid, invoice_id uuid,
  ends_when text NOT NULL DEFAULT 'settled' CHECK (ends_when IN ('settled', 'seen', 'done')),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'acknowledged', 'resolved')),
  opened_at timestamptz NOT NULL, acknowledged_at timestamptz,
  acknowledged_by text NOT NULL DEFAULT '', resolved_at timestamptz, resolution text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
HOLD = """
  id uuid NOT NULL, kind text NOT NULL CHECK (kind IN ('dispute', 'promise', 'plan', 'pause')),
  sign text NOT NULL DEFAULT ''
    CHECK (sign IN ('', 'hardship', 'insolvency', 'cease') AND (sign = '' OR kind = 'pause')),
  debtor_id uuid NOT NULL, invoice_id uuid,
  starts_on date NOT NULL, ends_on date, amount_minor bigint, currency text NOT NULL DEFAULT '',
  reason text NOT NULL DEFAULT '', actor text NOT NULL,
  opened_at timestamptz NOT NULL, ended_at timestamptz, ended_by text NOT NULL DEFAULT '',
  outcome text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
ONE_OPEN = """
CREATE UNIQUE INDEX uq_task_open ON app.task (tenant_id, dedupe_key) WHERE state IN ('open', 'snoozed');
CREATE UNIQUE INDEX uq_alert_open ON app.alert (tenant_id, dedupe_key) WHERE state <> 'resolved';
"""


def upgrade() -> None:
    tenant_table("task", TASK)
    index("task", "worklist", "state, answer_now, rank, id", "state IN ('open', 'snoozed')")
    index("task", "invoice", "invoice_id")
    index("task", "closed", "closed_at", "closed_at IS NOT NULL")
    tenant_table("alert", ALERT)
    index("alert", "state", "state, opened_at, id")
    index("alert", "invoice", "invoice_id")
    tenant_table("hold", HOLD)
    index("hold", "invoice", "invoice_id", "ended_at IS NULL")
    index("hold", "debtor", "debtor_id", "ended_at IS NULL")
    op.execute(ONE_OPEN)
