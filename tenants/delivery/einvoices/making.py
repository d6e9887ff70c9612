"""Decides how an invoice of the ledger becomes a bill of EN 16931: whose words fill which term, and when it cannot.

A ledger that came as totals only still gives a lawful document when its tax is one clean rate of its net; otherwise it
is refused rather than guessed.
"""

from datetime import date
from decimal import Decimal

from tenants.delivery.einvoices.bill import CREDIT_NOTE, INVOICE, Bill, NotStructured, Party, Row
from tenants.delivery.facts import Item, Line, Reader
from tenants.directory.clients import Profile
from tenants.values.money import Money

# Electronic address schemes that are a country's VAT number.
VAT_SCHEMES = {
    "AT": "9914", "BE": "9925", "BG": "9926", "CH": "9927", "CY": "9928", "CZ": "9929", "DE": "9930", "EE": "9931",
    "ES": "9920", "FR": "9957", "GB": "9932", "GR": "9933", "HR": "9934", "HU": "9910", "IE": "9935", "IT": "0211",
    "LT": "9937", "LU": "9938", "LV": "9939", "MT": "9943", "NL": "9944", "PL": "9945", "PT": "9946", "RO": "9947",
    "SE": "9955", "SI": "9949", "SK": "9950",
}  # fmt: skip
WHOLE = "Goods and services as agreed"
FINEST_RATE = Decimal("0.01")


def of_invoice(item: Item, *, creditor: Profile, reader: Reader, endpoint: str = "", buyer_reference: str = "") -> Bill:
    """The bill of one invoice. `endpoint` is the customer's electronic address as scheme:id. Raises NotStructured."""
    rows = tuple(_row(line, item.currency) for line in item.lines) or (_whole(item),)
    return Bill(
        kind=INVOICE,
        number=item.number,
        issued_on=item.issued_on,
        due_on=item.due_on,
        currency=item.currency,
        seller=_seller(creditor),
        buyer=_buyer(reader, endpoint),
        rows=rows,
        tax=Money(item.tax_minor, item.currency),
        total=item.amount,
        # Peppol asks for one of the two; a customer who gave neither is told its own number.
        buyer_reference=buyer_reference or ("" if item.purchase_order else reader.debtor_number),
        order=item.purchase_order,
        iban=creditor.iban,
        bic=creditor.bic,
        terms=creditor.terms,
    ).checked()


def credit_of(bill: Bill, *, number: str, issued_on: date, amount: Money, reason: str) -> Bill:
    """The credit note of a bill with one tax rate: net and tax in the bill's own proportion. Raises NotStructured."""
    rates = {row.tax_rate for row in bill.rows}
    if len(rates) != 1:
        raise NotStructured(f"Invoice {bill.number} has several tax rates, and the credit note does not say which.")
    (rate,) = rates
    net = _net_of(amount, rate)
    row = Row(reason or f"Credit for invoice {bill.number}", Decimal(1), net, net, rate)
    return Bill(
        kind=CREDIT_NOTE,
        number=number,
        issued_on=issued_on,
        due_on=None,
        currency=bill.currency,
        seller=bill.seller,
        buyer=bill.buyer,
        rows=(row,),
        tax=amount - net,
        total=amount,
        buyer_reference=bill.buyer_reference,
        order=bill.order,
        precedes=bill.number,
    ).checked()


def _seller(creditor: Profile) -> Party:
    number = _compact(creditor.tax_number)
    scheme = VAT_SCHEMES.get(creditor.country)
    return Party(
        creditor.legal_name,
        creditor.country,
        tuple(line.strip() for line in creditor.address.splitlines() if line.strip()),
        number,
        (scheme, number) if scheme and number else None,
    )


def _buyer(reader: Reader, endpoint: str) -> Party:
    scheme, _, address = endpoint.partition(":")
    place = (scheme, address) if scheme and address else None
    return Party(reader.debtor_name, reader.country, endpoint=place, reference=reader.debtor_number)


def _row(line: Line, currency: str) -> Row:
    """The standard wants prices that are not negative, so what is taken back is a negative quantity."""
    turned = -1 if line.unit_price_minor < 0 else 1
    return Row(
        line.description or WHOLE,
        line.quantity * turned,
        Money(line.unit_price_minor * turned, currency),
        Money(line.net_minor, currency),
        line.tax_rate,
    )


def _whole(item: Item) -> Row:
    net = Money(item.amount_minor - item.tax_minor, item.currency)
    if net.minor <= 0 and item.tax_minor:
        raise NotStructured(f"Invoice {item.number} has more tax than amount.")
    exact = Decimal(item.tax_minor) * 100 / net.minor if item.tax_minor else Decimal(0)
    for rate in (exact.quantize(Decimal(1)), exact.quantize(Decimal("0.1")), exact.quantize(FINEST_RATE)):
        if int((net.minor * rate / 100).to_integral_value(rounding="ROUND_HALF_UP")) == item.tax_minor:
            return Row(WHOLE, Decimal(1), net, net, rate)
    raise NotStructured(f"The tax of invoice {item.number} is no rate of its net, and its lines are not known.")


def _net_of(amount: Money, rate: Decimal) -> Money:
    """The net whose tax at the rate makes the amount, as near as cents allow."""
    minor = (Decimal(amount.minor) * 100 / (100 + rate)).to_integral_value(rounding="ROUND_HALF_UP")
    return Money(int(minor), amount.currency)


def _compact(number: str) -> str:
    return "".join(number.split()).upper()
