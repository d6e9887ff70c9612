"""Decides where UBL 2.1 keeps the business terms of an invoice or credit note (EN 16931, XRechnung, Peppol BIS)."""

from decimal import Decimal

from tenants.intake.formats.bill import Bill, BillLine, Extra, Party, TaxPart
from tenants.intake.formats.xml_tree import Node

SPACES = {
    "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2": "380",
    "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2": "381",
}
_TOTALS = {
    "BT-106": "LineExtensionAmount",
    "BT-107": "AllowanceTotalAmount",
    "BT-108": "ChargeTotalAmount",
    "BT-109": "TaxExclusiveAmount",
    "BT-112": "TaxInclusiveAmount",
    "BT-113": "PrepaidAmount",
    "BT-114": "PayableRoundingAmount",
    "BT-115": "PayableAmount",
}
_ZERO = Decimal(0)


def read(root: Node) -> Bill:
    """The invoice as it states itself; what is missing is missing."""
    bill = Bill("ubl", root, profile=root.say("CustomizationID").casefold())
    bill.number = bill.stated("BT-1", node=root, path="ID")
    bill.issued_on = bill.day("BT-2", node=root, path="IssueDate")
    credit = root.name == "CreditNote"
    bill.type_code = bill.stated("BT-3", node=root, path="CreditNoteTypeCode" if credit else "InvoiceTypeCode")
    bill.currency = bill.stated("BT-5", node=root, path="DocumentCurrencyCode")
    bill.due_on = bill.day("BT-9", node=root, path="DueDate") or bill.day(
        "BT-9", node=root, path="PaymentMeans/PaymentDueDate"
    )
    bill.terms = bill.stated("BT-20", node=root, path="PaymentTerms/Note")
    bill.order = root.say("OrderReference/ID", "BuyerReference")
    bill.seller = _name(root.at("AccountingSupplierParty/Party"))
    bill.buyer = _buyer(root)
    total = root.at("LegalMonetaryTotal")
    if total is not None:
        for term, path in _TOTALS.items():
            bill.amount(term, node=total, path=path)
    _taxes(bill, root)
    bill.extras = [_extra(bill, node) for node in root.all("AllowanceCharge")]
    bill.lines = [_line(bill, node) for node in root.all("CreditNoteLine" if credit else "InvoiceLine")]
    # The XRechnung extension lets a third party's claim ride along: it is part of what is to be paid.
    bill.extras += [
        Extra("third party", bill.number_in(node) or _ZERO, _ZERO, "Third party")
        for node in root.all("PrepaidPayment/PaidAmount")
        if "extension" in bill.profile and "xrechnung" in bill.profile
    ]
    return bill


def _name(party: Node | None) -> str:
    return "" if party is None else party.say("PartyLegalEntity/RegistrationName", "PartyName/Name")


def _buyer(root: Node) -> Party:
    party = root.at("AccountingCustomerParty/Party")
    if party is None:
        return Party()
    endpoint = party.at("EndpointID")
    mailed = endpoint is not None and endpoint.attributes.get("schemeID") == "EM"
    return Party(
        number=root.say("AccountingCustomerParty/SupplierAssignedAccountID")
        or party.say("PartyIdentification/ID", "PartyLegalEntity/CompanyID", "PartyTaxScheme/CompanyID", "EndpointID"),
        name=party.say("PartyName/Name", "PartyLegalEntity/RegistrationName"),
        email=party.say("Contact/ElectronicMail") or (endpoint.text if endpoint is not None and mailed else ""),
        country=party.say("PostalAddress/Country/IdentificationCode"),
    )


def _taxes(bill: Bill, root: Node) -> None:
    """The total in the invoice's own currency; a second one for the books of the seller's country is not a debt."""
    for total in root.all("TaxTotal"):
        amount = total.at("TaxAmount")
        if amount is None or amount.attributes.get("currencyID", bill.currency) != bill.currency:
            continue
        bill.amount("BT-110", node=total, path="TaxAmount")
        for node in total.all("TaxSubtotal"):
            rate = bill.number_in(node.at("TaxCategory/Percent"))
            taxable, tax = (bill.number_in(node.at(path)) for path in ("TaxableAmount", "TaxAmount"))
            bill.taxes.append(TaxPart(taxable, tax, rate, node))


def _extra(bill: Bill, node: Node) -> Extra:
    amount = bill.number_in(node.at("Amount")) or _ZERO
    rate = bill.number_in(node.at("TaxCategory/Percent")) or _ZERO
    reason = node.say("AllowanceChargeReason")
    if _is_charge(node):
        return Extra("charge", amount, rate, reason or "Charge")
    return Extra("allowance", -amount, rate, reason or "Allowance")


def _line(bill: Bill, node: Node) -> BillLine:
    quantity = node.at("InvoicedQuantity") or node.at("CreditedQuantity")
    extras = [
        (bill.number_in(each.at("Amount")) or _ZERO) * (1 if _is_charge(each) else -1)
        for each in node.all("AllowanceCharge")
    ]
    return BillLine(
        key=node.say("ID"),
        description=node.say("Item/Name", "Item/Description"),
        quantity=bill.number_in(quantity),
        price=bill.number_in(node.at("Price/PriceAmount")),
        base=bill.number_in(node.at("Price/BaseQuantity")),
        net=bill.number_in(node.at("LineExtensionAmount")),
        extras=sum(extras, _ZERO),
        rate=bill.number_in(node.at("Item/ClassifiedTaxCategory/Percent")) or _ZERO,
        node=node,
    )


def _is_charge(node: Node) -> bool:
    return node.say("ChargeIndicator").casefold() in ("true", "1")
