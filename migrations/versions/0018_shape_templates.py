"""Shape templates: message templates, ladders, contact policies."""

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0018"
down_revision = "0017"
branch_labels = depends_on = None

# What a client says in its own words. A version is never edited; which one speaks is a row of its own.
WORDING = """
  template text NOT NULL, language text NOT NULL, group_key text NOT NULL DEFAULT '', version integer NOT NULL,
  source text NOT NULL, worded_by text NOT NULL, worded_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, template, language, group_key, version)
"""
SPOKEN = """
  template text NOT NULL, language text NOT NULL, group_key text NOT NULL DEFAULT '', version integer NOT NULL,
  published_by text NOT NULL, published_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, template, language, group_key),
  FOREIGN KEY (tenant_id, template, language, group_key, version)
    REFERENCES app.wording (tenant_id, template, language, group_key, version)
"""
LADDER = """
  key text NOT NULL, version integer NOT NULL, document jsonb NOT NULL, state text NOT NULL
    CHECK (state IN ('draft', 'live', 'retired')), worded_by text NOT NULL, worded_at timestamptz NOT NULL,
  published_by text NOT NULL DEFAULT '', published_at timestamptz,
  PRIMARY KEY (tenant_id, key, version)
"""
POLICY = """
  version integer NOT NULL, document jsonb NOT NULL, worded_by text NOT NULL, worded_at timestamptz NOT NULL,
  reason text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, version)
"""


def upgrade() -> None:
    tenant_table("wording", WORDING, rights=APPEND_ONLY)
    tenant_table("spoken_wording", SPOKEN)
    tenant_table("ladder", LADDER)
    index("ladder", "state", "state, key")
    tenant_table("contact_policy", POLICY, rights=APPEND_ONLY)
