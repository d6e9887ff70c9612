"""Decides what a file is by what stands in it, never by its name: a table, an invoice, a bank statement, an advice of
payment, or a notice.

A notice (reminder, response) is recognised and told about; it moves nothing in the ledger.
"""

from dataclasses import dataclass, field
from typing import BinaryIO

from tenants.intake.formats import advice, bai2, camt, cii, mt940, official, ofx, pdf_file, schemas, ubl, xml_tree
from tenants.intake.formats.advice import Advice
from tenants.intake.formats.bill import Bill
from tenants.intake.formats.statement import Statement
from tenants.intake.formats.text import FileRefused
from tenants.intake.formats.xml_tree import Node
from tenants.intake.ports import BillRules

_HEAD = 4096
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_NOTICES = {
    "Reminder": ("reminder", "LegalMonetaryTotal/PayableAmount", "ReminderLine"),
    "ApplicationResponse": ("response", "", "DocumentResponse"),
}
_MEANT = {"AB": "received", "IP": "in process", "UQ": "under query", "CA": "accepted with changes"} | {
    "RE": "rejected", "AP": "accepted", "PD": "paid"
}  # fmt: skip


class Unjudged(Exception):
    """The invoice is bound by rules that this process does not have; another one will look at it."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A paper that says something about debts and makes none."""

    format: str
    sentence: str
    stated: dict[str, str] = field(default_factory=dict)


Paper = Bill | Statement | Advice | Notice


def read(file: BinaryIO, *, rules: BillRules | None = None) -> Paper | None:
    """What the file is; None for a table. Raises FileRefused, and Unjudged for an invoice whose rules are away."""
    file.seek(0)
    head = file.read(_HEAD)
    bare = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare.startswith(b"%PDF"):
        name, data = pdf_file.embedded_xml(file)
        paper = _shaped(_of_tree(_parsed(data, inside=name)), data, rules)
        if isinstance(paper, Bill):
            paper.format = "factur-x"
        return paper
    told = head.decode("latin-1")
    if ofx.looks_like(told):
        return ofx.read(_text(file))
    if bare.startswith(b"<") and not bare[:9].lower().startswith((b"<html", b"<!doctype html"[:9])):
        return _of_xml(_bytes(file), rules)
    if head[:4] in (b"\xff\xfe<\x00", b"\xfe\xff\x00<"):
        return _of_xml(_bytes(file), rules)
    if bai2.looks_like(told):
        return bai2.read(_text(file))
    return mt940.read(_text(file)) if mt940.looks_like(told) else None


def _of_xml(data: bytes, rules: BillRules | None) -> Paper:
    return _shaped(_of_tree(xml_tree.parse(data)), data, rules)


def _shaped(paper: Paper, data: bytes, rules: BillRules | None) -> Paper:
    if isinstance(paper, Bill):
        paper.misshapen = schemas.breaches(paper, data=data)
        if official.binds(paper):
            if rules is None:
                raise Unjudged
            official.judge(paper, data=data, rules=rules)
    return paper


def _parsed(data: bytes, *, inside: str) -> Node:
    try:
        return xml_tree.parse(data)
    except FileRefused as refused:
        raise FileRefused(f"In “{inside}”, which the PDF carries: {refused.detail}", remedy=refused.remedy) from refused


def _of_tree(root: Node) -> Paper:
    if root.space in ubl.SPACES:
        return ubl.read(root)
    if root.space == cii.SPACE:
        return cii.read(root)
    if camt.SPACE.fullmatch(root.space):
        return camt.read(root)
    if root.space.startswith(_UBL) and root.name == "RemittanceAdvice":
        return advice.read(root)
    if root.space.startswith(_UBL) and root.name in _NOTICES:
        return _notice(root)
    if root.name == "testSet":
        raise FileRefused(
            "This is a set of tests for a validator (testSet), not an invoice.",
            remedy="Send the invoice itself.",
        )
    raise FileRefused(
        f"Line {root.line:,}: this is XML of a format that we do not read (“{root.name[:60]}”).",
        remedy="Send an invoice as UBL 2.1 or CII, a bank statement as camt.053, or a table.",
    )


def _notice(root: Node) -> Notice:
    """What it says about itself; a response also says what became of the document that it answers."""
    name, total, lines = _NOTICES[root.name]
    node = root.at(total) if total else None
    stated = {
        "number": root.say("ID"),
        "issued_on": root.say("IssueDate"),
        "lines": str(sum(1 for _ in root.all(lines))),
    }
    if node is not None:
        stated |= {"amount": node.text, "currency": node.attributes.get("currencyID", "")}
    worth = f" over {node.text} {stated['currency']}" if node is not None else ""
    parts = [f"This is a {name} with the number {stated['number']}{worth}"]
    code = root.say("DocumentResponse/Response/ResponseCode")
    if code:
        stated["code"] = code
        stated["about"] = root.say("DocumentResponse/DocumentReference/ID")
        parts.append(f"which says that {stated['about'] or 'a document'} is {_MEANT.get(code, code)}")
    return Notice(f"ubl-{name.replace(' ', '-')}", f"{', '.join(parts)}. It moves nothing in the ledger.", stated)


def _bytes(file: BinaryIO) -> bytes:
    file.seek(0)
    data = file.read(xml_tree.LARGEST + 1)
    if len(data) > xml_tree.LARGEST:
        raise FileRefused(f"The file has more than {xml_tree.LARGEST >> 20} MB.", remedy="Send it in several parts.")
    return data


def _text(file: BinaryIO) -> str:
    """The text of a statement; banks write UTF-8, or one byte per sign."""
    data = _bytes(file)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")
