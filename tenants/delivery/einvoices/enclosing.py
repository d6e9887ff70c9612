"""Decides what travels for a customer who wants structured invoices, and that nothing travels which the official rules
refuse."""

from dataclasses import replace

from tenants.delivery.einvoices import cii, hybrid, making, ubl
from tenants.delivery.einvoices.bill import NotStructured
from tenants.delivery.facts import Outgoing
from tenants.delivery.letters import Enclosure
from tenants.delivery.ports import BillRules

XML = "application/xml"
SHOWN = 3


def enclose(mail: Outgoing, printed: Enclosure, *, rules: BillRules | None) -> tuple[Enclosure, ...]:
    """The printed invoice, with its data inside or beside it as the customer wants. Raises NotStructured, with the
    first rules that speak against it."""
    wish = mail.wish
    if wish is None or rules is None or printed.kind != "invoice":
        return (printed,)
    bill = making.of_invoice(
        mail.items[0],
        creditor=mail.creditor,
        reader=mail.reader,
        endpoint=wish.endpoint,
        buyer_reference=wish.buyer_reference,
    )
    if wish.format == "hybrid":
        document = cii.write(bill)
        _refuse(rules.faults(document, syntax="cii"), mail)
        body = hybrid.embed(printed.body, document=document, language=mail.reader.language)
        return (replace(printed, version=f"h{printed.version[1:]}", body=body),)
    document = ubl.write(bill)
    _refuse(rules.faults(document, syntax="ubl"), mail)
    beside = replace(printed, version=f"u{printed.version[1:]}", body=document, kind="einvoice", media_type=XML)
    return (printed, beside)


def _refuse(faults: list[str], mail: Outgoing) -> None:
    if faults:
        raise NotStructured(f"Invoice {mail.items[0].number} is no valid e-invoice: {' '.join(faults[:SHOWN])}")
