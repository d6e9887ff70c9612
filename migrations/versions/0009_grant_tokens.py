"""Grant tokens: API clients, codes, refresh families and signing keys of the authorization server."""

revision = "0009"
down_revision = "0008"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
