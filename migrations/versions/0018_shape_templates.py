"""Shape templates: message templates, ladders, contact policies."""

revision = "0018"
down_revision = "0017"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
