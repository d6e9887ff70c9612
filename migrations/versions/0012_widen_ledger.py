"""Widen the ledger: debit notes, refunds, instalments, agreed due dates, periods, rates."""

revision = "0012"
down_revision = "0011"
branch_labels = depends_on = None


def upgrade() -> None:
    """Nothing yet needs a table of its own here."""
