"""Route mail: where tracking images may stand."""

from migrations.tables import tenant_table

revision = "0015"
down_revision = "0014"
branch_labels = depends_on = None

# What a client decided for the customers of one country, and on what basis in law.
TRACKING_RULE = """
  country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
  pixel text NOT NULL CHECK (pixel IN ('off', 'consented', 'on', 'aggregate')),
  basis text NOT NULL, decided_by text NOT NULL, decided_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, country)
"""


def upgrade() -> None:
    tenant_table("tracking_rule", TRACKING_RULE)
