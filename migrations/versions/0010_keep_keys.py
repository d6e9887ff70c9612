"""Keep keys: idempotency keys beside their effects, and the log of API requests."""

from alembic import op

from migrations.tables import index, tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = depends_on = None

REQUEST_KEY = """
  caller text NOT NULL, route text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL,
  made_at timestamptz NOT NULL, status smallint, answer text,
  PRIMARY KEY (tenant_id, caller, route, key)
"""
OF_PROVIDER = """
CREATE TABLE identity.request_key (
  caller text NOT NULL, route text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL,
  made_at timestamptz NOT NULL, status smallint, answer text, PRIMARY KEY (caller, route, key));
CREATE INDEX ix_provider_key_made ON identity.request_key (made_at);
GRANT SELECT, INSERT, UPDATE, DELETE ON identity.request_key TO gt_auth;
GRANT SELECT ON identity.request_key TO gt_backup;
"""
API_CALL = """
  id uuid NOT NULL, at timestamptz NOT NULL, caller text NOT NULL, method text NOT NULL, route text NOT NULL,
  path text NOT NULL, status smallint NOT NULL, code text NOT NULL DEFAULT '', ms integer NOT NULL,
  request_id text NOT NULL, PRIMARY KEY (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("request_key", REQUEST_KEY)
    index("request_key", "made", "made_at")
    op.execute(OF_PROVIDER)
    tenant_table("api_call", API_CALL)
    index("api_call", "at", "at, id")
