"""Decides the UBL 2.1 form of a bill: Peppol BIS Billing 3 where both electronic addresses are known, else plain EN
16931."""

from tenants.delivery.einvoices.bill import CREDIT_NOTE, Bill, Deduction, Party, Row, TaxPart
from tenants.delivery.einvoices.writing import Element, Writer, day, plain
from tenants.values.money import Money

CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"
ROOTS = {
    "Invoice": "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2",
    "CreditNote": "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2",
}
CORE = "urn:cen.eu:en16931:2017"
PEPPOL = f"{CORE}#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROFILE = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
PIECE = "C62"
CREDIT_TRANSFER = "30"
DISCOUNT = "95"


def write(bill: Bill) -> bytes:
    """The document. Raises NotStructured."""
    return _Document(bill.checked()).bytes()


class _Document:
    def __init__(self, bill: Bill) -> None:
        self._bill = bill
        self._credit = bill.kind == CREDIT_NOTE
        name = "CreditNote" if self._credit else "Invoice"
        self._writer = Writer(f"{name}:{name}", {name: ROOTS[name], "cac": CAC, "cbc": CBC}, default=name)
        self._root = self._writer.root

    def bytes(self) -> bytes:
        bill = self._bill
        self._head()
        self._party("AccountingSupplierParty", bill.seller, with_tax=True)
        self._party("AccountingCustomerParty", bill.buyer, with_tax=bool(bill.buyer.tax_number))
        self._payment()
        for each in bill.deductions:
            self._deduction(self._root, each)
        self._taxes(bill.breakdown)
        self._totals()
        for place, row in enumerate(bill.rows, 1):
            self._line(place, row)
        return self._writer.bytes()

    def _cbc(self, parent: Element, name: str, text: str, **attributes: str) -> None:
        self._writer.add(parent, f"cbc:{name}", text, **attributes)

    def _cac(self, parent: Element, name: str) -> Element:
        return self._writer.add(parent, f"cac:{name}")

    def _amount(self, parent: Element, name: str, amount: Money) -> None:
        self._cbc(parent, name, amount.as_text(), currencyID=amount.currency)

    def _head(self) -> None:
        bill, root = self._bill, self._root
        peppol = bill.seller.endpoint and bill.buyer.endpoint
        self._cbc(root, "CustomizationID", PEPPOL if peppol else CORE)
        if peppol:
            self._cbc(root, "ProfileID", PROFILE)
        self._cbc(root, "ID", bill.number)
        self._cbc(root, "IssueDate", day(bill.issued_on))
        if bill.due_on and not self._credit:
            self._cbc(root, "DueDate", day(bill.due_on))
        self._cbc(root, "CreditNoteTypeCode" if self._credit else "InvoiceTypeCode", bill.kind)
        self._cbc(root, "DocumentCurrencyCode", bill.currency)
        if bill.buyer_reference:
            self._cbc(root, "BuyerReference", bill.buyer_reference)
        if bill.order:
            self._cbc(self._cac(root, "OrderReference"), "ID", bill.order)
        if bill.precedes:
            reference = self._cac(self._cac(root, "BillingReference"), "InvoiceDocumentReference")
            self._cbc(reference, "ID", bill.precedes)

    def _party(self, role: str, party: Party, *, with_tax: bool) -> None:
        place = self._cac(self._cac(self._root, role), "Party")
        if party.endpoint:
            scheme, address = party.endpoint
            self._cbc(place, "EndpointID", address, schemeID=scheme)
        if party.reference:
            self._cbc(self._cac(place, "PartyIdentification"), "ID", party.reference)
        self._address(place, party)
        if with_tax:
            scheme_of = self._cac(place, "PartyTaxScheme")
            self._cbc(scheme_of, "CompanyID", party.tax_number)
            self._cbc(self._cac(scheme_of, "TaxScheme"), "ID", "VAT")
        self._cbc(self._cac(place, "PartyLegalEntity"), "RegistrationName", party.name)

    def _address(self, parent: Element, party: Party) -> None:
        address = self._cac(parent, "PostalAddress")
        for name, text in zip(("StreetName", "AdditionalStreetName"), party.address, strict=False):
            self._cbc(address, name, text)
        if len(party.address) > 2:
            self._cbc(self._cac(address, "AddressLine"), "Line", ", ".join(party.address[2:]))
        self._cbc(self._cac(address, "Country"), "IdentificationCode", party.country)

    def _payment(self) -> None:
        bill = self._bill
        if bill.iban:
            means = self._cac(self._root, "PaymentMeans")
            self._cbc(means, "PaymentMeansCode", CREDIT_TRANSFER)
            self._cbc(means, "PaymentID", bill.number)
            account = self._cac(means, "PayeeFinancialAccount")
            self._cbc(account, "ID", bill.iban)
            if bill.bic:
                self._cbc(self._cac(account, "FinancialInstitutionBranch"), "ID", bill.bic)
        if bill.terms:
            self._cbc(self._cac(self._root, "PaymentTerms"), "Note", bill.terms)

    def _deduction(self, parent: Element, each: Deduction) -> None:
        place = self._cac(parent, "AllowanceCharge")
        self._cbc(place, "ChargeIndicator", "false")
        self._cbc(place, "AllowanceChargeReasonCode", DISCOUNT)
        self._cbc(place, "AllowanceChargeReason", each.reason)
        self._amount(place, "Amount", each.amount)
        self._category(place, "TaxCategory", each.category, plain(each.tax_rate))

    def _category(self, parent: Element, name: str, category: str, rate: str) -> None:
        place = self._cac(parent, name)
        self._cbc(place, "ID", category)
        self._cbc(place, "Percent", rate)
        self._cbc(self._cac(place, "TaxScheme"), "ID", "VAT")

    def _taxes(self, parts: tuple[TaxPart, ...]) -> None:
        total = self._cac(self._root, "TaxTotal")
        self._amount(total, "TaxAmount", Money.total((part.tax for part in parts), self._bill.currency))
        for part in parts:
            place = self._cac(total, "TaxSubtotal")
            self._amount(place, "TaxableAmount", part.basis)
            self._amount(place, "TaxAmount", part.tax)
            self._category(place, "TaxCategory", part.category, plain(part.rate))

    def _totals(self) -> None:
        bill = self._bill
        place = self._cac(self._root, "LegalMonetaryTotal")
        tax = Money.total((part.tax for part in bill.breakdown), bill.currency)
        self._amount(place, "LineExtensionAmount", bill.lines_net)
        self._amount(place, "TaxExclusiveAmount", bill.net)
        self._amount(place, "TaxInclusiveAmount", bill.net + tax)
        if bill.deducted.minor:
            self._amount(place, "AllowanceTotalAmount", bill.deducted)
        if bill.rounding.minor:
            self._amount(place, "PayableRoundingAmount", bill.rounding)
        self._amount(place, "PayableAmount", bill.total)

    def _line(self, place: int, row: Row) -> None:
        line = self._cac(self._root, "CreditNoteLine" if self._credit else "InvoiceLine")
        self._cbc(line, "ID", str(place))
        name = "CreditedQuantity" if self._credit else "InvoicedQuantity"
        self._cbc(line, name, plain(row.quantity), unitCode=PIECE)
        self._amount(line, "LineExtensionAmount", row.net)
        if row.deduction.minor:
            self._line_deduction(line, row.deduction)
        item = self._cac(line, "Item")
        self._cbc(item, "Name", row.text)
        self._category(item, "ClassifiedTaxCategory", row.category, plain(row.tax_rate))
        self._amount(self._cac(line, "Price"), "PriceAmount", row.price)

    def _line_deduction(self, line: Element, difference: Money) -> None:
        place = self._cac(line, "AllowanceCharge")
        cheaper = difference.minor > 0
        self._cbc(place, "ChargeIndicator", "false" if cheaper else "true")
        self._cbc(place, "AllowanceChargeReason", "Discount" if cheaper else "Surcharge")
        self._amount(place, "Amount", Money(abs(difference.minor), difference.currency))
