"""Grant tokens: API clients, codes, refresh families and signing keys of the authorization server."""

from alembic import op

from migrations.tables import tenant_table

revision = "0009"
down_revision = "0008"
branch_labels = depends_on = None

API_CLIENT = """
  id uuid NOT NULL, name text NOT NULL, kind text NOT NULL CHECK (kind IN ('machine', 'app')),
  auth_method text NOT NULL CHECK (auth_method IN ('private_key_jwt', 'client_secret_basic', 'none')),
  secret_hash bytea, older_secret_hash bytea, older_secret_until timestamptz,
  jwks jsonb NOT NULL DEFAULT '{"keys": []}', scopes text[] NOT NULL,
  redirect_uris text[] NOT NULL DEFAULT '{}', logout_uris text[] NOT NULL DEFAULT '{}',
  needs_proof boolean NOT NULL DEFAULT true, waiver text NOT NULL DEFAULT '',
  needs_pushing boolean NOT NULL DEFAULT true,
  made_at timestamptz NOT NULL, made_by text NOT NULL, revoked_at timestamptz, revoked_by text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id),
  CHECK ((auth_method = 'client_secret_basic') = (secret_hash IS NOT NULL)), CHECK (needs_proof OR waiver <> '')
"""
# The token endpoint meets a client before it knows whose books are meant; the id that it sends names both.
KNOWN = """
CREATE POLICY known ON app.api_client FOR SELECT TO gt_auth USING (true);
GRANT SELECT ON app.api_client TO gt_auth;
"""
TABLES = """
CREATE TABLE identity.signing_key (
  kid text PRIMARY KEY, state text NOT NULL CHECK (state IN ('next', 'active', 'retiring')), public_jwk jsonb NOT NULL,
  sealed_private bytea NOT NULL, made_at timestamptz NOT NULL, active_at timestamptz, retiring_at timestamptz);
CREATE UNIQUE INDEX uq_signing_key_state ON identity.signing_key (state) WHERE state <> 'retiring';
CREATE TABLE identity.oauth_grant (
  id uuid PRIMARY KEY, tenant_id uuid NOT NULL, client_id uuid NOT NULL, person_id uuid REFERENCES identity.person (id),
  session_hash bytea, scopes text[] NOT NULL, jkt text, made_at timestamptz NOT NULL, authenticated_at timestamptz,
  expires_at timestamptz NOT NULL, revoked_at timestamptz, revoked_for text NOT NULL DEFAULT '');
CREATE INDEX ix_oauth_grant_client ON identity.oauth_grant (tenant_id, client_id) WHERE revoked_at IS NULL;
CREATE INDEX ix_oauth_grant_person ON identity.oauth_grant (person_id) WHERE revoked_at IS NULL;
CREATE INDEX ix_oauth_grant_expires ON identity.oauth_grant (expires_at);
CREATE TABLE identity.oauth_code (
  code_hash bytea PRIMARY KEY, grant_id uuid NOT NULL REFERENCES identity.oauth_grant (id),
  redirect_uri text NOT NULL, challenge text NOT NULL, challenge_method text NOT NULL CHECK (challenge_method = 'S256'),
  jkt text, nonce text, expires_at timestamptz NOT NULL, used_at timestamptz);
CREATE INDEX ix_oauth_code_grant ON identity.oauth_code (grant_id);
CREATE TABLE identity.pushed_request (
  uri_hash bytea PRIMARY KEY, tenant_id uuid NOT NULL, client_id uuid NOT NULL, parameters jsonb NOT NULL, jkt text,
  expires_at timestamptz NOT NULL, browser_hash bytea, opened_at timestamptz, used_at timestamptz);
CREATE INDEX ix_pushed_request_expires ON identity.pushed_request (expires_at);
CREATE TABLE identity.refresh_token (
  id uuid PRIMARY KEY, grant_id uuid NOT NULL REFERENCES identity.oauth_grant (id), token_hash bytea NOT NULL UNIQUE,
  parent_id uuid, state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'rotated')), rotated_at timestamptz,
  made_at timestamptz NOT NULL, idle_expires_at timestamptz NOT NULL);
CREATE INDEX ix_refresh_token_grant ON identity.refresh_token (grant_id);
CREATE TABLE identity.seen_once (key_hash bytea PRIMARY KEY, forget_at timestamptz NOT NULL);
CREATE INDEX ix_seen_once_forget ON identity.seen_once (forget_at);
"""
NEW = "signing_key, oauth_grant, oauth_code, pushed_request, refresh_token, seen_once"
RIGHTS = "; ".join(
    f"GRANT {rights} ON identity.{table} TO {role}"
    for table in NEW.split(", ")
    for rights, role in (("SELECT, INSERT, UPDATE, DELETE", "gt_auth"), ("SELECT", "gt_backup"))
)


def upgrade() -> None:
    tenant_table("api_client", API_CLIENT)
    op.execute(KNOWN)
    op.execute(TABLES)
    op.execute(RIGHTS)
