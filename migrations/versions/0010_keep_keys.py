"""Keep keys: idempotency keys beside their effects, and the log of API requests."""

revision = "0010"
down_revision = "0009"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
