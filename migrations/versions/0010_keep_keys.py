"""Keep keys: idempotency keys beside their effects, and the log of API requests."""

from migrations.tables import index, tenant_table

revision = "0010"
down_revision = "0009"
branch_labels = depends_on = None

REQUEST_KEY = """
  caller text NOT NULL, route text NOT NULL, key text NOT NULL, fingerprint bytea NOT NULL,
  made_at timestamptz NOT NULL, status smallint, answer text,
  PRIMARY KEY (tenant_id, caller, route, key)
"""
API_CALL = """
  id uuid NOT NULL, at timestamptz NOT NULL, caller text NOT NULL, method text NOT NULL, route text NOT NULL,
  path text NOT NULL, status smallint NOT NULL, code text NOT NULL DEFAULT '', ms integer NOT NULL,
  request_id text NOT NULL, PRIMARY KEY (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("request_key", REQUEST_KEY)
    index("request_key", "made", "made_at")
    tenant_table("api_call", API_CALL)
    index("api_call", "at", "at, id")
