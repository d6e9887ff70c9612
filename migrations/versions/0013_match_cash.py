"""Match cash: proposals, deductions, undone imports."""

revision = "0013"
down_revision = "0012"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
