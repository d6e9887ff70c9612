"""Found the directory: tenants, their profiles, the people of both sides, who may act where, and who is signed in."""

from alembic import op

from migrations.tables import tenant_table

revision = "0002"
down_revision = "0001"
branch_labels = depends_on = None

TENANT = """
CREATE TABLE app.tenant (
  id uuid PRIMARY KEY, slug text NOT NULL UNIQUE, legal_name text NOT NULL, base_currency text NOT NULL,
  time_zone text NOT NULL, country text NOT NULL, language text NOT NULL DEFAULT 'en',
  state text NOT NULL DEFAULT 'live' CHECK (state IN ('setup', 'live', 'closed')), created_at timestamptz NOT NULL,
  closed_at timestamptz, shut_at timestamptz);
CREATE INDEX ix_tenant_closed ON app.tenant (id) WHERE state = 'closed';
"""
TENANT_RULES = """
SELECT gt.wall('app.tenant', NULL, 'id');
DROP POLICY seen ON app.tenant;
CREATE POLICY seen ON app.tenant FOR SELECT USING (id = ANY (gt.read_set()));
CREATE POLICY listed ON app.tenant FOR SELECT TO gt_dispatch, gt_auth USING (true);
GRANT SELECT, INSERT, UPDATE ON app.tenant TO gt_app, gt_worker;
GRANT SELECT ON app.tenant TO gt_dispatch, gt_auth, gt_backup;
"""

IDENTITY = """
CREATE SCHEMA identity;
CREATE TABLE identity.person (
  id uuid PRIMARY KEY, email text NOT NULL UNIQUE CHECK (email = lower(email)), name text NOT NULL,
  side text NOT NULL CHECK (side IN ('provider', 'client')), language text NOT NULL DEFAULT 'en',
  created_at timestamptz NOT NULL, disabled_at timestamptz);
CREATE TABLE identity.provider_role (
  person_id uuid NOT NULL REFERENCES identity.person (id), role text NOT NULL, PRIMARY KEY (person_id, role));
CREATE TABLE identity.credential (
  person_id uuid PRIMARY KEY REFERENCES identity.person (id), password_hash text NOT NULL, changed_at
  timestamptz NOT NULL);
CREATE TABLE identity.browser_session (
  id_hash bytea PRIMARY KEY, person_id uuid NOT NULL REFERENCES identity.person (id), csrf_token text NOT NULL,
  created_at timestamptz NOT NULL, seen_at timestamptz NOT NULL, expires_at timestamptz NOT NULL,
  ended_at timestamptz, agent text NOT NULL DEFAULT '', network text NOT NULL DEFAULT '',
  method text NOT NULL DEFAULT 'password', proved_at timestamptz NOT NULL, idle_s integer NOT NULL,
  is_kept boolean NOT NULL DEFAULT false, within_tenant uuid);
CREATE INDEX ix_browser_session_person ON identity.browser_session (person_id) WHERE ended_at IS NULL;
CREATE INDEX ix_browser_session_expires ON identity.browser_session (expires_at);
CREATE TABLE identity.sign_in_try (key_hash bytea PRIMARY KEY, failures integer NOT NULL, since_at timestamptz
NOT NULL);
GRANT USAGE ON SCHEMA identity TO gt_auth, gt_backup;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA identity TO gt_auth;
GRANT SELECT ON ALL TABLES IN SCHEMA identity TO gt_backup;
"""

PROFILE = """
  address text NOT NULL DEFAULT '', tax_number text NOT NULL DEFAULT '', iban_sealed bytea,
  bic_sealed bytea, bank_name text NOT NULL DEFAULT '', terms text NOT NULL DEFAULT '',
  contact_name text NOT NULL DEFAULT '', contact_phone text NOT NULL DEFAULT '', contact_email text NOT NULL
  DEFAULT '',
  accent text NOT NULL DEFAULT '#1f4e5f', logo_key text,
  pixel text NOT NULL DEFAULT 'off' CHECK (pixel IN ('off', 'consented', 'on', 'aggregate')),
  sending text NOT NULL DEFAULT 'on' CHECK (sending IN ('on', 'paused')),
  auto_messages_per_week smallint NOT NULL DEFAULT 2, business_days_between_messages smallint NOT NULL DEFAULT 3,
  quiet_until time NOT NULL DEFAULT '09:00', quiet_from time NOT NULL DEFAULT '17:30',
  bank_feed_at timestamptz, bank_feed_hours integer NOT NULL DEFAULT 96,
  clock_shift_s bigint NOT NULL DEFAULT 0, shared_secrets boolean NOT NULL DEFAULT false,
  test_since_at timestamptz,
  PRIMARY KEY (tenant_id)
"""
MEMBERSHIP = """
  id uuid NOT NULL, person_id uuid NOT NULL, person_name text NOT NULL, person_email text NOT NULL, role text
  NOT NULL,
  starts_at timestamptz NOT NULL, ends_at timestamptz, granted_by text NOT NULL DEFAULT '', reason text NOT
  NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, person_id, role, starts_at)
"""
# A debtor's portal page names its creditor and says how to pay, so the profile is not narrowed by debtor.
PROFILE_RULES = """
DROP POLICY seen ON app.client_profile;
CREATE POLICY seen ON app.client_profile FOR SELECT USING (tenant_id = ANY (gt.read_set()));
"""
MEMBERSHIP_RULES = """
CREATE INDEX ix_membership_person ON app.membership (person_id);
CREATE POLICY known ON app.membership FOR SELECT TO gt_auth USING (true);
GRANT SELECT ON app.membership TO gt_auth;
"""


def upgrade() -> None:
    op.execute(TENANT)
    op.execute("SELECT gt.share('app.tenant')")
    op.execute(TENANT_RULES)
    op.execute(IDENTITY)
    tenant_table("client_profile", PROFILE, anchor=True)
    op.execute(PROFILE_RULES)
    tenant_table("membership", MEMBERSHIP)
    op.execute(MEMBERSHIP_RULES)
