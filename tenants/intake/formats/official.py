"""Decides which invoices the official rules of EN 16931 bind, and tells what the rules say in the sender's own places.

Bound is whoever claims the standard or a narrowing of it. An extension may break its rules, and the two smallest
profiles of Factur-X hold too little to be judged. Most lists of codes change twice a year, and a binding of the syntax
moves no money: what these say is told, and the debt is taken. Type, currency, country and VAT must be on their lists.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from lxml import etree

from tenants.intake.formats.bill import Bill, Breach
from tenants.intake.ports import BillRules, Fault

MOST = 20
MOST_LINES = 2_000
"""Above it the stylesheet would be at work for minutes; the arithmetic has looked at every line."""
_CLAIM = re.compile(r"urn:cen\.eu:en16931:2017")
_EXTENSION = re.compile(r"conformant|extended")
_RULE = re.compile(r"BR-(?!CL-|DE-|FR-|NL-|HYBRID-|FX-)[A-Z0-9-]+|BR-CL-(?:01|03|04|14|15|16|17|18)")
_SILENT = "FX-"
"""The sheet of Factur-X also asks whether an invoice is one of its own; those of others need not be."""
_STEP = re.compile(r"/\*:(?P<name>[\w.-]+)\[namespace-uri\(\)='[^']*'\](?:\[(?P<at>\d+)\])?")
_NAMED = re.compile(r"^\s*\[[\w -]+\]\s*-?\s*")


def binds(bill: Bill) -> bool:
    """Whether the invoice claims the standard itself."""
    claimed = bill.profile.casefold()
    return bool(_CLAIM.search(claimed)) and not _EXTENSION.search(claimed) and not bill.without_lines


def judge(bill: Bill, *, data: bytes, rules: BillRules) -> None:
    """Write down what the official rules say against an invoice that they bind."""
    if len(bill.lines) > MOST_LINES:
        bill.remarks.append(f"It has more than {MOST_LINES:,} lines: the official rules were not asked about each.")
        return
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        tree = etree.fromstring(data.lstrip(b"\xef\xbb\xbf \t\r\n"), parser)
    except etree.XMLSyntaxError as fault:
        bill.official = [Breach("schema", "/", fault.lineno or 1, "", f"The XML is not well-formed: {fault.msg}.")]
        return
    for node in tree.iter("{*}EmbeddedDocumentBinaryObject", "{*}AttachmentBinaryObject"):
        node.text = "QQ=="
    found = rules.judge(etree.tostring(tree, encoding="utf-8"), syntax="ubl" if bill.format == "ubl" else "cii")
    bill.official = list(islice(_breaches(found, tree), MOST))
    others = {each.rule for each in found if not _RULE.fullmatch(each.rule) and not each.rule.startswith(_SILENT)}
    if others:
        bill.remarks.append(f"Lists of codes and bindings of the syntax are not kept: {', '.join(sorted(others)[:5])}.")


def _breaches(found: Sequence[Fault], tree: etree._Element) -> Iterator[Breach]:
    for each in found:
        if _RULE.fullmatch(each.rule):
            path, node = _place(each.location, tree)
            text = " ".join((node.text or "").split()) if node is not None else ""
            line = node.sourceline if node is not None else 1
            yield Breach(each.rule, path, int(line or 1), text, _NAMED.sub("", each.words))


def _place(location: str, tree: etree._Element) -> tuple[str, etree._Element | None]:
    """The path as people write it, and the element there."""
    steps = [(step["name"], int(step["at"] or 1)) for step in _STEP.finditer(location)]
    if not steps:
        return location[:300] or "/", None
    path = "".join(f"/{name}[{at}]" if at > 1 else f"/{name}" for name, at in steps)
    asked = "".join(f"/*[local-name()='{name}'][{at}]" for name, at in steps)
    nodes = tree.getroottree().xpath(asked)
    return path, nodes[0] if isinstance(nodes, list) and nodes else None
