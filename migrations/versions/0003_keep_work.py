"""Keep work: the durable queue, the lanes of each tenant, the inbox of outside events, and the history."""

from alembic import op

from migrations.tables import APPEND_ONLY, FULL, index, tenant_table

revision = "0003"
down_revision = "0002"
branch_labels = depends_on = None

WORK_ITEM = """
  id uuid NOT NULL, lane text NOT NULL, kind text NOT NULL, dedupe_key text NOT NULL, payload jsonb NOT NULL,
  state text NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'leased', 'done', 'dead', 'held')),
  run_at timestamptz NOT NULL, attempts smallint NOT NULL DEFAULT 0, max_attempts smallint NOT NULL DEFAULT 8,
  lease_until timestamptz, lease_token uuid, begun_at timestamptz, last_error text, error_class text,
  recorded_at timestamptz NOT NULL, finished_at timestamptz,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, kind, dedupe_key)
"""
# Not spread over the nodes of a cluster: one dispatcher transaction locks rows of many tenants here, and nobody
# else writes.
LANE = """
CREATE TABLE app.tenant_lane (tenant_id uuid NOT NULL REFERENCES app.tenant (id),
  lane text NOT NULL, vtime double precision NOT NULL DEFAULT 0, waiting integer NOT NULL DEFAULT 0,
  in_flight integer NOT NULL DEFAULT 0, cap integer NOT NULL DEFAULT 1000, weight real NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, lane));
SELECT gt.wall('app.tenant_lane');
GRANT SELECT ON app.tenant_lane TO gt_app, gt_worker, gt_backup;
"""
INBOX = """
  id uuid NOT NULL, source text NOT NULL, external_id text NOT NULL, kind text NOT NULL, message_id uuid,
  occurred_at timestamptz NOT NULL, received_at timestamptz NOT NULL, payload jsonb NOT NULL,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, source, external_id)
"""
HISTORY = """
  id uuid NOT NULL, seq bigint NOT NULL, at timestamptz NOT NULL, actor text NOT NULL,
  actor_name text NOT NULL DEFAULT '', act text NOT NULL, object_kind text NOT NULL, object_id uuid,
  was jsonb, became jsonb,
  reason text NOT NULL DEFAULT '',
  request_id text NOT NULL DEFAULT '', hash bytea NOT NULL, signature bytea, PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, seq)
"""
# Where each client's chain of lines ends; locked while a line is hung behind it.
HISTORY_HEAD = """
  seq bigint NOT NULL, hash bytea NOT NULL, signature bytea NOT NULL, PRIMARY KEY (tenant_id)
"""
DISPATCH = """
CREATE POLICY dispatched ON app.{table} FOR ALL TO gt_dispatch USING (true) WITH CHECK (true);
GRANT {rights} ON app.{table} TO gt_dispatch;
"""
# The timetable must know when a client's day begins, by the client's own clock, and nothing else of the profile.
CLOCK = """
CREATE POLICY clocked ON app.client_profile FOR SELECT TO gt_dispatch USING (true);
GRANT SELECT (tenant_id, clock_shift_s) ON app.client_profile TO gt_dispatch;
"""

# The provider sees that work stopped, at whom and by what kind of fault; neither what it was about nor what was said.
STOPPED = """
CREATE POLICY stopped ON app.work_item FOR SELECT TO gt_auth USING (state = 'dead');
GRANT SELECT (tenant_id, lane, kind, state, error_class, finished_at) ON app.work_item TO gt_auth;
"""


def upgrade() -> None:
    tenant_table("work_item", WORK_ITEM)
    index("work_item", "ready", "lane, run_at, id", "state = 'ready'")
    index("work_item", "leased", "lane, lease_until", "state = 'leased'")
    index("work_item", "dead", "finished_at", "state = 'dead'")
    index("work_item", "done", "finished_at", "state = 'done'")
    op.execute(LANE)
    for table in ("work_item", "tenant_lane"):
        op.execute(DISPATCH.format(table=table, rights=FULL))
    op.execute(CLOCK)
    op.execute(STOPPED)
    tenant_table("inbox_event", INBOX, rights=APPEND_ONLY)
    op.execute("GRANT UPDATE (payload) ON app.inbox_event TO gt_app, gt_worker")  # to forget who a reader was
    index("inbox_event", "message", "message_id, occurred_at")
    index("inbox_event", "mail", "occurred_at, id", "source = 'mail'")
    tenant_table("history", HISTORY, rights=APPEND_ONLY)
    index("history", "object", "object_kind, object_id, at")
    index("history", "at", "at")
    tenant_table("history_head", HISTORY_HEAD)
