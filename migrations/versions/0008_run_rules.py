"""Run rules: the rules of each tenant, their immutable versions, runs, the state per subject and the ledger of
firings."""

from alembic import op

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0008"
down_revision = "0007"
branch_labels = depends_on = None

RULE = """
  id uuid NOT NULL, key text NOT NULL, state text NOT NULL CHECK (state IN ('draft', 'shadow', 'live', 'paused',
  'broken', 'retired')), version integer NOT NULL,
  fault text NOT NULL DEFAULT '', owner text NOT NULL DEFAULT '', shadow_until_on date,
  spread_cap integer, spread_until_on date, backlog boolean NOT NULL DEFAULT false,
  frozen_count integer, released_count integer, made_by text NOT NULL, made_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, key)
"""
VERSION = """
  rule_id uuid NOT NULL, version integer NOT NULL, document jsonb NOT NULL, sha256 text NOT NULL,
  sentence text NOT NULL, made_by text NOT NULL,
  made_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, rule_id, version), FOREIGN KEY (tenant_id,
  rule_id) REFERENCES app.rule (tenant_id, id)
"""
RUN = """
  id uuid NOT NULL, rule_id uuid NOT NULL, version integer NOT NULL, mode text NOT NULL CHECK (mode IN ('live',
  'dry', 'shadow')), occurrence text NOT NULL,
  as_of_at timestamptz NOT NULL, bounds jsonb NOT NULL DEFAULT '{}', matched integer NOT NULL DEFAULT 0,
  acted integer NOT NULL DEFAULT 0,
  held jsonb NOT NULL DEFAULT '{}', seconds real NOT NULL DEFAULT 0, fault text NOT NULL DEFAULT '',
  started_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, rule_id, mode, occurrence), FOREIGN KEY (tenant_id,
  rule_id) REFERENCES app.rule (tenant_id, id)
"""
STATE = """
  rule_id uuid NOT NULL, subject_id uuid NOT NULL, matched_since timestamptz, last_fired_at timestamptz,
  fire_count integer NOT NULL DEFAULT 0, backlog boolean NOT NULL DEFAULT false,
  PRIMARY KEY (tenant_id, rule_id, subject_id), FOREIGN KEY (tenant_id, rule_id) REFERENCES app.rule (tenant_id, id)
"""
# Its key says what may exist once: one firing per subject and episode. It has no id of its own, because one
# INSERT … SELECT makes many rows.
FIRING = """
  rule_id uuid NOT NULL, subject_id uuid NOT NULL, episode integer NOT NULL, run_id uuid NOT NULL,
  version integer NOT NULL,
  explanation jsonb NOT NULL DEFAULT '{}', fired_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, rule_id, subject_id, episode),
  FOREIGN KEY (tenant_id, rule_id) REFERENCES app.rule (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("rule", RULE)
    tenant_table("rule_version", VERSION, rights=APPEND_ONLY)
    tenant_table("rule_run", RUN)
    index("rule_run", "rule", "rule_id, started_at")
    tenant_table("rule_state", STATE, through="rule")
    tenant_table("rule_firing", FIRING, rights=APPEND_ONLY, through="rule")
    index("rule_firing", "subject", "subject_id, fired_at")
    index("rule_firing", "run", "run_id")
    op.execute("GRANT SELECT ON app.alembic_version TO gt_app, gt_worker, gt_dispatch, gt_auth, gt_backup")
