"""Prove people: second factors, single sign-on, provisioning, access grants, the chained history."""

revision = "0011"
down_revision = "0010"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
