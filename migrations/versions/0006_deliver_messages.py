"""Deliver messages: documents, messages to one recipient each, attempts with their intent, evidence,
suppression, portal links."""

from alembic import op

from migrations.tables import APPEND_ONLY, index, tenant_table

revision = "0006"
down_revision = "0005"
branch_labels = depends_on = None

DOCUMENT = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, invoice_id uuid, kind text NOT NULL, media_type text NOT NULL,
  sha256 text NOT NULL,
  bytes integer NOT NULL, store_key text NOT NULL, made_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, store_key),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id),
  FOREIGN KEY (tenant_id, invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
# step_key is what makes a second message for one step impossible: "invoice:<id>:<contact>",
# "rule:<key>:<episode>:<contact>".
MESSAGE = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, contact_id uuid NOT NULL, step_key text NOT NULL, kind text NOT NULL
    CHECK (kind IN ('invoice', 'reminder', 'note')), channel text NOT NULL DEFAULT 'email', recipient text NOT NULL,
    language text NOT NULL DEFAULT 'en',
  template text NOT NULL, rule_key text NOT NULL DEFAULT '', signed_by text NOT NULL DEFAULT '',
  subject text NOT NULL DEFAULT '',
  content_key text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'sending', 'sent', 'delayed', 'unconfirmed',
  'delivered', 'bounced', 'failed', 'held', 'cancelled')),
  held_reason text NOT NULL DEFAULT '', overridden_by text NOT NULL DEFAULT '',
  override_reason text NOT NULL DEFAULT '',
  evidence_level smallint NOT NULL DEFAULT 0, queued_at timestamptz NOT NULL,
  sent_at timestamptz,
  delivered_at timestamptz, bounced_at timestamptz, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, step_key),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id), FOREIGN KEY (tenant_id,
  contact_id) REFERENCES app.contact (tenant_id, id)
"""
MESSAGE_ITEM = """
  message_id uuid NOT NULL, invoice_id uuid NOT NULL, debtor_id uuid NOT NULL, PRIMARY KEY (tenant_id, message_id,
  invoice_id),
  FOREIGN KEY (tenant_id, message_id) REFERENCES app.message (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
ATTEMPT = """
  id uuid NOT NULL, message_id uuid NOT NULL, attempt_no smallint NOT NULL, state text NOT NULL
    CHECK (state IN ('intent', 'accepted', 'refused', 'retry', 'ambiguous', 'not_sent')),
    content_sha256 text NOT NULL DEFAULT '',
  provider text NOT NULL, provider_ref text NOT NULL DEFAULT '', detail text NOT NULL DEFAULT '',
  intent_at timestamptz NOT NULL, settled_at timestamptz, sender text NOT NULL DEFAULT '',
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, message_id, attempt_no), FOREIGN KEY (tenant_id,
  message_id) REFERENCES app.message (tenant_id, id)
"""
EVIDENCE = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, invoice_id uuid, message_id uuid, contact_id uuid,
  level smallint NOT NULL, kind text NOT NULL,
  verdict text NOT NULL DEFAULT '' CHECK (verdict IN ('', 'human', 'machine', 'unknown')),
  reasons text NOT NULL DEFAULT '', ruleset smallint NOT NULL DEFAULT 1,
  occurred_at timestamptz NOT NULL, recorded_at timestamptz NOT NULL, source text NOT NULL, source_key text NOT NULL,
  agent text NOT NULL DEFAULT '',
  ip_prefix text NOT NULL DEFAULT '', document_sha256 text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, source, source_key),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id),
  FOREIGN KEY (tenant_id, message_id) REFERENCES app.message (tenant_id, id)
"""
SUPPRESSION = """
  id uuid NOT NULL, address text NOT NULL, reason text NOT NULL CHECK (reason IN ('bounce', 'complaint', 'request')),
  detail text NOT NULL DEFAULT '',
  since_at timestamptz NOT NULL, lifted_at timestamptz, lifted_by text NOT NULL DEFAULT '', PRIMARY KEY (tenant_id,
  id)
"""
PORTAL_LINK = """
  id uuid NOT NULL, debtor_id uuid NOT NULL, contact_id uuid NOT NULL, invoice_id uuid, message_id uuid,
  made_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL, revoked_at timestamptz, PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id,
  message_id),
  FOREIGN KEY (tenant_id, contact_id) REFERENCES app.contact (tenant_id, id), FOREIGN KEY (tenant_id,
  invoice_id) REFERENCES app.invoice (tenant_id, id)
"""
# Every refusal of the conduct gate, with its reason; the same refusal of one step is one row that counts.
HELD_ACTION = """
  id uuid NOT NULL, step_key text NOT NULL, debtor_id uuid NOT NULL, invoice_id uuid,
  rule_key text NOT NULL DEFAULT '', reason text NOT NULL,
  detail text NOT NULL DEFAULT '', first_at timestamptz NOT NULL, last_at timestamptz NOT NULL,
  times integer NOT NULL DEFAULT 1,
  PRIMARY KEY (tenant_id, id), UNIQUE (tenant_id, step_key, reason), FOREIGN KEY (tenant_id,
  debtor_id) REFERENCES app.debtor (tenant_id, id)
"""
# What was judged is never taken away; but a better ruleset judges again, and what could name a reader is forgotten
# after a while. Nothing else of a sign can change.
REJUDGED = "GRANT UPDATE (level, verdict, reasons, ruleset, agent, ip_prefix) ON app.evidence TO gt_app, gt_worker"
ONE_LIVE = "CREATE UNIQUE INDEX uq_suppression_live ON app.suppression (tenant_id, address) WHERE lifted_at IS NULL"


def upgrade() -> None:
    tenant_table("document", DOCUMENT, debtor="debtor_id")
    index("document", "invoice", "invoice_id, made_at")
    tenant_table("message", MESSAGE, debtor="debtor_id")
    index("message", "debtor", "debtor_id, queued_at")
    index("message", "state", "state, queued_at", "state IN ('queued', 'sending', 'held')")
    index("message", "queued", "queued_at, id")
    tenant_table("message_item", MESSAGE_ITEM, debtor="debtor_id", through="message")
    index("message_item", "invoice", "invoice_id, message_id")
    tenant_table("delivery_attempt", ATTEMPT)
    index("delivery_attempt", "unsettled", "intent_at", "state IN ('intent', 'ambiguous')")
    tenant_table("evidence", EVIDENCE, debtor="debtor_id", rights=APPEND_ONLY)
    op.execute(REJUDGED)
    index("evidence", "invoice", "invoice_id, occurred_at")
    index("evidence", "message", "message_id, occurred_at")
    index("evidence", "traces", "recorded_at, id", "agent <> '' OR ip_prefix <> ''")
    tenant_table("suppression", SUPPRESSION)
    op.execute(ONE_LIVE)
    tenant_table("portal_link", PORTAL_LINK, debtor="debtor_id")
    index("portal_link", "contact", "contact_id")
    tenant_table("held_action", HELD_ACTION)
    index("held_action", "invoice", "invoice_id, last_at")
    index("held_action", "reason", "reason, last_at")
