"""Decides what OFX says, as SGML (1.x) where values are not closed and as XML (2.x) alike: bank and card accounts."""

import re
from html import unescape

from tenants.intake.formats import statement
from tenants.intake.formats.statement import Entry, Statement, StatementRefused

_TOKEN = re.compile(
    r"<(/?)([A-Za-z][A-Za-z0-9._]*)\s*>\s*(?:<!\[CDATA\[((?:(?!\]\]>).){0,4000})\]\]>|([^<]*))", re.DOTALL
)
_ACCOUNTS = ("STMTRS", "CCSTMTRS")
_START = re.compile(r"<OFX\s*>", re.IGNORECASE)


def looks_like(head: str) -> bool:
    """Whether the text is OFX."""
    return bool(_START.search(head)) or head.lstrip().startswith("OFXHEADER:")


def read(text: str) -> Statement:
    """The lines of all accounts. Raises StatementRefused."""
    start = _START.search(text)
    if start is None:
        raise StatementRefused("Line 1: rule OFX: the header is followed by nothing.")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise StatementRefused("Line 1: the file declares a document type (DOCTYPE), which is not allowed.")
    return _Reader(text).read(start.start())


class _Reader:
    """One pass over the tags, remembering what is open."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._said = Statement("ofx")
        self._account = self._currency = ""
        self._row: dict[str, str] | None = None
        self._row_at = 0
        self._status: dict[str, str] = {}
        self._counted = (0, 1)

    def read(self, start: int) -> Statement:
        seen_account = False
        for token in _TOKEN.finditer(self._text, start):
            closing, name = token[1], token[2].upper()
            value = unescape((token[3] if token[3] is not None else token[4]).strip())
            if closing:
                self._close(name, token.start())
                continue
            seen_account = seen_account or name in _ACCOUNTS
            self._open(name, value, token.start())
        if not seen_account:
            raise StatementRefused("Line 1: rule OFX: there is no account statement in the file.")
        return self._said

    def _line(self, position: int) -> int:
        """The line of the file; counted on from where it was asked last, for a file is read once."""
        at, line = self._counted
        line += self._text.count("\n", at, position)
        self._counted = (position, line)
        return line

    def _open(self, name: str, value: str, position: int) -> None:
        if name == "STMTTRN":
            self._row, self._row_at = {}, self._line(position)
        elif self._row is not None:
            self._row.setdefault(name, value)
        elif name == "STATUS":
            self._status = {}
        elif name in ("CODE", "SEVERITY", "MESSAGE"):
            self._status[name] = value
        elif name == "CURDEF":
            self._currency = value
        elif name == "ACCTID":
            self._account = value
            self._said.accounts.append(value)

    def _close(self, name: str, position: int) -> None:
        if name == "STATUS" and self._status.get("SEVERITY") == "ERROR":
            told = self._status.get("MESSAGE") or "it gives no reason"
            code = self._status.get("CODE", "")
            raise StatementRefused(f"Line {self._line(position):,}: the bank answered with error {code}: {told[:200]}.")
        if name == "STMTTRN" and self._row is not None:
            self._said.entries.append(self._entry(self._row))
            self._row = None

    def _entry(self, row: dict[str, str]) -> Entry:
        where = f"Line {self._row_at:,}, STMTTRN"
        for needed in ("DTPOSTED", "TRNAMT"):
            if not row.get(needed):
                raise StatementRefused(f"{where}/{needed}: rule OFX: it is missing.")
        words = [row.get("NAME", ""), row.get("MEMO", "")]
        said = words[1] if words[1].startswith(words[0].strip()) else " ".join(words)
        booked = statement.day(row["DTPOSTED"][:8], where=f"{where}/DTPOSTED")
        return Entry(
            at=self._row_at,
            account=self._account,
            # What stands beside the original currency has been converted to the account's already.
            currency=("" if "ORIGCURRENCY" in row else row.get("CURSYM")) or self._currency,
            amount=statement.amount(row["TRNAMT"], where=f"{where}/TRNAMT"),
            booked_on=booked,
            valued_on=booked,
            party=" ".join(row.get("NAME", "").split()),
            words=" ".join(said.split()),
            reference=row.get("REFNUM", ""),
            bank_ref=row.get("FITID", ""),
            party_account=row.get("ACCTID", ""),
        )
