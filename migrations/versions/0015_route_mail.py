"""Route mail: sending identities, quotas, inbound mail, consent."""

revision = "0015"
down_revision = "0014"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
