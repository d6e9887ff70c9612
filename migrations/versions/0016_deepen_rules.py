"""Deepen rules: versions, approvals, packs, daily facts."""

revision = "0016"
down_revision = "0015"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
