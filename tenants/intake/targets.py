"""Decides what a ledger file can tell us: the fields that a column may feed, and their names in exports."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """How a cell of the field is read."""

    NUMBER = "number"
    TEXT = "text"
    EMAIL = "email"
    COUNTRY = "country"
    CHANNEL = "channel"
    CURRENCY = "currency"
    DATE = "date"
    AMOUNT = "amount"
    FLAG = "flag"
    SIDE = "side"


@dataclass(frozen=True, slots=True)
class Target:
    """One field of the ledger."""

    key: str
    title: str
    kind: Kind
    synonyms: tuple[str, ...]
    """Header names, folded: lower case, letters and digits only. The first are the most certain."""
    required: bool = False
    longest: int = 200


TARGETS: tuple[Target, ...] = (
    Target(
        "number",
        "Invoice number",
        Kind.NUMBER,
        ("invoicenumber", "invoiceno", "invoice", "invoiceid", "documentnumber", "documentno", "docno", "billnumber")
        + (
            "voucherno",
            "reference",
            "rechnungsnummer",
            "rechnungsnr",
            "belegnummer",
            "belegnr",
            "numerofacture",
            "facture",
        )
        + ("numerodefacture", "numerodefactura", "factura", "factuurnummer", "number")
        + ("nofacture", "nfacture", "nofactura", "nfactura", "factuurnr", "invno", "num", "refno", "ref", "no"),
        required=True,
        longest=64,
    ),
    Target(
        "debtor_number",
        "Customer number",
        Kind.TEXT,
        (
            "customerid",
            "customernumber",
            "customerno",
            "customercode",
            "accountnumber",
            "accountno",
            "account",
            "debtornumber",
        )
        + (
            "debtorno",
            "debtorid",
            "clientid",
            "clientnumber",
            "custid",
            "custno",
            "kundennummer",
            "kundennr",
            "debitor",
        )
        + (
            "debitorennummer",
            "numeroclient",
            "codeclient",
            "numerodecliente",
            "klantnummer",
            "debiteurnummer",
            "customer",
        )
        + ("konto", "kontonummer", "codigocliente", "codigodecliente", "codecompte", "comptetiers", "klantcode")
        + ("numclient", "ac", "acref", "accountref"),
        required=True,
        longest=64,
    ),
    Target(
        "debtor_name",
        "Customer name",
        Kind.TEXT,
        (
            "customername",
            "debtorname",
            "accountname",
            "companyname",
            "company",
            "client",
            "clientname",
            "name",
            "billto",
        )
        + ("kundenname", "kunde", "firma", "nomclient", "nombrecliente", "cliente", "klantnaam", "klant")
        + ("contactname", "partyname", "partysname", "name1", "nom", "nombre", "naam", "raisonsociale", "razonsocial")
        + ("debiteur", "tiers"),
    ),
    Target(
        "email",
        "Mail address for invoices",
        Kind.EMAIL,
        (
            "email",
            "emailaddress",
            "mail",
            "billingemail",
            "invoiceemail",
            "contactemail",
            "emailadresse",
            "courriel",
            "correo",
        ),
        longest=254,
    ),
    Target(
        "issued_on",
        "Invoice date",
        Kind.DATE,
        ("invoicedate", "issuedate", "issuedon", "documentdate", "docdate", "billdate", "postingdate", "rechnungsdatum")
        + ("belegdatum", "datefacture", "datedefacture", "fechafactura", "fechadefactura", "factuurdatum", "date")
        + ("issued", "invoiced", "datum", "fecha"),
        required=True,
    ),
    Target(
        "due_on",
        "Due date",
        Kind.DATE,
        (
            "duedate",
            "dueon",
            "due",
            "paymentdue",
            "paymentduedate",
            "netduedate",
            "maturitydate",
            "faelligkeit",
            "fallig",
        )
        + ("falligkeit", "falligkeitsdatum", "faelligkeitsdatum", "falligam", "faelligam", "zahlbarbis", "echeance")
        + ("datedecheance", "dateecheance", "vencimiento", "fechadevencimiento", "vervaldatum"),
    ),
    Target(
        "amount",
        "Invoice amount",
        Kind.AMOUNT,
        (
            "invoiceamount",
            "amount",
            "totalamount",
            "total",
            "grossamount",
            "gross",
            "invoicetotal",
            "grandtotal",
        )
        + ("documentamount", "betrag", "bruttobetrag", "brutto", "rechnungsbetrag", "montant", "montantttc", "importe")
        + ("importetotal", "bedrag", "factuurbedrag", "betragbrutto", "gesamtbetrag", "endbetrag", "rechnungssumme")
        + ("totalttc", "bedraginclbtw", "totaalbedrag", "originalamount", "openingamount", "umsatz", "value")
        + ("debit", "debitamount", "soll", "betragsoll", "sollbetrag", "montantdebit", "debe", "debet"),
        required=True,
    ),
    Target(
        "tax",
        "Tax within the amount",
        Kind.AMOUNT,
        (
            "taxamount",
            "tax",
            "vat",
            "vatamount",
            "salestax",
            "gst",
            "mwst",
            "ust",
            "steuer",
            "steuerbetrag",
            "tva",
            "iva",
            "btw",
        )
        + ("taxtotal", "ustbetrag", "mwstbetrag", "montanttva", "importeiva", "btwbedrag"),
    ),
    Target(
        "credit",
        "Credit column",
        Kind.AMOUNT,
        ("credit", "creditamount", "haben", "betraghaben", "habenbetrag", "montantcredit", "haber"),
    ),
    Target(
        "side",
        "Debit or credit",
        Kind.SIDE,
        ("sollhaben", "sollhabenkennzeichen", "shkennzeichen", "sollhabenkz", "sh", "debitcredit", "creditdebit")
        + ("drcr", "crdr", "dc", "debcred", "debehaber", "dh", "sens", "documenttype", "doctype", "transactiontype")
        + ("type", "belegart", "soort", "tipo"),
    ),
    Target(
        "open",
        "Still open",
        Kind.AMOUNT,
        ("amountdue", "invoiceamountdue", "openamount", "openbalance", "balancedue", "amountopen", "outstanding")
        + ("outstandingamount", "amountoutstanding", "remaining", "remainingamount", "pendingamount", "unpaidamount")
        + ("offen", "offenerbetrag", "betragoffen", "offenerposten", "restbetrag", "resteapayer", "resteadu")
        + ("soldedu", "montantdu", "pendiente", "importependiente", "openstaand", "openstaandbedrag", "nogtebetalen"),
    ),
    Target(
        "currency",
        "Currency",
        Kind.CURRENCY,
        (
            "currency",
            "currencycode",
            "curr",
            "ccy",
            "isocurrency",
            "wahrung",
            "waehrung",
            "devise",
            "moneda",
            "divisa",
            "valuta",
        )
        + ("documentcurrency", "transactioncurrency", "belegwahrung"),
    ),
    Target(
        "purchase_order",
        "Purchase order",
        Kind.TEXT,
        (
            "ponumber",
            "po",
            "purchaseorder",
            "purchaseordernumber",
            "orderreference",
            "customerreference",
            "yourreference",
        )
        + ("bestellnummer", "bestellnr", "numerodecommande", "commande", "pedido", "bestelnummer"),
        longest=120,
    ),
    Target(
        "discount",
        "Discount for early payment",
        Kind.AMOUNT,
        ("discountamount", "cashdiscountamount", "earlypaymentdiscount", "skontobetrag", "montantescompte")
        + ("importedescuento", "importosconto", "kortingsbedrag", "kwotaskonta"),
    ),
    Target(
        "discount_until_on",
        "Discount until",
        Kind.DATE,
        ("discountuntil", "discountdate", "discountduedate", "cashdiscountdate", "skontobis", "skontodatum")
        + ("skontofrist", "dateescompte", "fechadescuento", "scadenzasconto", "kortingsdatum", "terminskonta"),
    ),
    Target(
        "settled_on",
        "Paid on",
        Kind.DATE,
        ("settleddate", "settledon", "paiddate", "paidon", "paymentdate", "clearingdate", "cleareddate", "datepaid")
        + ("bezahltam", "ausgleichsdatum", "zahlungsdatum", "datedepaiement", "fechadepago", "betaaldatum"),
    ),
    Target(
        "paid",
        "Paid amount",
        Kind.AMOUNT,
        (
            "paidamount",
            "amountpaid",
            "paid",
            "invoiceamountpaid",
            "paymentamount",
            "received",
            "bezahlt",
            "gezahlt",
            "montantpaye",
            "pagado",
            "betaald",
        ),
    ),
    Target(
        "disputed",
        "Disputed",
        Kind.FLAG,
        ("disputed", "indispute", "dispute", "strittig", "reklamation", "litige", "endisputa", "betwist"),
    ),
    Target(
        "country",
        "Country",
        Kind.COUNTRY,
        ("country", "countrycode", "countryiso", "land", "landcode", "pays", "codepays", "pais"),
    ),
    Target(
        "groups",
        "Customer groups",
        Kind.TEXT,
        (
            "group",
            "customergroup",
            "segment",
            "region",
            "category",
            "kundengruppe",
            "gruppe",
            "groupe",
            "grupo",
            "groep",
        ),
    ),
    Target(
        "channel",
        "How invoices are sent",
        Kind.CHANNEL,
        (
            "channel",
            "deliverychannel",
            "deliverymethod",
            "paperlessbill",
            "billdelivery",
            "versandart",
            "canal",
            "kanaal",
        ),
    ),
)
BY_KEY: dict[str, Target] = {target.key: target for target in TARGETS}
