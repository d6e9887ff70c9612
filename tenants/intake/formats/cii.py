"""Decides where CII D16B keeps the business terms of an invoice (EN 16931, XRechnung, Factur-X, ZUGFeRD 2)."""

from decimal import Decimal

from tenants.intake.formats.bill import Bill, BillLine, Extra, Party, TaxPart
from tenants.intake.formats.xml_tree import Node

SPACE = "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100"
_TOTALS = {
    "BT-106": "LineTotalAmount",
    "BT-107": "AllowanceTotalAmount",
    "BT-108": "ChargeTotalAmount",
    "BT-109": "TaxBasisTotalAmount",
    "BT-112": "GrandTotalAmount",
    "BT-113": "TotalPrepaidAmount",
    "BT-114": "RoundingAmount",
    "BT-115": "DuePayableAmount",
}
_ZERO = Decimal(0)
_NOT_COUNTED = ("GROUP", "INFORMATION")
"""Lines of the extended profile that only head or comment others."""


def read(root: Node) -> Bill:
    """The invoice as it states itself; what is missing is missing."""
    profile = root.say("ExchangedDocumentContext/GuidelineSpecifiedDocumentContextParameter/ID")
    bill = Bill("cii", root, profile=profile.casefold().replace("basic-wl", "basicwl"))
    bill.number = bill.stated("BT-1", node=root, path="ExchangedDocument/ID")
    bill.issued_on = bill.day("BT-2", node=root, path="ExchangedDocument/IssueDateTime/DateTimeString")
    bill.type_code = bill.stated("BT-3", node=root, path="ExchangedDocument/TypeCode")
    trade = root.at("SupplyChainTradeTransaction") or Node("SupplyChainTradeTransaction", "", root.line, root)
    agreement = trade.at("ApplicableHeaderTradeAgreement") or Node(
        "ApplicableHeaderTradeAgreement", "", trade.line, trade
    )
    bill.order = agreement.say("BuyerOrderReferencedDocument/IssuerAssignedID", "BuyerReference")
    bill.seller = agreement.say("SellerTradeParty/Name")
    bill.buyer = _buyer(agreement.at("BuyerTradeParty"))
    settlement = trade.at("ApplicableHeaderTradeSettlement")
    if settlement is not None:
        _settlement(bill, settlement)
    bill.lines = [_line(bill, node) for node in trade.all("IncludedSupplyChainTradeLineItem") if _counts(node)]
    return bill


def _buyer(party: Node | None) -> Party:
    if party is None:
        return Party()
    endpoint = party.at("URIUniversalCommunication/URIID")
    mailed = endpoint is not None and endpoint.attributes.get("schemeID") == "EM"
    return Party(
        number=party.say(
            "ID", "GlobalID", "SpecifiedLegalOrganization/ID", "SpecifiedTaxRegistration/ID"
        ) or (endpoint.text if endpoint is not None else ""),
        name=party.say("Name", "SpecifiedLegalOrganization/TradingBusinessName"),
        email=party.say("DefinedTradeContact/EmailURIUniversalCommunication/URIID")
        or (endpoint.text if endpoint is not None and mailed else ""),
        country=party.say("PostalTradeAddress/CountryID"),
    )  # fmt: skip


def _settlement(bill: Bill, node: Node) -> None:
    bill.currency = bill.stated("BT-5", node=node, path="InvoiceCurrencyCode")
    bill.due_on = bill.day("BT-9", node=node, path="SpecifiedTradePaymentTerms/DueDateDateTime/DateTimeString")
    bill.terms = bill.stated("BT-20", node=node, path="SpecifiedTradePaymentTerms/Description")
    total = node.at("SpecifiedTradeSettlementHeaderMonetarySummation")
    if total is not None:
        for term, path in _TOTALS.items():
            bill.amount(term, node=total, path=path)
        _tax_total(bill, total)
    for part in node.all("ApplicableTradeTax"):
        taxable, tax, rate = (
            bill.number_in(part.at(path)) for path in ("BasisAmount", "CalculatedAmount", "RateApplicablePercent")
        )
        bill.taxes.append(TaxPart(taxable, tax, rate, part))
    bill.extras = [_extra(bill, each) for each in node.all("SpecifiedTradeAllowanceCharge")]
    for each in node.all("SpecifiedLogisticsServiceCharge"):
        amount = bill.number_in(each.at("AppliedAmount")) or _ZERO
        rate = bill.number_in(each.at("AppliedTradeTax/RateApplicablePercent")) or _ZERO
        bill.extras.append(Extra("charge", amount, rate, each.say("Description") or "Charge"))


def _tax_total(bill: Bill, total: Node) -> None:
    """The total in the invoice's own currency; a second one is for the books of the seller's country."""
    for each in total.all("TaxTotalAmount"):
        if each.attributes.get("currencyID", bill.currency) == bill.currency:
            value = bill.number_in(each)
            if value is not None:
                bill.amounts["BT-110"] = value
                bill.places["BT-110"] = each
            return


def _extra(bill: Bill, node: Node) -> Extra:
    amount = bill.number_in(node.at("ActualAmount")) or _ZERO
    rate = bill.number_in(node.at("CategoryTradeTax/RateApplicablePercent")) or _ZERO
    if _is_charge(node):
        return Extra("charge", amount, rate, node.say("Reason") or "Charge")
    return Extra("allowance", -amount, rate, node.say("Reason") or "Allowance")


def _counts(node: Node) -> bool:
    return node.say("AssociatedDocumentLineDocument/LineStatusReasonCode") not in _NOT_COUNTED


def _line(bill: Bill, node: Node) -> BillLine:
    settled = node.at("SpecifiedLineTradeSettlement") or node
    extras = [
        (bill.number_in(each.at("ActualAmount")) or _ZERO) * (1 if _is_charge(each) else -1)
        for each in settled.all("SpecifiedTradeAllowanceCharge")
    ]
    price = node.at("SpecifiedLineTradeAgreement/NetPriceProductTradePrice")
    return BillLine(
        key=node.say("AssociatedDocumentLineDocument/LineID"),
        description=node.say("SpecifiedTradeProduct/Name", "SpecifiedTradeProduct/Description"),
        quantity=bill.number_in(node.at("SpecifiedLineTradeDelivery/BilledQuantity")),
        price=bill.number_in(price.at("ChargeAmount")) if price is not None else None,
        base=bill.number_in(price.at("BasisQuantity")) if price is not None else None,
        net=bill.number_in(settled.at("SpecifiedTradeSettlementLineMonetarySummation/LineTotalAmount")),
        extras=sum(extras, _ZERO),
        rate=bill.number_in(settled.at("ApplicableTradeTax/RateApplicablePercent")) or _ZERO,
        node=node,
    )


def _is_charge(node: Node) -> bool:
    return node.say("ChargeIndicator/Indicator").casefold() in ("true", "1")
