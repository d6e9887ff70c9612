"""Prove people: second factors, single sign-on, provisioning, access grants, the data keys of clients."""

from alembic import op

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0011"
down_revision = "0010"
branch_labels = depends_on = None

FACTORS = """
CREATE TABLE identity.totp (
  person_id uuid PRIMARY KEY REFERENCES identity.person (id), sealed_secret bytea NOT NULL,
  made_at timestamptz NOT NULL,
  confirmed_at timestamptz, last_step bigint NOT NULL DEFAULT 0);
CREATE TABLE identity.recovery_code (
  person_id uuid NOT NULL REFERENCES identity.person (id), code_hash bytea NOT NULL, used_at timestamptz,
  PRIMARY KEY (person_id, code_hash));
CREATE TABLE identity.passkey (
  credential_id bytea PRIMARY KEY, person_id uuid NOT NULL REFERENCES identity.person (id), public_key bytea NOT NULL,
  sign_count bigint NOT NULL, name text NOT NULL, made_at timestamptz NOT NULL, used_at timestamptz);
CREATE INDEX ix_passkey_person ON identity.passkey (person_id);
CREATE TABLE identity.sign_in_step (
  token_hash bytea PRIMARY KEY, purpose text NOT NULL, person_id uuid REFERENCES identity.person (id),
  said jsonb NOT NULL, expires_at timestamptz NOT NULL, used_at timestamptz);
CREATE INDEX ix_sign_in_step_expires ON identity.sign_in_step (expires_at);
CREATE TABLE identity.outside_identity (
  connection_id uuid NOT NULL, iss text NOT NULL, sub text NOT NULL, tenant_id uuid NOT NULL,
  person_id uuid NOT NULL REFERENCES identity.person (id), made_at timestamptz NOT NULL,
  PRIMARY KEY (connection_id, iss, sub));
CREATE INDEX ix_outside_identity_person ON identity.outside_identity (person_id);
CREATE TABLE identity.letter (
  id uuid PRIMARY KEY, email text NOT NULL, purpose text NOT NULL, said jsonb NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'failed')),
  queued_at timestamptz NOT NULL, ended_at timestamptz, detail text NOT NULL DEFAULT '');
CREATE INDEX ix_letter_queued ON identity.letter (queued_at) WHERE state = 'queued';
CREATE TABLE identity.provider_act (
  id uuid PRIMARY KEY, at timestamptz NOT NULL, actor text NOT NULL, act text NOT NULL, object_kind text NOT NULL,
  object_id uuid NOT NULL, object_name text NOT NULL, became jsonb NOT NULL, reason text NOT NULL,
  request_id text NOT NULL);
GRANT SELECT, INSERT ON identity.provider_act TO gt_auth;
GRANT SELECT ON identity.provider_act TO gt_backup;
"""
NEW = ("totp", "recovery_code", "passkey", "sign_in_step", "outside_identity", "letter")
DATA_KEY = """
  id uuid NOT NULL, wrapped bytea NOT NULL, PRIMARY KEY (tenant_id, id)
"""
CONNECTION = """
  id uuid NOT NULL, name text NOT NULL, issuer text NOT NULL, client_id text NOT NULL, sealed_secret bytea NOT NULL,
  jit boolean NOT NULL DEFAULT false, default_role text NOT NULL DEFAULT 'client_viewer',
  state text NOT NULL DEFAULT 'draft' CHECK (state IN ('draft', 'live', 'off')), tested_at timestamptz,
  made_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, issuer)
"""
DOMAIN = """
  domain text NOT NULL CHECK (domain = lower(domain)), token text NOT NULL, made_at timestamptz NOT NULL,
  verified_at timestamptz, PRIMARY KEY (tenant_id, domain)
"""
SIGN_IN_RULE = """
  second_factor boolean NOT NULL DEFAULT false, company_only boolean NOT NULL DEFAULT false, chosen_by text NOT NULL,
  chosen_at timestamptz NOT NULL, PRIMARY KEY (tenant_id)
"""
SCIM_TOKEN = """
  id uuid NOT NULL, token_hash bytea NOT NULL, name text NOT NULL, made_at timestamptz NOT NULL, made_by text NOT NULL,
  used_at timestamptz, revoked_at timestamptz, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, token_hash)
"""
SCIM_USER = """
  id uuid NOT NULL, person_id uuid, user_name text NOT NULL, user_key text NOT NULL, external_id text,
  active boolean NOT NULL, said jsonb NOT NULL, version integer NOT NULL DEFAULT 1, made_at timestamptz NOT NULL,
  changed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, user_key)
"""
SCIM_GROUP = """
  id uuid NOT NULL, name text NOT NULL, name_key text NOT NULL, external_id text, role text,
  version integer NOT NULL DEFAULT 1, made_at timestamptz NOT NULL, changed_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, name_key)
"""
SCIM_MEMBER = """
  group_id uuid NOT NULL, user_id uuid NOT NULL, PRIMARY KEY (tenant_id, group_id, user_id),
  FOREIGN KEY (tenant_id, group_id) REFERENCES app.scim_group (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES app.scim_user (tenant_id, id)
"""
GRANT = """
  id uuid NOT NULL, person_id uuid NOT NULL, person_name text NOT NULL, person_email text NOT NULL,
  reason text NOT NULL, state text NOT NULL CHECK (state IN ('asked', 'approved', 'refused', 'ended')),
  asked_at timestamptz NOT NULL, decided_at timestamptz, decided_by uuid, decided_by_name text NOT NULL DEFAULT '',
  decision text NOT NULL DEFAULT '', ends_at timestamptz, PRIMARY KEY (tenant_id, id)
"""
VISIT = """
  id uuid NOT NULL, grant_id uuid NOT NULL, person_id uuid NOT NULL, at timestamptz NOT NULL, method text NOT NULL,
  route text NOT NULL, path text NOT NULL, request_id text NOT NULL, PRIMARY KEY (tenant_id, id),
  FOREIGN KEY (tenant_id, grant_id) REFERENCES app.access_grant (tenant_id, id)
"""
# The provider ends its work for a client; one asks, another agrees. Who may agree finds it beside the client's name.
CLOSING = """
  id uuid NOT NULL, state text NOT NULL CHECK (state IN ('asked', 'closed', 'refused', 'reopened')),
  reason text NOT NULL, readable_days smallint NOT NULL, asked_at timestamptz NOT NULL, asked_by uuid NOT NULL,
  asked_by_name text NOT NULL, decided_at timestamptz, decided_by_name text NOT NULL DEFAULT '',
  decision text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id)
"""
CLOSING_RULES = """
CREATE POLICY asked ON app.client_closing FOR SELECT TO gt_auth USING (state = 'asked');
GRANT SELECT (tenant_id, state, asked_at) ON app.client_closing TO gt_auth;
"""
# A debtor's portal page says how to pay, so it reads the client's bank details, which are sealed under these.
KEY_RULES = """
DROP POLICY seen ON app.data_key;
CREATE POLICY seen ON app.data_key FOR SELECT USING (tenant_id = ANY (gt.read_set()));
"""
# Sign-in meets these before it knows in whose books it is: an address or a token.
KNOWN = """
CREATE POLICY known ON app.{table} FOR SELECT TO gt_auth USING (true);
GRANT SELECT ON app.{table} TO gt_auth;
"""


def upgrade() -> None:
    op.execute(FACTORS)
    for table in NEW:
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON identity.{table} TO gt_auth")
        op.execute(f"GRANT SELECT ON identity.{table} TO gt_backup")
    tenant_table("data_key", DATA_KEY)
    op.execute(KEY_RULES)
    tenant_table("idp_connection", CONNECTION)
    tenant_table("email_domain", DOMAIN)
    tenant_table("sign_in_rule", SIGN_IN_RULE)
    tenant_table("scim_token", SCIM_TOKEN)
    tenant_table("scim_user", SCIM_USER)
    index("scim_user", "person", "person_id")
    tenant_table("scim_group", SCIM_GROUP)
    tenant_table("scim_member", SCIM_MEMBER)
    index("scim_member", "user", "user_id")
    tenant_table("access_grant", GRANT)
    index("access_grant", "asked", "asked_at")
    tenant_table("access_visit", VISIT, rights=APPEND_ONLY)
    index("access_visit", "grant", "grant_id, at")
    tenant_table("client_closing", CLOSING)
    op.execute(CLOSING_RULES)
    for table in ("idp_connection", "email_domain", "scim_token", "sign_in_rule"):
        op.execute(KNOWN.format(table=table))
