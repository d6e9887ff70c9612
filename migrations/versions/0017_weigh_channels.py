"""Weigh channels: open-rate alerts, preferences, structured invoices."""

from migrations.tables import index, tenant_table

revision = "0017"
down_revision = "0016"
branch_labels = depends_on = None

# One matured cohort: the messages of one template that one group of mailbox providers took on one local day. What was
# said of it then stays as it was said.
COHORT = """
  day_on date NOT NULL, template text NOT NULL, mailbox text NOT NULL, tracked boolean NOT NULL,
  ruleset smallint NOT NULL, delivered integer NOT NULL, judgeable integer NOT NULL, seen integer NOT NULL,
  machine integer NOT NULL, answer text NOT NULL DEFAULT '', baseline double precision NOT NULL DEFAULT 0,
  chance double precision NOT NULL DEFAULT 1, matured_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, day_on, template, mailbox, tracked)
"""
# Who wants structured invoices, and to which electronic address.
EINVOICE = """
  debtor_id uuid NOT NULL, format text NOT NULL CHECK (format IN ('hybrid', 'ubl')), endpoint text NOT NULL DEFAULT '',
  buyer_reference text NOT NULL DEFAULT '', changed_at timestamptz NOT NULL, PRIMARY KEY (tenant_id, debtor_id),
  FOREIGN KEY (tenant_id, debtor_id) REFERENCES app.debtor (tenant_id, id)
"""


def upgrade() -> None:
    tenant_table("delivery_cohort", COHORT)
    tenant_table("debtor_einvoice", EINVOICE)
    index("delivery_cohort", "unit", "template, mailbox, tracked, day_on")
