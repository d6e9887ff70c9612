"""Decides what the ISO 20022 bank reports say: camt.052 (intraday), camt.053 (statement), camt.054 (notification).

Only booked entries count; a pending one may still vanish. An entry that collects several payments is cut into them when
their amounts add up to it, for each has its own remitter and reference.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused
from tenants.intake.formats.xml_tree import Node

SPACE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:(camt\.05[234])\.\d{3}\.\d{2}")
_PARTS = {"BkToCstmrAcctRpt": "Rpt", "BkToCstmrStmt": "Stmt", "BkToCstmrDbtCdtNtfctn": "Ntfctn"}
_NO_REFERENCE = ("NOTPROVIDED", "NONREF")


def read(root: Node) -> Statement:
    """The booked lines of all statements in the file. Raises StatementRefused."""
    found = SPACE.fullmatch(root.space)
    said = Statement(found[1] if found else "camt")
    parts = [part for holder, name in _PARTS.items() for body in root.all(holder) for part in body.all(name)]
    if not parts:
        raise StatementRefused(f"Line {root.line:,}, {root.path}: rule schema: there is no statement in it.")
    pending = 0
    for part in parts:
        account = part.say("Acct/Id/IBAN", "Acct/Id/Othr/Id")
        if not account:
            raise StatementRefused(f"Line {part.line:,}, {part.path}/Acct: rule schema: the account is missing.")
        said.accounts.append(account)
        for node in part.all("Ntry"):
            if node.say("Sts/Cd", "Sts") in ("PDNG", "INFO", "FUTR"):
                pending += 1
                continue
            said.entries += _entries(node, account, created=part.say("CreDtTm"))
    if pending:
        said.notes.append(f"{pending:,} pending lines were left out; they come again once they are booked.")
    return said


def _entries(node: Node, account: str, *, created: str) -> list[Entry]:
    """One line, or one for each payment that was collected in it."""
    whole = _entry(node, account, created=created)
    details = list(node.all("NtryDtls/TxDtls"))
    if len(details) == 1:
        return [_told(whole, details[0])]
    cut = []
    for detail in details:
        worth = detail.at("Amt") or detail.at("AmtDtls/TxAmt/Amt")
        if worth is None or worth.attributes.get("Ccy", whole.currency) != whole.currency:
            return [_together(whole, details)]
        sign = -1 if detail.say("CdtDbtInd") == "DBIT" or (whole.amount < 0 and not detail.say("CdtDbtInd")) else 1
        cut.append(replace(_told(whole, detail), amount=sign * _amount(worth), at=detail.line))
    return cut if cut and sum(each.amount for each in cut) == whole.amount else [_together(whole, details)]


def _together(whole: Entry, details: list[Node]) -> Entry:
    """One line that keeps what its payments say, where they do not add up to it: charges were taken off, or it is
    another currency."""
    told = [_told(whole, detail) for detail in details]
    words = dict.fromkeys(text for each in told for text in (each.words, each.reference) if text)
    return replace(whole, words=" ".join(words) or whole.words)


def _entry(node: Node, account: str, *, created: str) -> Entry:
    worth = node.at("Amt")
    direction = node.say("CdtDbtInd")
    if worth is None or direction not in ("CRDT", "DBIT"):
        missing = "Amt" if worth is None else "CdtDbtInd"
        raise StatementRefused(f"Line {node.line:,}, {node.path}/{missing}: rule schema: it is missing.")
    booked = (
        _day(node, "BookgDt") or _day(node, "ValDt") or (statement.day(created, where=node.path) if created else None)
    )
    if booked is None:
        raise StatementRefused(f"Line {node.line:,}, {node.path}/BookgDt: rule schema: the booking date is missing.")
    return Entry(
        at=node.line,
        account=account,
        currency=worth.attributes.get("Ccy", ""),
        amount=_amount(worth) * (1 if direction == "CRDT" else -1),
        booked_on=booked,
        valued_on=_day(node, "ValDt") or booked,
        words=node.say("AddtlNtryInf"),
        reference="",
        bank_ref=node.say("AcctSvcrRef", "NtryRef"),
    )


def _told(whole: Entry, detail: Node) -> Entry:
    """The line with what one payment says of itself."""
    side = "Dbtr" if whole.amount >= 0 else "Cdtr"
    words = " ".join(piece for piece in _words(detail) if piece)
    end_to_end = detail.say("Refs/EndToEndId")
    return replace(
        whole,
        party=detail.say(f"RltdPties/{side}/Nm", f"RltdPties/{side}/Pty/Nm", f"RltdPties/Ultmt{side}/Nm"),
        party_account=detail.say(f"RltdPties/{side}Acct/Id/IBAN", f"RltdPties/{side}Acct/Id/Othr/Id"),
        words=words or whole.words,
        reference=detail.say("RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/RfrdDocInf/Nb")
        or ("" if end_to_end in _NO_REFERENCE else end_to_end),
        bank_ref=detail.say("Refs/AcctSvcrRef", "Refs/TxId") or whole.bank_ref,
    )


def _words(detail: Node) -> Iterator[str]:
    for each in detail.all("RmtInf/Ustrd"):
        yield each.text
    for each in detail.all("RmtInf/Strd"):
        yield each.say("AddtlRmtInf")
        yield each.say("RfrdDocInf/Nb")


def _amount(node: Node) -> Decimal:
    return statement.amount(node.text, where=f"Line {node.line:,}, {node.path}")


def _day(node: Node, name: str) -> date | None:
    text = node.say(f"{name}/Dt", f"{name}/DtTm")
    return statement.day(text, where=f"Line {node.line:,}, {node.path}/{name}") if text else None
