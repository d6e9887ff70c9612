"""Decides the CII form of a bill (UN/CEFACT D16B), which travels inside the PDF of Factur-X."""

from tenants.delivery.einvoices.bill import Bill, Deduction, Party, Row, TaxPart
from tenants.delivery.einvoices.writing import Element, Writer, compact, plain
from tenants.values.money import Money

SPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
}
CORE = "urn:cen.eu:en16931:2017"
PIECE = "C62"
CREDIT_TRANSFER = "30"
DISCOUNT = "95"


def write(bill: Bill) -> bytes:
    """The document. Raises NotStructured."""
    return _Document(bill.checked()).bytes()


class _Document:
    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._writer = Writer("rsm:CrossIndustryInvoice", SPACES)

    def bytes(self) -> bytes:
        self._head()
        trade = self._writer.add(self._writer.root, "rsm:SupplyChainTradeTransaction")
        for place, row in enumerate(self._bill.rows, 1):
            self._line(trade, place, row)
        self._agreement(self._ram(trade, "ApplicableHeaderTradeAgreement"))
        self._ram(trade, "ApplicableHeaderTradeDelivery")
        self._settlement(self._ram(trade, "ApplicableHeaderTradeSettlement"))
        return self._writer.bytes()

    def _ram(self, parent: Element, name: str, text: str | None = None, **attributes: str) -> Element:
        return self._writer.add(parent, f"ram:{name}", text, **attributes)

    def _date(self, parent: Element, name: str, value: str) -> None:
        self._writer.add(self._ram(parent, name), "udt:DateTimeString", value, format="102")

    def _flag(self, parent: Element, *, charge: bool) -> None:
        self._writer.add(self._ram(parent, "ChargeIndicator"), "udt:Indicator", "true" if charge else "false")

    def _head(self) -> None:
        context = self._writer.add(self._writer.root, "rsm:ExchangedDocumentContext")
        self._ram(self._ram(context, "GuidelineSpecifiedDocumentContextParameter"), "ID", CORE)
        document = self._writer.add(self._writer.root, "rsm:ExchangedDocument")
        self._ram(document, "ID", self._bill.number)
        self._ram(document, "TypeCode", self._bill.kind)
        self._date(document, "IssueDateTime", compact(self._bill.issued_on))

    def _line(self, trade: Element, place: int, row: Row) -> None:
        line = self._ram(trade, "IncludedSupplyChainTradeLineItem")
        self._ram(self._ram(line, "AssociatedDocumentLineDocument"), "LineID", str(place))
        self._ram(self._ram(line, "SpecifiedTradeProduct"), "Name", row.text)
        price = self._ram(self._ram(line, "SpecifiedLineTradeAgreement"), "NetPriceProductTradePrice")
        self._ram(price, "ChargeAmount", row.price.as_text())
        self._ram(self._ram(line, "SpecifiedLineTradeDelivery"), "BilledQuantity", plain(row.quantity), unitCode=PIECE)
        settlement = self._ram(line, "SpecifiedLineTradeSettlement")
        self._category(settlement, row.category, plain(row.tax_rate))
        if row.deduction.minor:
            self._line_deduction(settlement, row.deduction)
        sums = self._ram(settlement, "SpecifiedTradeSettlementLineMonetarySummation")
        self._ram(sums, "LineTotalAmount", row.net.as_text())

    def _line_deduction(self, settlement: Element, difference: Money) -> None:
        place = self._ram(settlement, "SpecifiedTradeAllowanceCharge")
        cheaper = difference.minor > 0
        self._flag(place, charge=not cheaper)
        self._ram(place, "ActualAmount", Money(abs(difference.minor), difference.currency).as_text())
        self._ram(place, "Reason", "Discount" if cheaper else "Surcharge")

    def _category(self, parent: Element, category: str, rate: str, *, name: str = "ApplicableTradeTax") -> None:
        tax = self._ram(parent, name)
        self._ram(tax, "TypeCode", "VAT")
        self._ram(tax, "CategoryCode", category)
        self._ram(tax, "RateApplicablePercent", rate)

    def _agreement(self, agreement: Element) -> None:
        bill = self._bill
        if bill.buyer_reference:
            self._ram(agreement, "BuyerReference", bill.buyer_reference)
        self._party(self._ram(agreement, "SellerTradeParty"), bill.seller)
        self._party(self._ram(agreement, "BuyerTradeParty"), bill.buyer)
        if bill.order:
            self._ram(self._ram(agreement, "BuyerOrderReferencedDocument"), "IssuerAssignedID", bill.order)

    def _party(self, place: Element, party: Party) -> None:
        if party.reference:
            self._ram(place, "ID", party.reference)
        self._ram(place, "Name", party.name)
        address = self._ram(place, "PostalTradeAddress")
        for name, text in zip(("LineOne", "LineTwo", "LineThree"), party.address, strict=False):
            self._ram(address, name, text)
        self._ram(address, "CountryID", party.country)
        if party.endpoint:
            scheme, uri = party.endpoint
            self._ram(self._ram(place, "URIUniversalCommunication"), "URIID", uri, schemeID=scheme)
        if party.tax_number:
            self._ram(self._ram(place, "SpecifiedTaxRegistration"), "ID", party.tax_number, schemeID="VA")

    def _settlement(self, place: Element) -> None:
        bill = self._bill
        self._ram(place, "PaymentReference", bill.number)
        self._ram(place, "InvoiceCurrencyCode", bill.currency)
        if bill.iban:
            means = self._ram(place, "SpecifiedTradeSettlementPaymentMeans")
            self._ram(means, "TypeCode", CREDIT_TRANSFER)
            self._ram(self._ram(means, "PayeePartyCreditorFinancialAccount"), "IBANID", bill.iban)
            if bill.bic:
                self._ram(self._ram(means, "PayeeSpecifiedCreditorFinancialInstitution"), "BICID", bill.bic)
        for part in bill.breakdown:
            self._tax(place, part)
        for each in bill.deductions:
            self._deduction(place, each)
        self._terms(place)
        self._totals(place)
        if bill.precedes:
            self._ram(self._ram(place, "InvoiceReferencedDocument"), "IssuerAssignedID", bill.precedes)

    def _tax(self, place: Element, part: TaxPart) -> None:
        tax = self._ram(place, "ApplicableTradeTax")
        self._ram(tax, "CalculatedAmount", part.tax.as_text())
        self._ram(tax, "TypeCode", "VAT")
        self._ram(tax, "BasisAmount", part.basis.as_text())
        self._ram(tax, "CategoryCode", part.category)
        self._ram(tax, "RateApplicablePercent", plain(part.rate))

    def _deduction(self, place: Element, each: Deduction) -> None:
        allowance = self._ram(place, "SpecifiedTradeAllowanceCharge")
        self._flag(allowance, charge=False)
        self._ram(allowance, "ActualAmount", each.amount.as_text())
        self._ram(allowance, "ReasonCode", DISCOUNT)
        self._ram(allowance, "Reason", each.reason)
        self._category(allowance, each.category, plain(each.tax_rate), name="CategoryTradeTax")

    def _terms(self, place: Element) -> None:
        bill = self._bill
        if not (bill.terms or bill.due_on):
            return
        terms = self._ram(place, "SpecifiedTradePaymentTerms")
        if bill.terms:
            self._ram(terms, "Description", bill.terms)
        if bill.due_on:
            self._date(terms, "DueDateDateTime", compact(bill.due_on))

    def _totals(self, place: Element) -> None:
        bill = self._bill
        tax = Money.total((part.tax for part in bill.breakdown), bill.currency)
        sums = self._ram(place, "SpecifiedTradeSettlementHeaderMonetarySummation")
        self._ram(sums, "LineTotalAmount", bill.lines_net.as_text())
        if bill.deducted.minor:
            self._ram(sums, "AllowanceTotalAmount", bill.deducted.as_text())
        self._ram(sums, "TaxBasisTotalAmount", bill.net.as_text())
        self._ram(sums, "TaxTotalAmount", tax.as_text(), currencyID=bill.currency)
        if bill.rounding.minor:
            self._ram(sums, "RoundingAmount", bill.rounding.as_text())
        self._ram(sums, "GrandTotalAmount", (bill.net + tax).as_text())
        self._ram(sums, "DuePayableAmount", bill.total.as_text())
