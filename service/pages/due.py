"""What the page of an invoice shows of its due dates, and of the day on which payment is expected."""

from typing import Any

from tenants.insight import forecast
from tenants.ledger import instalments
from tenants.ledger.invoices import Card


def about(card: Card) -> dict[str, Any]:
    """Its parts by due date, and the expectation while something is open."""
    return {
        "shares": instalments.shares(card.schedule_id, applied=card.amount_minor - card.open_minor),
        "expected": forecast.of_invoice(card.id) if card.open_minor and card.voided_on is None else None,
    }
