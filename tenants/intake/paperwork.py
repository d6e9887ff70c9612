"""Decides what is told about a paper (an invoice, a bank statement, a notice) and puts down what it would do.

A paper is believed whole or refused whole: the refusal names the rule and the place, and nothing of it waits.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from tenants import store
from tenants.intake import advices, bank_lines, billing, landing
from tenants.intake.billing import Debt
from tenants.intake.formats.advice import Advice
from tenants.intake.formats.bill import Bill, Breach
from tenants.intake.formats.statement import Statement
from tenants.intake.papers import Paper
from tenants.intake.report import Fault, Report, Total

REMEDY = "Correct the invoice in the program that wrote it, and send it again."
KEEP_LINE = """
INSERT INTO import_line (tenant_id, import_id, row_no, position, description, quantity, unit_price_minor, net_minor,
  tax_rate, tax_minor)
VALUES (:tenant, :import_id, :row_no, :position, :description, :quantity, :unit_price_minor, :net_minor, :tax_rate,
  :tax_minor)
ON CONFLICT (tenant_id, import_id, row_no, position) DO NOTHING
"""
CLEAR_LINES = "DELETE FROM import_line WHERE tenant_id = :tenant AND import_id = :import_id"
_PLACES = 20


def check(import_id: UUID, *, paper: Paper) -> Report:
    """The report on a paper; what can be loaded waits. Raises FileRefused."""
    if isinstance(paper, Bill):
        return _bill(import_id, paper)
    if isinstance(paper, Statement):
        return _statement(import_id, paper)
    if isinstance(paper, Advice):
        return _advice(paper)
    return _report({"kind": "notice", "format": paper.format, "stated": paper.stated}, notes=(paper.sentence,), read=1)


def clear(import_id: UUID) -> None:
    """Take away what an earlier check left."""
    store.run(CLEAR_LINES, import_id=import_id)
    bank_lines.clear(import_id)


def _bill(import_id: UUID, bill: Bill) -> Report:
    found = billing.debt(bill)
    detection = {"kind": "invoice", "format": bill.format, "profile": bill.profile[:200], "stated": _stated(bill)}
    if not isinstance(found, Debt):
        return _refused(found, detection)
    landing.land(import_id, rows=[found.row])
    _keep_lines(import_id, found)
    row = found.row
    return _report(
        detection,
        read=1,
        accepted=1,
        debtors=1,
        paid=int(row.paid_minor > 0),
        totals=(Total(row.currency, 1, row.amount_minor),),
        notes=found.notes,
    )


def _stated(bill: Bill) -> dict[str, str]:
    """The sums as the paper writes them, for whoever compares."""
    named = {"BT-109": "net", "BT-110": "tax", "BT-112": "gross", "BT-113": "prepaid", "BT-115": "due"}
    said = {name: str(bill.amounts[term]) for term, name in named.items() if term in bill.amounts}
    return {"number": bill.number[:64], "type": bill.type_code[:10], "currency": bill.currency[:3], **said}


def _refused(breaches: Sequence[Breach], detection: dict[str, Any]) -> Report:
    first = breaches[0]
    faults = [
        Fault(each.line, each.path[:300], each.value[:80], each.rule, f"{each.rule}: {each.reason}", REMEDY)
        for each in breaches[:_PLACES]
    ]
    codes: dict[str, int] = {}
    for each in breaches:
        codes[each.rule] = codes.get(each.rule, 0) + 1
    return Report.refusing(
        f"Rule {first.rule}, line {first.line:,}, {first.path[:300]}: {first.reason}",
        remedy=REMEDY,
        read=1,
        refused=1,
        faults=faults,
        fault_codes=codes,
        detection=detection,
    )


def _keep_lines(import_id: UUID, debt: Debt) -> None:
    store.run_many(
        KEEP_LINE,
        [
            {
                "import_id": import_id,
                "row_no": debt.row.row_no,
                "position": line.position,
                "description": line.description,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "net_minor": line.net_minor,
                "tax_rate": line.tax_rate,
                "tax_minor": line.tax_minor,
            }
            for line in debt.lines
        ],
    )


def _statement(import_id: UUID, said: Statement) -> Report:
    totals = bank_lines.stage(import_id, said=said)
    count = len(said.entries)
    accounts = [bank_lines.masked(each) for each in said.accounts[:50]]
    detection: dict[str, Any] = {"kind": "bank", "format": said.format, "accounts": accounts}
    if said.dates:
        detection["dates"] = {"booked_on": said.dates}
    notes = said.notes if count else [*said.notes, "The statement tells of no movement."]
    return _report(
        detection,
        read=count,
        accepted=count,
        totals=tuple(Total(currency, *sums) for currency, sums in sorted(totals.items())),
        notes=tuple(notes),
    )


def _advice(said: Advice) -> Report:
    kept = advices.waiting(said)
    stated = {
        "number": said.number,
        "payer": said.payer,
        "issued_on": said.paid_on.isoformat(),
        "amount": str(said.amount),
        "currency": said.currency,
        "lines": str(len(said.lines)),
    }
    return _report(
        {"kind": advices.KIND, "format": "ubl-remittance-advice", "stated": stated, "advice": kept},
        read=1,
        accepted=1,
        totals=(Total(said.currency, 1, kept["amount_minor"]),),
        notes=tuple(said.notes),
    )


def _report(detection: dict[str, Any], **known: Any) -> Report:
    return Report.refusing("", remedy="", detection=detection, **known)
