"""Decides how a remittance advice waits and lands: whole, in minor units, once for each payer and number."""

from datetime import datetime
from typing import Any
from uuid import UUID

from tenants import store
from tenants.intake.formats.advice import Advice
from tenants.intake.formats.text import FileRefused
from tenants.intake.runs import Import
from tenants.values import ids, money
from tenants.values.money import Money

KIND = "remittance"
KEEP = """
INSERT INTO remittance (tenant_id, id, import_id, number, currency, amount_minor, paid_on, payer, known_at)
VALUES (:tenant, :id, :import_id, :number, :currency, :minor, :paid_on, :payer, :now)
ON CONFLICT (tenant_id, payer, number) DO NOTHING RETURNING id
"""
KEEP_LINE = """
INSERT INTO remittance_line (tenant_id, remittance_id, position, invoice_number, amount_minor)
VALUES (:tenant, :remittance_id, :position, :invoice_number, :minor)
ON CONFLICT (tenant_id, remittance_id, position) DO NOTHING
"""


def waiting(advice: Advice) -> dict[str, Any]:
    """What of the advice waits with its import. Raises FileRefused for an amount that its currency does not know."""
    try:
        total = Money.from_decimal(advice.amount, advice.currency).minor
        lines = [[line.invoice_number, Money.from_decimal(line.amount, advice.currency).minor] for line in advice.lines]
    except (ValueError, money.UnknownCurrency) as fault:
        raise FileRefused(str(fault), remedy="Ask the customer for the advice again.") from fault
    return {
        "number": advice.number,
        "currency": advice.currency,
        "amount_minor": total,
        "paid_on": advice.paid_on.isoformat(),
        "payer": advice.payer,
        "lines": lines,
    }


def load(run: Import, *, now: datetime) -> int:
    """Keep the advice of a checked import; one that is here already stays. How many were added."""
    said = run.report["check"]["detection"]["advice"]
    made: UUID | None = store.run(
        KEEP,
        id=ids.new(),
        import_id=run.id,
        number=said["number"],
        currency=said["currency"],
        minor=said["amount_minor"],
        paid_on=said["paid_on"],
        payer=said["payer"],
        now=now,
    ).scalar_one_or_none()
    if made is None:
        return 0
    rows = [
        {"remittance_id": made, "position": at, "invoice_number": number, "minor": minor}
        for at, (number, minor) in enumerate(said["lines"], 1)
    ]
    store.run_many(KEEP_LINE, rows)
    return 1
