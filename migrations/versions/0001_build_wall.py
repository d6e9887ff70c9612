"""Build the wall: the scope of a transaction and the policy template that every tenant table gets."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = depends_on = None

SCOPE = """
CREATE FUNCTION gt.read_set() RETURNS uuid[] LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT coalesce(nullif(current_setting('gt.read_tenants', true), '')::uuid[], '{}') $$;
CREATE FUNCTION gt.write_tenant() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT nullif(current_setting('gt.write_tenant', true), '')::uuid $$;
-- Written as "is not null" because the planner believes that nearly every row passes such a test; of a comparison it
-- believes that one in two hundred does, and then it joins a million rows one by one.
CREATE FUNCTION gt.shown_debtor(d uuid) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN coalesce(current_setting('gt.debtor', true), '') = '' THEN true
              WHEN d = nullif(current_setting('gt.debtor', true), '')::uuid THEN true END IS NOT NULL $$;
CREATE FUNCTION gt.enter(may_read uuid[], may_write uuid DEFAULT NULL, as_debtor uuid DEFAULT NULL)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF nullif(current_setting('gt.read_tenants', true), '') IS NOT NULL THEN
    RAISE EXCEPTION 'scope already entered in this transaction' USING ERRCODE = '25001';
  END IF;
  EXECUTE format('SET LOCAL gt.read_tenants = %L', may_read);
  EXECUTE format('SET LOCAL gt.write_tenant = %L', coalesce(may_write::text, ''));
  EXECUTE format('SET LOCAL gt.debtor = %L', coalesce(as_debtor::text, ''));
END $$;
"""

PLACE = """
CREATE FUNCTION gt.spread(t regclass, beside text DEFAULT 'none') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    EXECUTE format('SELECT create_distributed_table(%L, %L, colocate_with => %L)', t, 'tenant_id', beside);
  END IF;
END $$;
CREATE FUNCTION gt.share(t regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM pg_extension WHERE extname = 'citus') THEN
    EXECUTE format('SELECT create_reference_table(%L)', t);
  END IF;
END $$;
"""

WALL = """
CREATE FUNCTION gt.wall(t regclass, debtor_column name DEFAULT NULL, tenant_column name DEFAULT 'tenant_id')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  seen text := format('%I = ANY (gt.read_set())', tenant_column);
  own text := format('%I = gt.write_tenant()', tenant_column);
BEGIN
  seen := seen || CASE WHEN debtor_column IS NULL THEN ' AND gt.shown_debtor(NULL::uuid)'
                       ELSE format(' AND gt.shown_debtor(%I)', debtor_column) END;
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', t);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t);
  EXECUTE format('CREATE POLICY seen ON %s FOR SELECT USING (%s)', t, seen);
  EXECUTE format('CREATE POLICY added ON %s FOR INSERT WITH CHECK (%s)', t, own);
  EXECUTE format('CREATE POLICY changed ON %s FOR UPDATE USING (%s) WITH CHECK (%s)', t, own, own);
  EXECUTE format('CREATE POLICY removed ON %s FOR DELETE USING (%s)', t, own);
END $$;
"""

RIGHTS = """
GRANT USAGE ON SCHEMA gt, app TO gt_app, gt_worker, gt_dispatch, gt_auth, gt_backup;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA gt TO gt_app, gt_worker, gt_dispatch, gt_auth;
REVOKE EXECUTE ON FUNCTION gt.spread, gt.share, gt.wall FROM PUBLIC, gt_app, gt_worker, gt_dispatch, gt_auth;
"""


def upgrade() -> None:
    op.execute("CREATE SCHEMA gt")
    for part in (SCOPE, PLACE, WALL, RIGHTS):
        op.execute(part)
