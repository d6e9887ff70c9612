"""Save views: what the dashboards keep for their people."""

revision = "0014"
down_revision = "0013"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
