"""Decides what is kept of a remittance advice (UBL): who pays, how much, when, and for which invoices."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from tenants.intake.formats.text import FileRefused
from tenants.intake.formats.xml_tree import Node

MOST_LINES = 20_000
_INVOICE = (
    "BillingReference/InvoiceDocumentReference/ID",
    "BillingReference/CreditNoteDocumentReference/ID",
    "InvoiceDocumentReference/ID",
    "DocumentReference/ID",
    "BillingReference/SelfBilledInvoiceDocumentReference/ID",
)
_PAID_ON = ("PaymentMeans/PaymentDueDate", "IssueDate", "PaymentDate")
_ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AdviceLine:
    """One invoice that is paid, or a credit note that is taken off (a negative amount)."""

    invoice_number: str
    amount: Decimal


@dataclass(slots=True)
class Advice:
    """What a customer says that one payment is for."""

    number: str
    currency: str
    amount: Decimal
    paid_on: date
    payer: str
    lines: list[AdviceLine] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(root: Node) -> Advice:
    """The advice as it states itself. Raises FileRefused with the rule and the place of what is missing."""
    total = root.at("TotalPaymentAmount") or root.at("LegalMonetaryTotal/PayableAmount")
    lines = [_line(node) for node in root.all("RemittanceAdviceLine")][:MOST_LINES]
    summed = sum((line.amount for line in lines), _ZERO)
    currency = (total.attributes.get("currencyID", "") if total else "") or root.say("DocumentCurrencyCode")
    if not currency:
        raise _refused(total or root, "the currency of the payment is missing")
    amount = summed if total is None else _number(total)
    if amount <= 0:
        raise _refused(total or root, "the payment is not more than nothing")
    number = root.say("ID")
    if not number:
        raise _refused(root, "the number of the advice (ID) is missing")
    party = "AccountingCustomerParty/Party"
    payer = root.say(
        f"{party}/PartyName/Name", f"{party}/PartyLegalEntity/RegistrationName", "PayerParty/PartyName/Name"
    )
    advice = Advice(number[:140], currency, amount, _day(root), payer[:200], lines)
    if lines and summed != amount:
        advice.notes.append(f"The lines make {summed}, the payment is {amount}.")
    if not any(line.invoice_number for line in lines):
        advice.notes.append("No line names an invoice; only the amount can be matched.")
    return advice


def _line(node: Node) -> AdviceLine:
    given = {name: found for name in ("PaidAmount", "BalanceAmount") if (found := node.at(name)) is not None}
    if given:
        amount = _number(next(iter(given.values())))
    else:
        debit, credit = node.at("DebitLineAmount"), node.at("CreditLineAmount")
        amount = (_number(debit) if debit else _ZERO) - (_number(credit) if credit else _ZERO)
    return AdviceLine(node.say(*_INVOICE)[:64], amount)


def _number(node: Node) -> Decimal:
    try:
        value = Decimal(node.text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite():
        raise _refused(node, f"“{node.text[:40]}” is not an amount")
    return value


def _day(root: Node) -> date:
    text = root.say(*_PAID_ON)
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise _refused(root.at(_PAID_ON[1]) or root, f"“{text[:40]}” is not a day in the calendar") from None


def _refused(node: Node, reason: str) -> FileRefused:
    return FileRefused(
        f"Line {node.line:,}, {node.path}: rule UBL: {reason}.", remedy="Ask the customer for the advice again."
    )
