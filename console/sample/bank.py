"""What the bank of a client tells: its customers' payments as they write them, one statement since the last.

The same client and days always give the same lines. Most payers name their invoice, some damage its number, name
nothing, keep a part back, pay several at once or pay twice; some money is nobody's, and one direct debit comes back.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import cycle
from xml.sax.saxutils import escape

from console.sample import books
from console.sample.books import Sent
from console.sample.clients import SampleClient

TOLD_BEFORE = timedelta(days=10)
"""So long before the first day that is played the bank tells of payments, and the ledger does not."""
PIECE = 27
CENT = Decimal("0.01")
PLAIN, SHORT, DAMAGED, SURPLUS = "plain", "short", "damaged", "surplus"
CUT, SILENT, DISCOUNTED = "cut", "silent", "discounted"
HABITS = (PLAIN, SHORT, SURPLUS, CUT, PLAIN, SILENT, DAMAGED, DISCOUNTED, PLAIN)
"""In this order, so that a statement of a few lines holds what a person has to decide."""


@dataclass(frozen=True)
class Line:
    """One line of a statement."""

    on: date
    amount: Decimal
    party: str
    words: str
    account: str = ""


def since(first_day: date) -> date:
    """The first day of which the bank tells."""
    return first_day - TOLD_BEFORE


def statement(
    client: SampleClient, *, today: date, span: tuple[date, date], number: int, returned: str = ""
) -> tuple[str, bytes]:
    """Name and body of the statement of these days, the last of them left out: camt.053 and MT940 by turns.

    `returned` is the invoice whose direct debit comes back.
    """
    lines = sorted(_lines(client, today=today, span=span), key=lambda line: line.on)
    last = span[1] - timedelta(days=1)
    if returned:
        lines.append(_returned(client, returned, today=today, on=last))
    lines.append(Line(last, Decimal("-7.90"), "", "Kontoführung und Entgelte"))
    if number % 2:
        return f"{client.slug}-{last}.sta", _mt940(client, lines, number=number).encode()
    return f"{client.slug}-{last}.camt053.xml", _camt(client, lines, number=number).encode()


def booked_first(client: SampleClient, *, today: date, span: tuple[date, date]) -> str:
    """The number of an invoice that one line of these days pays whole and names plainly."""
    told = _told(books.payments(client, today=today, span=span))
    return next((paid.number for habit, (paid, *more) in told if habit == PLAIN and not more and paid.is_whole), "")


def _lines(client: SampleClient, *, today: date, span: tuple[date, date]) -> list[Line]:
    paid = books.payments(client, today=today, span=span)
    lines = [_together(some) if len(some) > 1 else _line(habit, some[0]) for habit, some in _told(paid)]
    middle = span[0] + (span[1] - span[0]) / 2
    lines.append(Line(middle, Decimal("3.18"), "Musterbank Berlin", "Zinsgutschrift"))
    lines.append(Line(middle, Decimal("1240.00"), "Lagerhaus Wendehals OHG", "Miete Halle 3", _account("Wendehals")))
    for payer in {each.name for each in paid[:1]}:
        lines.append(Line(middle, Decimal("500.00"), payer, f"Anzahlung Auftrag {middle:%m%d}-7781", _account(payer)))
    return lines


def _told(paid: Sequence[Sent]) -> list[tuple[str, list[Sent]]]:
    """The payments of each customer, with the habit in which a single one is made: every habit in turn."""
    by_debtor: dict[str, list[Sent]] = {}
    for each in paid:
        by_debtor.setdefault(each.debtor, []).append(each)
    alone, habits = [some for some in by_debtor.values() if len(some) == 1], cycle(HABITS)
    together = [(PLAIN, some) for some in by_debtor.values() if len(some) > 1]
    return [*((next(habits), some) for some in sorted(alone, key=lambda some: not some[0].is_whole)), *together]


def _line(habit: str, paid: Sent) -> Line:
    """One payment for one invoice, by the payer's habit."""
    number = paid.number
    plain = Line(paid.on, paid.paid, paid.name, f"Rechnung {number}", _account(paid.name))
    share = {DISCOUNTED: 3, SHORT: 11}.get(habit, 0)
    kept = (paid.paid * share / 100).quantize(CENT)
    by_habit = {
        SHORT: replace(plain, amount=paid.paid - kept, words=f"Rechnung {number} abzgl. Fehlmenge"),
        DISCOUNTED: replace(plain, amount=paid.paid - kept, words=f"{number} abzgl. 3 % Skonto"),
        SURPLUS: replace(plain, amount=paid.paid + 25, words=f"Rechnung {number} und Auslagen"),
        DAMAGED: replace(plain, words=f"RE {number.replace('0', 'O', 1).replace('-', ' ')} Vielen Dank"),
        SILENT: replace(plain, words="Zahlung lt. Rechnung"),
        CUT: replace(plain, party=paid.name[:12].upper(), words=number.rsplit("-", 1)[-1]),
    }
    return by_habit.get(habit, plain)


def _together(paid: Sequence[Sent]) -> Line:
    """One payment for several invoices of a customer, on the last of their days."""
    amount = sum((each.paid for each in paid), Decimal(0))
    words = "Sammelzahlung " + " ".join(each.number for each in paid)
    return Line(max(each.on for each in paid), amount, paid[0].name, words, _account(paid[0].name))


def _returned(client: SampleClient, number: str, *, today: date, on: date) -> Line:
    paid = next(each for each in books.payments(client, today=today) if each.number == number)
    return Line(on, -paid.paid, paid.name, f"Ruecklastschrift Rechnung {number} mangels Deckung", _account(paid.name))


def _account(payer: str) -> str:
    """An account that is no bank's."""
    return f"DE00{int(hashlib.sha256(payer.encode()).hexdigest(), 16) % 10**18:018}"


def _camt(client: SampleClient, lines: Sequence[Line], *, number: int) -> str:
    account = client.profile["iban"]
    entries = "".join(_entry(client, line) for line in lines)
    made = f"{lines[-1].on + timedelta(days=1)}T05:30:00"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>S{number:05}</MsgId><CreDtTm>{made}</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S{number:05}</Id><CreDtTm>{made}</CreDtTm><Acct><Id><IBAN>{account}</IBAN></Id></Acct>"
        f"{entries}</Stmt></BkToCstmrStmt></Document>\n"
    )


def _entry(client: SampleClient, line: Line) -> str:
    came = line.amount > 0
    side, role = ("CRDT", "Dbtr") if came else ("DBIT", "Cdtr")
    payer = f"<{role}><Pty><Nm>{escape(line.party)}</Nm></Pty></{role}>" if line.party else ""
    if line.account:
        payer += f"<{role}Acct><Id><IBAN>{line.account}</IBAN></Id></{role}Acct>"
    party = f"<RltdPties>{payer}</RltdPties>" if payer else ""
    return (
        f'<Ntry><Amt Ccy="{client.currency}">{abs(line.amount)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{line.on}</Dt></BookgDt><ValDt><Dt>{line.on}</Dt></ValDt>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>NOTPROVIDED</EndToEndId></Refs>{party}"
        f"<RmtInf><Ustrd>{escape(line.words)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>\n"
    )


def _mt940(client: SampleClient, lines: Sequence[Line], *, number: int) -> str:
    opening = Decimal("48211.07")
    closing = opening + sum((line.amount for line in lines), Decimal(0))
    parts = [
        f":20:S{number:05}",
        f":25:{client.profile['iban']}",
        f":28C:{number:05}/001",
        f":60F:C{lines[0].on:%y%m%d}{client.currency}{_comma(opening)}",
    ]
    for line in lines:
        side = "C" if line.amount > 0 else "D"
        parts.append(f":61:{line.on:%y%m%d}{line.on:%m%d}{side}{_comma(abs(line.amount))}NMSCNONREF")
        parts.append(f":86:166?00{'GUTSCHRIFT' if line.amount > 0 else 'LASTSCHRIFT'}{_details(line)}")
    parts.append(f":62F:C{lines[-1].on:%y%m%d}{client.currency}{_comma(closing)}")
    return "\r\n".join([*parts, "-", ""])


def _details(line: Line) -> str:
    """Words and name, cut as SWIFT wants them."""
    words = f"SVWZ+{line.words}"
    told = "".join(f"?{20 + at}{words[at * PIECE : (at + 1) * PIECE]}" for at in range(-(-len(words) // PIECE)))
    account = f"?31{line.account}" if line.account else ""
    names = "".join(
        f"?{32 + at}{line.party[at * PIECE : (at + 1) * PIECE]}" for at in range(2) if line.party[at * PIECE :]
    )
    return f"{told}{account}{names}"


def _comma(amount: Decimal) -> str:
    return str(amount.quantize(CENT)).replace(".", ",")
