"""Save views: figures as they were counted, who owed most, views that people keep, and what each client is told."""

from migrations.tables import index, tenant_table

revision = "0014"
down_revision = "0013"
branch_labels = depends_on = None

# A value is kept as the exact fraction that it is. `kept_at` is what was known: the rows behind it are read as of then.
KEPT_FIGURE = """
  day date NOT NULL, currency text NOT NULL, name text NOT NULL, period_days smallint NOT NULL,
  over numeric, under numeric, numerator numeric, denominator numeric, reason text NOT NULL DEFAULT '',
  kept_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, day, currency, name, period_days)
"""
KEPT_OWING = """
  currency text NOT NULL, debtor_id uuid NOT NULL, overdue_minor bigint NOT NULL, open_minor bigint NOT NULL,
  item_count integer NOT NULL, oldest_due_on date NOT NULL, day date NOT NULL, kept_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, currency, debtor_id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
SAVED_VIEW = """
  id uuid NOT NULL, person_id uuid NOT NULL, name text NOT NULL, page text NOT NULL, asked jsonb NOT NULL,
  shared boolean NOT NULL DEFAULT false, saved_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, person_id, name)
"""
REPORTING = """
  edges integer[] NOT NULL DEFAULT '{30,60,90,120}', digest boolean NOT NULL DEFAULT true, PRIMARY KEY (tenant_id)
"""
QUIET = """
  person_id uuid NOT NULL, since_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, person_id)
"""


def upgrade() -> None:
    tenant_table("kept_figure", KEPT_FIGURE)
    tenant_table("kept_owing", KEPT_OWING)
    tenant_table("saved_view", SAVED_VIEW)
    index("saved_view", "shared", "name", "shared")
    tenant_table("reporting", REPORTING)
    tenant_table("digest_quiet", QUIET)
