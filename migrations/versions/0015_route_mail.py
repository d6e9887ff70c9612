"""Route mail: where tracking images may stand, from which domains a client's mail leaves."""

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
# A domain from which a client's mail is to leave, and what the provider and the name service said of it last.
SENDING_DOMAIN = """
  id uuid NOT NULL, domain text NOT NULL, box text NOT NULL,
  state text NOT NULL CHECK (state IN ('asked', 'proved', 'failing')), told jsonb NOT NULL,
  fault text NOT NULL DEFAULT '', asked_at timestamptz NOT NULL, checked_at timestamptz, proved_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, domain)
"""


def upgrade() -> None:
    tenant_table("tracking_rule", TRACKING_RULE)
    tenant_table("sending_domain", SENDING_DOMAIN)
