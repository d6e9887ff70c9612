"""Papers that nobody sent: small invoices and statements, each written by a sentence of what is special about it."""

import io
import zipfile
from datetime import date

from pypdf import PdfWriter

UBL_SPACE = "urn:oasis:names:specification:ubl:schema:xsd"
NAMES = f'xmlns:cac="{UBL_SPACE}:CommonAggregateComponents-2" xmlns:cbc="{UBL_SPACE}:CommonBasicComponents-2"'
PLAIN = "urn:alder.test:plain"
"""What small papers claim: no standard, so that its rules do not bind them."""
DUE = "<cbc:DueDate>2026-11-30</cbc:DueDate>"
SUMS = {"net": "200.00", "tax": "38.00", "gross": "238.00", "prepaid": "0.00", "payable": "238.00"}


def ubl(
    number: str = "U-1",
    *,
    credit: bool = False,
    due: str = DUE,
    currency: str = "EUR",
    line_net: str = "150.00",
    buyer: str = "<cac:PartyName><cbc:Name>Dune Garden Centres</cbc:Name></cac:PartyName>",
    buyer_number: str = "C-1",
    extra: str = "",
    terms: str = "",
    profile: str = PLAIN,
    **sums: str,
) -> bytes:
    """An invoice or credit note over two lines of 150 and 50, with 19 % VAT."""
    said = SUMS | sums
    kind, quantity = ("CreditNote", "CreditedQuantity") if credit else ("Invoice", "InvoicedQuantity")
    code = "<cbc:CreditNoteTypeCode>381<" if credit else "<cbc:InvoiceTypeCode>380<"
    lines = "".join(
        f"""<cac:{kind}Line><cbc:ID>{at}</cbc:ID><cbc:{quantity} unitCode="C62">{count}</cbc:{quantity}>
        <cbc:LineExtensionAmount currencyID="{currency}">{net}</cbc:LineExtensionAmount>
        <cac:Item><cbc:Name>{name}</cbc:Name>
        <cac:ClassifiedTaxCategory><cbc:Percent>19</cbc:Percent></cac:ClassifiedTaxCategory></cac:Item>
        <cac:Price><cbc:PriceAmount currencyID="{currency}">50.00</cbc:PriceAmount></cac:Price></cac:{kind}Line>"""
        for at, count, net, name in ((1, 3, line_net, "Pots"), (2, 1, "50.00", "Soil"))
    )
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<{kind} xmlns="{UBL_SPACE}:{kind}-2" {NAMES}>
<cbc:CustomizationID>{profile}</cbc:CustomizationID>
<cbc:ID>{number}</cbc:ID><cbc:IssueDate>2026-10-31</cbc:IssueDate>{due}
{code}/{code[1:].split(">")[0]}><cbc:DocumentCurrencyCode>{currency}</cbc:DocumentCurrencyCode>
<cac:AccountingSupplierParty><cac:Party><cac:PartyLegalEntity><cbc:RegistrationName>Alder Seeds</cbc:RegistrationName>
</cac:PartyLegalEntity></cac:Party></cac:AccountingSupplierParty>
<cac:AccountingCustomerParty><cac:Party><cac:PartyIdentification><cbc:ID>{buyer_number}</cbc:ID></cac:PartyIdentification>{buyer}
<cac:PostalAddress><cac:Country><cbc:IdentificationCode>DE</cbc:IdentificationCode></cac:Country></cac:PostalAddress>
<cac:Contact><cbc:ElectronicMail>bills@dune.test</cbc:ElectronicMail></cac:Contact></cac:Party></cac:AccountingCustomerParty>
{terms}{extra}
<cac:TaxTotal><cbc:TaxAmount currencyID="{currency}">{said["tax"]}</cbc:TaxAmount><cac:TaxSubtotal>
<cbc:TaxableAmount currencyID="{currency}">{said["net"]}</cbc:TaxableAmount>
<cbc:TaxAmount currencyID="{currency}">{said["tax"]}</cbc:TaxAmount>
<cac:TaxCategory><cbc:Percent>19</cbc:Percent></cac:TaxCategory></cac:TaxSubtotal></cac:TaxTotal>
<cac:LegalMonetaryTotal><cbc:LineExtensionAmount>200.00</cbc:LineExtensionAmount>
<cbc:TaxExclusiveAmount>{said["net"]}</cbc:TaxExclusiveAmount>
<cbc:TaxInclusiveAmount>{said["gross"]}</cbc:TaxInclusiveAmount><cbc:PrepaidAmount>{said["prepaid"]}</cbc:PrepaidAmount>
<cbc:PayableAmount>{said["payable"]}</cbc:PayableAmount></cac:LegalMonetaryTotal>{lines}</{kind}>""".encode()


def cii(
    number: str = "X-1",
    *,
    code: str = "380",
    gross: str = "112.00",
    price: str = "10.00",
    base: str = "",
    profile: str = PLAIN,
) -> bytes:
    """An invoice over ten pots, a charge of ten and an allowance of ten, with 12 % VAT."""
    space = "urn:un:unece:uncefact:data:standard"
    each = f'<ram:BasisQuantity unitCode="C62">{base}</ram:BasisQuantity>' if base else ""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="{space}:CrossIndustryInvoice:100" xmlns:udt="{space}:UnqualifiedDataType:100"
 xmlns:ram="{space}:ReusableAggregateBusinessInformationEntity:100">
<rsm:ExchangedDocumentContext><ram:GuidelineSpecifiedDocumentContextParameter><ram:ID>{profile}</ram:ID>
</ram:GuidelineSpecifiedDocumentContextParameter></rsm:ExchangedDocumentContext>
<rsm:ExchangedDocument><ram:ID>{number}</ram:ID><ram:TypeCode>{code}</ram:TypeCode><ram:IssueDateTime>
<udt:DateTimeString format="102">20261031</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction><ram:IncludedSupplyChainTradeLineItem>
<ram:AssociatedDocumentLineDocument><ram:LineID>1</ram:LineID></ram:AssociatedDocumentLineDocument>
<ram:SpecifiedTradeProduct><ram:Name>Pots</ram:Name></ram:SpecifiedTradeProduct>
<ram:SpecifiedLineTradeAgreement><ram:NetPriceProductTradePrice><ram:ChargeAmount>{price}</ram:ChargeAmount>{each}
</ram:NetPriceProductTradePrice></ram:SpecifiedLineTradeAgreement>
<ram:SpecifiedLineTradeDelivery><ram:BilledQuantity unitCode="C62">10</ram:BilledQuantity>
</ram:SpecifiedLineTradeDelivery>
<ram:SpecifiedLineTradeSettlement><ram:ApplicableTradeTax><ram:RateApplicablePercent>12</ram:RateApplicablePercent>
</ram:ApplicableTradeTax><ram:SpecifiedTradeSettlementLineMonetarySummation>
<ram:LineTotalAmount>100.00</ram:LineTotalAmount>
</ram:SpecifiedTradeSettlementLineMonetarySummation></ram:SpecifiedLineTradeSettlement></ram:IncludedSupplyChainTradeLineItem>
<ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Alder Seeds</ram:Name></ram:SellerTradeParty>
<ram:BuyerTradeParty><ram:Name>Elm Street Books</ram:Name><ram:PostalTradeAddress><ram:CountryID>AT</ram:CountryID>
</ram:PostalTradeAddress><ram:URIUniversalCommunication><ram:URIID schemeID="EM">desk@elm.test</ram:URIID>
</ram:URIUniversalCommunication></ram:BuyerTradeParty></ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeDelivery/>
<ram:ApplicableHeaderTradeSettlement><ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode>
<ram:ApplicableTradeTax><ram:CalculatedAmount>12.00</ram:CalculatedAmount><ram:BasisAmount>100.00</ram:BasisAmount>
<ram:RateApplicablePercent>12</ram:RateApplicablePercent></ram:ApplicableTradeTax>
<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>true</udt:Indicator></ram:ChargeIndicator>
<ram:ActualAmount>6.00</ram:ActualAmount><ram:Reason>Freight</ram:Reason></ram:SpecifiedTradeAllowanceCharge>
<ram:SpecifiedLogisticsServiceCharge><ram:AppliedAmount>4.00</ram:AppliedAmount></ram:SpecifiedLogisticsServiceCharge>
<ram:SpecifiedTradeAllowanceCharge><ram:ChargeIndicator><udt:Indicator>false</udt:Indicator></ram:ChargeIndicator>
<ram:ActualAmount>10.00</ram:ActualAmount></ram:SpecifiedTradeAllowanceCharge>
<ram:SpecifiedTradePaymentTerms><ram:Description>14 days net</ram:Description></ram:SpecifiedTradePaymentTerms>
<ram:SpecifiedTradeSettlementHeaderMonetarySummation><ram:LineTotalAmount>100.00</ram:LineTotalAmount>
<ram:ChargeTotalAmount>10.00</ram:ChargeTotalAmount><ram:AllowanceTotalAmount>10.00</ram:AllowanceTotalAmount>
<ram:TaxBasisTotalAmount>100.00</ram:TaxBasisTotalAmount>
<ram:TaxTotalAmount currencyID="SEK">140.00</ram:TaxTotalAmount>
<ram:TaxTotalAmount currencyID="EUR">12.00</ram:TaxTotalAmount>
<ram:GrandTotalAmount>{gross}</ram:GrandTotalAmount><ram:DuePayableAmount>{gross}</ram:DuePayableAmount>
</ram:SpecifiedTradeSettlementHeaderMonetarySummation></ram:ApplicableHeaderTradeSettlement>
</rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>""".encode()


def pdf(*attached: tuple[str, bytes]) -> bytes:
    """A page that carries files."""
    writer = PdfWriter()
    writer.add_blank_page(width=100, height=100)
    for name, data in attached:
        writer.add_attachment(name, data)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def camt(*entries: str, kind: str = "BkToCstmrStmt/Stmt", version: str = "camt.053.001.08") -> bytes:
    """A report of one account."""
    outer, inner = kind.split("/")
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{version}"><{outer}><{inner}>
<CreDtTm>2026-11-19T06:00:00Z</CreDtTm><Acct><Id><IBAN>DE02120300000000202051</IBAN></Id></Acct>
{"".join(entries)}</{inner}></{outer}></Document>""".encode()


def entry(
    amount: str,
    words: str = "",
    *,
    side: str = "CRDT",
    status: str = "BOOK",
    day: date | None = None,
    party: str = "Dune Garden",
    iban: str = "",
) -> str:
    """One movement with one payment in it."""
    booked = f"<BookgDt><Dt>{day or date(2026, 11, 18)}</Dt></BookgDt>"
    return f"""<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts><Cd>{status}</Cd></Sts>{booked}
<NtryDtls>{payment(words, party=party, iban=iban)}</NtryDtls></Ntry>"""


def payment(words: str, amount: str = "", *, party: str = "Dune Garden", iban: str = "") -> str:
    """What one payment says of itself."""
    paid_from = f"<DbtrAcct><Id><IBAN>{iban}</IBAN></Id></DbtrAcct>" if iban else ""
    worth = f'<Amt Ccy="EUR">{amount}</Amt>' if amount else ""
    return f"""<TxDtls>{worth}<Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs><RltdPties>
<Dbtr><Pty><Nm>{party}</Nm></Pty></Dbtr>{paid_from}</RltdPties><RmtInf><Ustrd>{words}</Ustrd></RmtInf></TxDtls>"""


def workbook(*rows: tuple[object, ...], sheets: tuple[str, ...] = ("Ledger",)) -> bytes:
    """A workbook whose last sheet holds the rows; the sheets before it are empty."""
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    rels = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    named = "".join(f'<sheet name="{name}" sheetId="{at}" r:id="r{at}"/>' for at, name in enumerate(sheets, 1))
    tied = "".join(
        f'<Relationship Id="r{at}" Type="{rels}/worksheet" Target="worksheets/s{at}.xml"/>'
        for at in range(1, len(sheets) + 1)
    )
    body = "".join(
        f'<row r="{at}">'
        + "".join(_cell(f"{chr(65 + column)}{at}", value) for column, value in enumerate(row))
        + "</row>"
        for at, row in enumerate(rows, 1)
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as parts:
        parts.writestr("[Content_Types].xml", "<Types/>")
        parts.writestr(
            "_rels/.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r0" '
            f'Type="{rels}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        parts.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{rels}"><sheets>{named}</sheets></workbook>'
        )
        parts.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{tied}'
            f'<Relationship Id="st" Type="{rels}/styles" Target="styles.xml"/></Relationships>',
        )
        parts.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{main}"><cellXfs><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>',
        )
        for at in range(1, len(sheets) + 1):
            data = body if at == len(sheets) else ""
            parts.writestr(
                f"xl/worksheets/s{at}.xml", f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>'
            )
    return out.getvalue()


def _cell(place: str, value: object) -> str:
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, date):
        return f'<c r="{place}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>' if value else ""
