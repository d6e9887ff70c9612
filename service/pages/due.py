"""What the page of an invoice shows of its due dates, and of the day on which payment is expected."""

from datetime import date
from typing import Any

from tenants.insight import forecast
from tenants.ledger import debtors, discounts, forgoing, instalments, late_terms
from tenants.ledger.invoices import Card
from tenants.ledger.late_terms import NoBaseRate


def about(card: Card, *, today: date) -> dict[str, Any]:
    """Its parts by due date, and the expectation while something is open."""
    open_now = bool(card.open_minor) and card.voided_on is None
    return {
        "charges": _charges(card, today) if open_now and card.due_on < today else None,
        "shares": instalments.shares(card.schedule_id, applied=card.amount_minor - card.open_minor),
        "discounts": discounts.of_invoice(card.id),
        "asked": [each for each in forgoing.of_invoice(card.id) if each.state == forgoing.WAITING],
        "expected": forecast.of_invoice(card.id) if open_now else None,
    }


def _charges(card: Card, today: date) -> dict[str, Any] | None:
    """Late interest as a computation, or why there is none although a term was entered."""
    try:
        found = late_terms.of_invoice(card, debtor=debtors.card(card.debtor_id), until_on=today)
    except NoBaseRate as reason:
        return {"term": None, "rows": [], "reason": reason.detail}
    return {"term": found[0], "rows": found[1], "reason": ""} if found else None
