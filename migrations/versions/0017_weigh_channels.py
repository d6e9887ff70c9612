"""Weigh channels: open-rate alerts, preferences, structured invoices."""

revision = "0017"
down_revision = "0016"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
